import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { TaskError } from "@labtech/lab";
import { runChild } from "./_child.ts";
import { labError, quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch, testWith } from "./_scratch.ts";
import { Flaky, Heeding, Ignoring, InTime, LateOnce, Stubborn, Upon } from "./tasks/flaky.ts";
import { Leaf } from "./tasks/numbers.ts";

/** How often it is looked whether something came about, every 5 ms: for two minutes at the least. */
const LOOKS = 24_000;

for (const runner of RUNNERS) {
  Deno.test(`${runner}: a task that fails is tried again, and its result says how often`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 2, storage: place.path("results") });
    const flaky = Flaky({ path: place.path("tries"), failures: 2 });
    const sum = Upon({ of: flaky });
    const others = Array.from({ length: 5 }, (_, n) => Leaf({ n }));
    const results = await lab.runTasks([sum, flaky, ...others]);
    assertEquals([results.get(flaky), results.get(sum)], [3, [3]]);
    assertEquals(flaky.resultMeta.attempts, 3);
    assertEquals(sum.resultMeta.attempts, undefined);
    const told = lab.lines.filter((line) => line.includes("Attempt "));
    assertEquals(told.length, 2);
    assertStringIncludes(told[0]!, "Attempt 1 of 3 failed: attempt 1 was no good; the next one in");
    assertEquals([results.summary.run, results.summary.failed], [7, 0]);

    await using later = quietLab({ runner: "serial", storage: place.path("results") });
    const [again] = await later.cachedTasks([Flaky]);
    await later.runTask(again!);
    assertEquals(again!.resultMeta.attempts, 3, "the entry has it");
  });

  Deno.test(`${runner}: when no retry is left, the failure counts them, and dependents are skipped`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
    const flaky = Flaky({ path: place.path("tries"), failures: 9 });
    const { failures, skipped } = await labError(lab.runTasks([Upon({ of: flaky })]));
    const [[task, error]] = [...failures] as [[unknown, Error]];
    assertEquals([task, skipped.size, failures.size], [flaky, 1, 1]);
    assertStringIncludes(error.message, "failed after 3 attempts: attempt 3 was no good");
    assertEquals((error.cause as Error).name, "RangeError");
  });

  Deno.test(`${runner}: an attempt that takes too long fails, its signal says why, and others go on`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 2, storage: place.path("results") });
    const others = Array.from({ length: 5 }, (_, n) => Leaf({ n }));
    let heard: string[] = [];
    // A worker that the machine lets stand still just then is ended before its task hears anything.
    for (let tries = 0; tries < 5 && heard.length === 0; tries++) {
      const path = place.path(`heard-${tries}`);
      const heeding = Heeding({ path, ms: 600_000 });
      const { failures, results } = await labError(lab.runTasks([heeding, ...others]));
      assertEquals([failures.size, results!.size], [1, 5]);
      const cause = failures.get(heeding)!.cause as TaskError;
      assertEquals(cause.name, "TaskError");
      assertStringIncludes(cause.message, "took longer than its timeout of 100 ms");
      assertEquals(await lab.isCached(heeding), false);
      heard = linesOf(path);
    }
    assertStringIncludes(heard.join(), "true Heeding(");
    assertEquals(await lab.runTask(InTime({ n: 1 })), 1);
  });

  Deno.test(`${runner}: a task that never yields fails all the same once it ends, and is not kept`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 1, storage: place.path("results") });
    const stubborn = Stubborn({ ms: 300 });
    const { failures } = await labError(lab.runTasks([stubborn]));
    assertStringIncludes(failures.get(stubborn)!.message, "timeout of 100 ms");
    assertEquals(await lab.isCached(stubborn), false);
  });

  Deno.test(`${runner}: a retry may succeed after an attempt that took too long`, async () => {
    await using place = await scratch();
    await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
    const late = LateOnce({ path: place.path("tries") });
    const attempts = await lab.runTask(late);
    assert(attempts > 1);
    assertEquals(late.resultMeta.attempts, attempts);
  });

  Deno.test(`${runner}: a run that is stopped does not wait for retries`, async () => {
    await using place = await scratch();
    const stop = new AbortController();
    const lines: string[] = [];
    const write = (text: string) => {
      lines.push(text);
      if (lines.join("").includes("Attempt 1")) stop.abort("enough");
    };
    await using lab = quietLab({
      runner,
      maxWorkers: 1,
      storage: null,
      progress: { enabled: false, output: { terminal: false, write } },
    });
    const flaky = Flaky({ path: place.path("tries"), failures: 9 });
    const error = await labError(lab.runTasks([flaky], { signal: stop.signal }));
    assertEquals([error.cause, error.skipped.size], ["enough", 1]);
  });
}

for (const runner of RUNNERS.filter((runner) => runner !== "serial" && runner !== "async")) {
  Deno.test(`${runner}: a task that yields but ignores its signal is ended, and others go on`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 1, storage: null });
    const ignoring = Ignoring({ ms: 600_000 });
    const others = Array.from({ length: 5 }, (_, n) => Leaf({ n }));
    const { failures, results } = await labError(lab.runTasks([ignoring, ...others]));
    assertEquals([failures.size, results!.size], [1, 5]);
    assertStringIncludes(failures.get(ignoring)!.message, "timeout of 100 ms");
  });

  testWith(
    "run",
    `${runner}: where a task never yields again, the run goes on, and the program ends by itself`,
    async () => {
      const { code, signal, stdout, stderr } = await runChild(
        new URL("./programs/burning.ts", import.meta.url),
        { args: [runner] },
      );
      assertEquals([code, signal], [7, null], stderr);
      assertStringIncludes(stdout, "took longer than its timeout of 100 ms\n0,1,2,3,4\n");
      assertEquals(stderr.includes("in a thread that nothing stops"), runner === "workers");
    },
  );
}

testWith("run", "processes: a task that never yields is killed at its timeout", async () => {
  await using place = await scratch();
  await using lab = quietLab({ runner: "processes", maxWorkers: 1, storage: null });
  const path = place.path("pids");
  let pid: number | undefined;
  // Where the machine stands still just then, it is killed before it notes anything.
  for (let tries = 0; tries < 5 && pid === undefined; tries++) {
    const { failures } = await labError(lab.runTasks([Stubborn({ ms: 1e9, path })]));
    assertEquals(failures.size, 1);
    pid = linesOf(path).map(Number).at(-1);
  }
  let isAlive = true;
  for (let tries = 0; isAlive && tries < LOOKS; tries++) {
    isAlive = await Deno.readTextFile(`/proc/${pid}/stat`)
      .then((stat) => !/^\d+ \(.*\) [ZX]/.test(stat), () => false);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(pid !== undefined && !isAlive);
});
