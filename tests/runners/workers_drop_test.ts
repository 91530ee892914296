import { assertEquals } from "@std/assert";
import { join } from "@std/path/join";
import { WorkersRunner } from "@labtech/lab/runners";
import type { RunEvent } from "../../progress/events.ts";
import { Leaf } from "../e2e/tasks/numbers.ts";
import { Gated } from "./_bullmq_tasks.ts";

Deno.test("workers: a job that is given back before it has what it needs does not begin", async () => {
  await using runner = new WorkersRunner();
  const events: RunEvent[] = [];
  const setting = { storage: null, maxWorkers: 1, context: {}, plugins: [], sources: [] };
  await using session = await runner.open({
    ...setting,
    signal: new AbortController().signal,
    labelOf: () => undefined,
    report: (event) => events.push(event),
  }, [Leaf]);
  const run = (n: number) => {
    const [place, uses] = [{ key: `Leaf-${n}`, cache: null }, { wanted: true, shared: false }];
    return session.run({ task: Leaf({ n }), dependencies: [], ...place, ...uses });
  };
  const early = run(1);
  session.drop();
  assertEquals(await early, { kind: "dropped" });
  assertEquals((await run(2)).kind, "done", "it takes others all the same");
  assertEquals(events.filter(({ kind }) => kind === "started").length, 1);
});

Deno.test("workers: a job that is stopped while it waits behind another takes nothing from that", async () => {
  const dir = await Deno.makeTempDir();
  const [notes, gate] = [join(dir, "notes"), join(dir, "gate")];
  try {
    await using runner = new WorkersRunner();
    await using session = await runner.open({
      ...{ storage: null, maxWorkers: 1, context: {}, plugins: [], sources: [] },
      ...{ labelOf: () => undefined, report: () => {}, signal: new AbortController().signal },
    }, [Gated]);
    const run = (n: number, signal?: AbortSignal) => {
      const [place, uses] = [{ key: `Gated-${n}`, cache: null }, { wanted: true, shared: false }];
      const task = Gated({ n, notes, gate });
      return session.run({ task, dependencies: [], ...place, ...uses, signal });
    };
    const first = run(1);
    const noted = () => Deno.readTextFile(notes).catch(() => "");
    while (await noted() === "") await new Promise((resolve) => setTimeout(resolve, 20));
    const stop = new AbortController();
    const second = run(2, stop.signal);
    await new Promise((resolve) => setTimeout(resolve, 50));
    stop.abort(new Error("not this one"));
    const { kind } = await second;
    await Deno.writeTextFile(gate, "");
    const outcome = await first;
    assertEquals([kind, outcome.kind], ["failed", "done"]);
    assertEquals(await noted(), "begin 1\nend 1\n");
    assertEquals((await run(3)).kind, "done", "it takes others all the same");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
