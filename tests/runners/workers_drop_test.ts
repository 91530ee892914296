import { assertEquals } from "@std/assert";
import { join } from "@std/path/join";
import { type Outcome, ProcessesRunner, WorkersRunner } from "@labtech/lab/runners";
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

const granted = Deno.permissions.querySync({ name: "run" }).state === "granted";

/** Plays with a session of one worker, of threads and of processes. */
function test(
  name: string,
  play: (
    run: (task: { readonly n: number; readonly gate?: string }, signal?: AbortSignal) => Promise<
      Outcome
    >,
    scene: { readonly gate: string; readonly noted: () => Promise<string> },
  ) => Promise<void>,
): void {
  for (const make of [() => new WorkersRunner(), () => new ProcessesRunner()]) {
    const isAble = make().name === "workers" || granted;
    const full = `${make().name}: ${name}`;
    Deno.test({
      name: isAble ? full : `${full} (skipped: it needs --allow-run)`,
      ignore: !isAble,
      async fn() {
        const dir = await Deno.makeTempDir();
        const [notes, opened] = [join(dir, "notes"), join(dir, "gate")];
        try {
          await using runner = make();
          await using session = await runner.open({
            ...{ storage: null, maxWorkers: 1, context: {}, plugins: [], sources: [] },
            ...{ labelOf: () => undefined, report: () => {}, signal: new AbortController().signal },
          }, [Gated]);
          await play(({ n, gate = opened }, signal) => {
            const place = { key: `Gated-${n}`, cache: null, wanted: true, shared: false };
            const task = Gated({ n, notes, gate });
            return session.run({ task, dependencies: [], ...place, signal });
          }, { gate: opened, noted: () => Deno.readTextFile(notes).catch(() => "") });
        } finally {
          await Deno.remove(dir, { recursive: true });
        }
      },
    });
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

test(
  "a job that is stopped while it waits behind another takes nothing from that",
  async (run, { gate, noted }) => {
    const first = run({ n: 1 });
    while (await noted() === "") await rest(20);
    const stop = new AbortController();
    const second = run({ n: 2, gate: `${gate}-none` }, stop.signal);
    await rest(50);
    stop.abort(new Error("not this one"));
    const { kind } = await second;
    await Deno.writeTextFile(gate, "");
    const outcome = await first;
    assertEquals([kind, outcome.kind], ["failed", "done"]);
    assertEquals((await run({ n: 3 })).kind, "done", "it takes others all the same");
    // As the first one ends, a child may not have heard yet that the second one is not to begin; it
    // never gets far.
    const lines = (await noted()).replace("begin 2\n", "");
    assertEquals(lines, "begin 1\nend 1\nbegin 3\nend 3\n");
  },
);

test("a job that is stopped as it begins does not go on", async (run, { gate, noted }) => {
  const stop = new AbortController();
  const first = run({ n: 1, gate: `${gate}-none` }, stop.signal);
  while (await noted() === "") await rest(0);
  const second = run({ n: 2 });
  stop.abort(new Error("not this one"));
  assertEquals((await first).kind, "failed");
  await Deno.writeTextFile(gate, "");
  assertEquals((await second).kind, "done");
  assertEquals(await noted(), "begin 1\nbegin 2\nend 2\n");
});
