import { assertEquals, assertRejects } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { collectGarbage } from "@labtech/lab/maintenance";
import { outdatedEntries } from "../../provenance/outdated.ts";
import { LocalStorage, MemoryStorage, SqliteStorage } from "../../storages/mod.ts";
import { scratch } from "../storages/_scratch.ts";

const Part = task(import.meta, {
  name: "OutdatedPart",
  codeVersion: "v1",
  run: ({ n }: { n: number }) => n,
});
const Whole = task(import.meta, {
  name: "OutdatedWhole",
  run: ({ of }: { of: ReturnType<typeof Part> }) => of.result,
});

Deno.test("entries are outdated by their own code version and by nested ones, and gc removes just those", async () => {
  await using place = await scratch();
  for (
    const storage of [
      new MemoryStorage(),
      new LocalStorage(`${place.dir}/local`),
      new SqliteStorage(`${place.dir}/results.sqlite`),
    ]
  ) {
    await using held = storage;
    await using lab = new Lab({ storage: held, runner: "serial", progress: false, records: false });
    const whole = Whole({ of: Part({ n: 1 }) });
    await lab.runTasks([whole, Part({ n: 1 })]);
    assertEquals((await outdatedEntries(held, [Part, Whole])).entries, []);
    assertEquals(
      (await outdatedEntries(held, [{ taskName: "Other", codeVersion: "v9" }])).entries,
      [],
    );

    const found = await outdatedEntries(held, [Whole, {
      taskName: "OutdatedPart",
      codeVersion: "v2",
    }]);
    const because = [{ taskName: "OutdatedPart", stored: "v1", current: "v2" }];
    assertEquals(
      found.entries.map(({ taskName, because }) => ({ taskName, because }))
        .sort((a, b) => a.taskName < b.taskName ? -1 : 1),
      [{ taskName: "OutdatedPart", because }, { taskName: "OutdatedWhole", because }],
    );
    const plan = await collectGarbage(held, { stale: found.types });
    assertEquals(
      plan.entries.map(({ key }) => key).sort(),
      found.entries.map(({ key }) => key).sort(),
    );
    assertEquals([plan.bytes, plan.duration], [found.bytes, found.duration]);

    const own = await outdatedEntries(held, [{ taskName: "OutdatedWhole", codeVersion: "v1" }]);
    assertEquals(own.entries.map(({ key }) => key), [await lab.keyOf(whole)]);
    assertEquals(own.entries[0]!.because, [
      { taskName: "OutdatedWhole", stored: undefined, current: "v1" },
    ]);
  }
});

Deno.test("a search for what is outdated ends with its signal", async () => {
  const reason = new Error("enough");
  const found = outdatedEntries(new MemoryStorage(), [], { signal: AbortSignal.abort(reason) });
  assertEquals(await assertRejects(() => found), reason);
});
