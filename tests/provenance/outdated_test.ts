import { assert, assertEquals, assertRejects } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { collectGarbage } from "@labtech/lab/maintenance";
import { outdatedEntries } from "../../provenance/outdated.ts";
import { LocalStorage, MemoryStorage, SqliteStorage } from "../../storages/mod.ts";
import { Random } from "../faults/_random.ts";
import { filesOf, put } from "../_signed_entries.ts";
import { scratch } from "../storages/_scratch.ts";
import { graph, types } from "./_grown.ts";

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

Deno.test("what is outdated is what gc removes as stale, whatever versions and types are given", async () => {
  const random = new Random(11);
  const version = () => ["v1", "v2", undefined][random.below(3)];
  let [outdated, removed] = [0, 0];
  for (let round = 0; round < 25; round++) {
    const storage = new MemoryStorage();
    await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
    for (let each = 0; each < 4; each++) {
      await lab.runTasks(
        graph(types({ Leaf: version(), Mid: version(), Top: version() }), random),
      );
    }
    const names = ["GrownLeaf", "GrownMid", "GrownTop", "Other"];
    const now = random.pick(names, random.below(5))
      .map((taskName) => ({ taskName, codeVersion: version() }));
    const found = await outdatedEntries(storage, now);
    const plan = await collectGarbage(storage, { stale: now });
    const keys = found.entries.map(({ key }) => key).sort();
    assertEquals(plan.entries.map(({ key }) => key).sort(), keys);
    outdated += keys.length;
    removed += (await plan.carryOut()).entries;
    assertEquals((await outdatedEntries(storage, now)).entries, []);
  }
  assertEquals(removed, outdated);
  assert(outdated > 100, `only ${outdated} were outdated`);
});

Deno.test("an entry whose nested tasks are not all there is passed over, and breaks nothing", async () => {
  const storage = new MemoryStorage();
  await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
  const whole = Whole({ of: Part({ n: 1 }) });
  await lab.runTasks([whole]);
  const key = await lab.keyOf(whole);
  const files = await filesOf(storage, key);
  const metadata = JSON.parse(new TextDecoder().decode(files.get("metadata.json")));
  delete metadata.task.tasks[Part({ n: 1 }).id];
  files.set("metadata.json", new TextEncoder().encode(JSON.stringify(metadata)));
  await put(storage, key, files);
  const now = [{ taskName: "OutdatedPart", codeVersion: "v2" }];
  const found = await outdatedEntries(storage, now);
  assertEquals([found.entries.length, found.passedOver], [1, 1]);
  const plan = await collectGarbage(storage, { stale: now });
  assertEquals([plan.entries.length, plan.passedOver], [1, 1]);
});
