import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
} from "@std/assert";
import { WorkersRunner } from "@labtech/lab/runners";
import { LabError } from "@labtech/lab";
import { labError, quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { Leaf, Sum, Timed } from "./tasks/numbers.ts";
import { StubbornUntil } from "./tasks/stubborn.ts";

const REASON = new Error("changed my mind");

for (const runner of RUNNERS) {
  Deno.test(`${runner}: two runs of one Lab at once keep out of each other's way`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 2, storage: place.path("results") });
    const sums = (from: number) =>
      Array.from({ length: 15 }, (_, n) => Sum({ of: [Leaf({ n: from + n }), Leaf({ n })] }));
    const [one, two, three] = await Promise.all([
      lab.runTasks(sums(0)),
      lab.runTasks(sums(0)),
      lab.runTasks(sums(5)),
    ]);
    assertEquals([...one.values()], sums(0).map((_, n) => 2 * n));
    assertEquals([...two.values()], [...one.values()]);
    assertEquals([...three.values()], sums(0).map((_, n) => 2 * n + 5));
    assertEquals((await lab.cachedTasks([Leaf])).length, 20);
    const { summary } = await lab.runTasks([...sums(0), ...sums(5)]);
    assertEquals(summary.run, 0);
    // Each run has what it needs of the others, for which it may have to wait.
    const lines = lab.lines.filter((line) => !line.includes("Waiting for another process"));
    assertEquals(lines, []);
  });

  Deno.test(`${runner}: two Labs on one storage, at once, get the same`, async () => {
    await using place = await scratch();
    const options = { runner, maxWorkers: 2, storage: place.path("results") };
    await using one = quietLab(options);
    await using two = quietLab(options);
    const sum = () => Sum({ of: Array.from({ length: 30 }, (_, n) => Leaf({ n })) });
    assertEquals(await Promise.all([one.runTask(sum()), two.runTask(sum())]), [435, 435]);
    assertEquals((await one.cachedTasks()).length, 31);
  });

  Deno.test(`${runner}: a signal that is aborted already lets nothing begin`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    await using lab = quietLab({ runner, storage: place.path("results"), context });
    const error = await labError(
      lab.runTasks([Sum({ of: [Leaf({ n: 1 })] })], { signal: AbortSignal.abort(REASON) }),
    );
    assertStrictEquals(error.cause, REASON);
    assertEquals(linesOf(context.trace), []);
    assertEquals(error.results?.size ?? 0, 0);
    assertEquals(await lab.cachedTasks(), []);
  });

  Deno.test(`${runner}: an abort midway stops at once, keeps what was done, and nothing of what was not`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    await using lab = quietLab({ runner, maxWorkers: 2, storage: place.path("results"), context });
    const done = Timed({ n: 0, ms: 0 });
    const long = [1, 2, 3, 4, 5].map((n) => Timed({ n, ms: 600_000, after: done }));
    const after = Sum({ of: long, plus: 1 });
    const abort = new AbortController();
    const began = () => linesOf(context.trace).some((line) => /begin Timed [1-5]/.test(line));
    const watching = setInterval(() => {
      if (began()) abort.abort(REASON);
    }, 5);
    const error = await labError(lab.runTasks([after, done], { signal: abort.signal }));
    clearInterval(watching);
    assertStrictEquals(error.cause, REASON);
    assertEquals(error.failures.size, 0, "what is stopped has not failed");
    assertEquals(error.results!.get(done), 0);
    assertEquals(error.skipped.size, 6);
    const before = linesOf(context.trace).length;
    assertEquals(await lab.isCached(done), true);
    for (const task of [...long, after]) assertEquals(await lab.isCached(task), false);
    assertEquals(linesOf(context.trace).length, before);
    assert(before <= 4, "nothing new began");
    assertEquals([...(await lab.runTasks([done, Leaf({ n: 7 })])).values()], [0, 7], "it goes on");
  });

  Deno.test(`${runner}: a task that does not heed its signal is not waited for, and not kept`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    await using lab = quietLab({ runner, maxWorkers: 2, storage: place.path("results"), context });
    const file = place.path("over");
    const stubborn = StubbornUntil({ file, spins: runner === "workers" });
    const abort = new AbortController();
    const watching = setInterval(() => {
      if (linesOf(context.trace).includes("begin")) abort.abort(REASON);
    }, 5);
    const error = await assertRejects(() => lab.runTask(stubborn, { signal: abort.signal }));
    clearInterval(watching);
    assertInstanceOf(error, LabError);
    assertEquals(linesOf(context.trace), ["begin"], "it is not waited for");
    await Deno.writeTextFile(file, "");
    // In the main thread it comes to its end now; elsewhere it may have been ended.
    const looks = runner === "serial" || runner === "async" ? 10_000 : 100;
    for (let look = 0; look < looks && !linesOf(context.trace).includes("end"); look++) {
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    assertEquals(await lab.isCached(stubborn), false);
  });

  Deno.test(`${runner}: an abort after the run is of no consequence`, async () => {
    await using lab = quietLab({ runner, storage: null });
    const abort = new AbortController();
    const results = await lab.runTasks([Leaf({ n: 1 })], { signal: abort.signal });
    abort.abort(REASON);
    assertEquals([...results.values()], [1]);
  });
}

Deno.test("a runner of the caller's own serves several Labs, and outlives them", async () => {
  await using runner = new WorkersRunner({ maxWorkers: 2 });
  for (let n = 0; n < 3; n++) {
    await using one = quietLab({ runner, storage: null });
    await using two = quietLab({ runner, storage: null });
    assertEquals(one.maxWorkers, 2);
    const sum = Sum({ of: [Leaf({ n }), Leaf({ n: 1 })] });
    assertEquals(
      await Promise.all([one.runTask(sum), two.runTask(sum)]),
      n === 1 ? [2, 2] : [n + 1, n + 1],
    );
  }
});
