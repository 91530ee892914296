import { assert, assertEquals } from "@std/assert";
import { quietLab } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { Lasting, Meeting, Paired, Timed } from "./tasks/numbers.ts";

/** After how long, in ms, what does not come is taken never to come. */
const PATIENCE = 120_000;

/** The most tasks between `begin` and `end` at once; only those that `of` says. */
function mostAtOnce(lines: readonly string[], of = /./): number {
  let [most, running] = [0, 0];
  for (const line of lines.filter((line) => of.test(line))) {
    running += line.startsWith("begin") ? 1 : -1;
    most = Math.max(most, running);
  }
  assertEquals(running, 0);
  return most;
}

for (
  const { runner, maxWorkers, most } of [
    { runner: "serial", maxWorkers: 4, most: 1 },
    { runner: "async", maxWorkers: 1, most: 1 },
    { runner: "async", maxWorkers: 3, most: 3 },
    { runner: "workers", maxWorkers: 1, most: 1 },
    { runner: "workers", maxWorkers: 3, most: 3 },
  ]
) {
  const how = `${runner}, maxWorkers ${maxWorkers}`;
  Deno.test(`${how}: never more than ${most} tasks run at once, and so many where they can`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, maxWorkers, storage: null, context: { trace } });
    await lab.runTasks(Array.from({ length: 12 }, (_, n) => Timed({ n, ms: 10 })));
    assertEquals(linesOf(trace).length, 24);
    assert(mostAtOnce(linesOf(trace)) <= most);
    await Deno.remove(trace);
    const meeting = Array.from({ length: most }, (_, n) => Meeting({ n, of: most }));
    assertEquals((await lab.runTasks(meeting)).size, most);
  });

  Deno.test(`${how}: maxParallel of a type is never exceeded`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, maxWorkers, storage: null, context: { trace } });
    const tasks = Array.from(
      { length: 10 },
      (_, n) => [Paired({ n, ms: 15 }), Timed({ n, ms: 5 })],
    );
    await lab.runTasks(tasks.flat());
    const lines = linesOf(trace);
    assert(mostAtOnce(lines, /Paired/) <= Math.min(2, most));
    assert(mostAtOnce(lines) <= most);
  });
}

for (const runner of ["async", "workers"]) {
  Deno.test(`${runner}: a task starts as soon as what it depends on is done, whatever else runs`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, maxWorkers: 2, storage: null, context: { trace } });
    const long = Lasting({ until: "end Timed 5" });
    let chain = Timed({ n: 1, ms: 1 });
    for (let n = 2; n <= 5; n++) chain = Timed({ n, ms: 1, after: chain });
    // A task of the chain that waited for the long one would wait for ever.
    const signal = AbortSignal.timeout(PATIENCE);
    await lab.runTasks([long, chain], { signal });
    const lines = linesOf(trace);
    assertEquals(lines.at(-1), "end Lasting", lines.join("\n"));
  });
}
