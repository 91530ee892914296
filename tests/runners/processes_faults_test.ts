import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { RunnerError, type Task } from "@labtech/lab";
import { runChild } from "../e2e/_child.ts";
import { labError, quietLab } from "../e2e/_lab.ts";
import { linesOf, scratch, testWith } from "../e2e/_scratch.ts";
import { Ending } from "../e2e/tasks/faults.ts";
import {
  Adding,
  Breeding,
  Dying,
  Flooding,
  GivingMuch,
  Hoarding,
  Looping,
  Lying,
  Pid,
  Reading,
  Waiting,
  Writing,
} from "./_processes_tasks.ts";

const processes = (options: Record<string, unknown> = {}) => ({
  runner: { type: "processes", ...options },
  storage: null,
});
const causeOf = (failures: ReadonlyMap<Task, Error>) => [...failures.values()][0]!.cause as Error;
const PROGRAM = new URL("./_processes_program.ts", import.meta.url);

/** Whether a process is there, and not only its name. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX]/.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}

async function waitFor(holds: () => boolean): Promise<void> {
  for (let tries = 0; tries < 24_000 && !holds(); tries++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert(holds(), "it never came to that");
}

const pidsIn = (path: string) => linesOf(path).map(Number);

testWith("run", "processes: children are reused, for one run after the other", async () => {
  await using lab = quietLab({ ...processes(), maxWorkers: 2 });
  const rounds: Set<number>[] = [];
  for (let round = 0; round < 6; round++) {
    const tasks = Array.from({ length: 20 }, (_, n) => Pid({ n: n + 100 * round }));
    rounds.push(new Set((await lab.runTasks(tasks)).values()));
  }
  for (const pids of rounds) {
    assert(pids.size <= 2, `${pids.size} children`);
    assert(!pids.has(Deno.pid));
  }
  // One that waits for its next run too long ends; not each time, on any machine.
  assert(rounds.some((pids, n) => n > 0 && !pids.isDisjointFrom(rounds[n - 1]!)));
  await lab[Symbol.asyncDispose]();
  for (const pids of rounds) for (const pid of pids) assert(!isAlive(pid), "they end with the Lab");
});

testWith("run", "processes: no task is lost where short and long ones take turns", async () => {
  await using lab = quietLab({ ...processes(), maxWorkers: 2 });
  for (let round = 0; round < 6; round++) {
    const tasks = Array.from(
      { length: 250 },
      (_, n) => Waiting({ n: n + 1000 * round, ms: n < 230 ? 0 : 20 }),
    );
    assertEquals((await lab.runTasks(tasks)).summary.run, 250);
  }
});

for (const kind of ["Looping", "Breeding"]) {
  testWith(
    "run",
    `processes: a program that is killed leaves no orphan (${kind}, a task that never yields)`,
    async () => {
      await using place = await scratch();
      const path = place.path("pids");
      const count = kind === "Breeding" ? 2 : 1;
      await runChild(PROGRAM, {
        args: [kind, path],
        async meanwhile(process) {
          await waitFor(() => linesOf(path).length === count);
          assert(pidsIn(path).every(isAlive));
          process.kill("SIGKILL");
        },
      });
      await waitFor(() => !pidsIn(path).some(isAlive));
    },
  );

  testWith(
    "run",
    `processes: Ctrl-C twice ends the children, with all that they started (${kind})`,
    async () => {
      await using place = await scratch();
      const path = place.path("pids");
      await runChild(PROGRAM, {
        args: [kind, path],
        async meanwhile(process, stderr) {
          await waitFor(() => linesOf(path).length === (kind === "Breeding" ? 2 : 1));
          process.kill("SIGINT");
          await waitFor(() => stderr().includes("Ctrl-C again"));
          assert(pidsIn(path).every(isAlive), "the first one lets them finish");
          process.kill("SIGINT");
        },
      });
      await waitFor(() => !pidsIn(path).some(isAlive));
    },
  );
}

testWith("run", "processes: a signal ends the children, with all that they started", async () => {
  await using place = await scratch();
  await using lab = quietLab({ ...processes(), maxWorkers: 2 });
  const path = place.path("pids");
  const stop = new AbortController();
  const running = labError(
    lab.runTasks([Breeding({ path }), Looping({ path })], { signal: stop.signal }),
  );
  await waitFor(() => linesOf(path).length === 3);
  stop.abort("enough");
  assertEquals((await running).cause, "enough");
  await waitFor(() => !pidsIn(path).some(isAlive));
  assertEquals(await lab.runTask(Waiting({ n: 5, ms: 0 })), 5);
});

testWith("run", "processes: a child that is killed fails its task alone, by name", async () => {
  await using place = await scratch();
  await using lab = quietLab({ ...processes(), maxWorkers: 2 });
  const path = place.path("pids");
  const others = Array.from({ length: 30 }, (_, n) => Waiting({ n, ms: 5 }));
  const running = labError(lab.runTasks([Looping({ path }), ...others]));
  await waitFor(() => linesOf(path).length === 1);
  Deno.kill(pidsIn(path)[0]!, "SIGKILL");
  const { failures, results } = await running;
  assertEquals([failures.size, results!.size], [1, 30]);
  assertInstanceOf(causeOf(failures), RunnerError);
  assertStringIncludes(causeOf(failures).message, "The worker that ran Looping(");
  assertStringIncludes(causeOf(failures).message, "SIGKILL ended its process");
});

testWith(
  "run",
  "processes: of many tasks, those that kill their process are all that fail",
  async () => {
    await using lab = quietLab({ ...processes(), maxWorkers: 2 });
    const dying = Array.from({ length: 4 }, (_, n) => Dying({ signal: "SIGKILL", n }));
    const others = Array.from({ length: 200 }, (_, n) => Waiting({ n, ms: n % 3 }));
    const sum = Adding({ of: others });
    const { failures, results } = await labError(
      lab.runTasks([sum, ...others.slice(0, 100), ...dying, ...others.slice(100)]),
    );
    assertEquals([...failures.keys()].map(String).sort(), dying.map(String).sort());
    assertEquals(results!.size, 201);
    assertEquals(results!.get(sum), 199 * 100);
  },
);

testWith(
  "run",
  "processes: no task begins, and ends its process, before the Lab has taken the result of the one before",
  async () => {
    await using place = await scratch();
    await using lab = quietLab({ ...processes(), maxWorkers: 1 });
    const path = place.path("begun");
    const [giving, dying] = [GivingMuch({ path }), Dying({ signal: "SIGKILL" })];
    const running = labError(lab.runTasks([giving, dying]));
    await waitFor(() => linesOf(path).length > 0);
    // The Lab stands still, and takes nothing.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2000);
    const { failures, results } = await running;
    assertEquals([...failures.keys()].map(String), [String(dying)]);
    assertEquals(results!.get(giving), new Uint8Array(2 ** 21).fill(7));
  },
);

testWith("run", "processes: a child that ends is reported with its signal", async () => {
  await using lab = quietLab({ ...processes(), maxWorkers: 1 });
  const { failures } = await labError(lab.runTasks([Dying({ signal: "SIGTERM" })]));
  assertStringIncludes(causeOf(failures).message, "SIGTERM ended its process");
});

for (const what of ["objects", "buffers"] as const) {
  testWith(
    "run",
    `processes: where memory runs out (${what}), that task fails, told the limit and what to do`,
    async () => {
      await using lab = quietLab({ ...processes({ memory: 64 }), maxWorkers: 2 });
      const others = Array.from({ length: 10 }, (_, n) => Waiting({ n, ms: 10 }));
      const { failures, results } = await labError(lab.runTasks([Hoarding({ what }), ...others]));
      assertEquals([failures.size, results!.size], [1, 10]);
      const { message } = causeOf(failures);
      assertStringIncludes(message, "its memory ran out");
      assertStringIncludes(
        message,
        'the limit is 64 MB: raise it by the runner\'s option "memory"',
      );
      assert(!lab.lines.join("\n").includes("C stack trace"), "V8's last words are not shown");
    },
  );
}

for (const by of ["Deno.exit", "process.exit", "self.close"]) {
  testWith("run", `processes: ${by} in a task fails that task alone`, async () => {
    await using lab = quietLab({ ...processes(), maxWorkers: 1 });
    const others = Array.from({ length: 5 }, (_, n) => Waiting({ n, ms: 1 }));
    const { failures, results } = await labError(lab.runTasks([Ending({ by }), ...others]));
    assertEquals([failures.size, results!.size], [1, 5]);
    assertStringIncludes(causeOf(failures).message, "was called");
  });
}

testWith("run", "processes: all that a task writes becomes its log, line by line", async () => {
  await using place = await scratch();
  await using lab = quietLab({ ...processes(), maxWorkers: 1 });
  const seen = (n: number) => place.path(`seen-${n}`);
  const running = lab.runTasks([1, 2].map((n) => Writing({ n, seen: seen(n) })));
  for (const n of [1, 2]) {
    // Both ways out lead to the Lab, and none is as fast as the other.
    await waitFor(() => lab.lines.some((line) => line.endsWith(`${n} child error`)));
    await Deno.writeTextFile(seen(n), "");
  }
  await running;
  const text = lab.lines.join("\n");
  for (const n of [1, 2]) {
    for (
      const line of [
        "console",
        "Deno.stdout",
        "Deno.stderr",
        "process.stdout",
        "descriptor 1",
        "child",
        "child error",
        "no end",
      ]
    ) {
      const shown = lab.lines.filter((shown) => shown.endsWith(`${n} ${line}`));
      assertEquals(shown.length, 1, `${n} ${line}: ${text}`);
      assertStringIncludes(shown[0]!, `Writing(n=${n},`);
    }
  }
});

testWith(
  "run",
  "processes: results stay whole where tasks write much at the same time",
  async () => {
    await using lab = quietLab({ ...processes(), maxWorkers: 2 });
    const tasks = [1, 2, 3, 4].map((n) => Flooding({ n }));
    const results = await lab.runTasks(tasks);
    for (const [task, result] of results) {
      assertEquals(result, new Uint32Array(300_000).map((_, at) => at * task.params.n));
    }
    assertEquals(lab.lines.filter((line) => line.includes("noise")).length, 4 * 3000);
  },
);

testWith("run", "processes: for tasks, standard input is empty", async () => {
  await using lab = quietLab({ ...processes(), maxWorkers: 1 });
  assertEquals(await lab.runTask(Reading()), ["", null, null]);
  assertEquals(await lab.runTask(Waiting({ n: 1, ms: 1 })), 1);
});

for (
  const message of [
    "nothing",
    "unknown",
    "no outcomes",
    "far place",
    "no time",
    "function",
    "asks",
    "shares",
  ]
) {
  testWith(
    "run",
    `processes: a child that says what no worker says (${message}) is ended, and fails one task`,
    async () => {
      await using lab = quietLab({ ...processes(), maxWorkers: 1 });
      const others = Array.from({ length: 5 }, (_, n) => Waiting({ n, ms: 1 }));
      const { failures, results } = await labError(lab.runTasks([Lying({ message }), ...others]));
      assertEquals([failures.size, results!.size], [1, 5]);
      assertInstanceOf(causeOf(failures), RunnerError);
    },
  );
}

testWith(
  "run",
  "processes: a child that misses what it has no need of fails its tasks",
  async () => {
    await using lab = quietLab({ ...processes(), maxWorkers: 1 });
    const { failures } = await labError(lab.runTasks([Lying({ message: "missing all" })]));
    assertStringIncludes(causeOf(failures).message, "missed what it had no need of");
    assertEquals(await lab.runTask(Waiting({ n: 1, ms: 1 })), 1);
  },
);
