import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { LabError } from "../lab_error.ts";
import { Lab } from "../lab.ts";
import { RunnerError } from "../errors.ts";
import { task as define } from "../task.ts";
import type { Outcome } from "../runners/runner.ts";
import type { OpenSession, RunnerCase } from "./_runner_scene.ts";
import { rejection } from "./_storage_scene.ts";

/** How tasks are treated while they run. */
export const RUNNER_CONDUCT_CASES: readonly RunnerCase[] = [
  {
    name: "a task is told its params, id, seed, signal and context",
    async run({ open, tasks: { Tell, Add } }) {
      const context = { data: new Uint8Array([1]), when: new Date(0), deep: { list: [1, null] } };
      await using it = await open({ context });
      const add = Add({ n: 7 });
      await it.valueOf(add);
      const task = Tell({ n: 1, add });
      const { start, ...told } = await it.valueOf(task) as Record<string, unknown>;
      assertInstanceOf(start, Date);
      assertEquals(told, {
        id: task.id,
        text: String(task),
        seed: parseInt(task.id.slice(-40, -32), 16),
        aborted: false,
        context,
        nested: [7, 7],
      });
    },
  },
  {
    name: "a type's filter decides what its tasks get of the context",
    async run({ open, tasks: { Filtered } }) {
      const context = { a: 1, b: [2], secret: () => "stays at home" };
      await using it = await open({ context, types: [Filtered] });
      assertEquals(await it.valueOf(Filtered({ keep: "a" })), { a: 1 });
      assertEquals(await it.valueOf(Filtered({ keep: "b" })), { b: [2] });
    },
  },
  {
    name: "a job may be of a type that was not known when the run began, and gets its context",
    async run({ open, tasks: { Filtered, Tell, Add } }) {
      const context = { a: 1 };
      await using it = await open({ context, types: [Filtered] });
      const add = Add({ n: 1 });
      await it.valueOf(add);
      const told = await it.valueOf(Tell({ n: 2, add })) as { readonly context: unknown };
      assertEquals(told.context, context);
    },
  },
  {
    name: "what a task logs and prints is reported with its label, after its start",
    async run({ open, tasks: { Tell, Add } }) {
      await using it = await open();
      const add = Add({ n: 1 });
      await it.valueOf(add);
      const task = Tell({ n: 3, add });
      await it.valueOf(task);
      const own = it.events.filter((event) => "task" in event && event.task?.id === task.id);
      assertEquals(own.filter(({ kind }) => kind === "started").length, 1);
      const lines = own.flatMap((event) =>
        event.kind === "log" ? [`${event.level} ${event.text} ${event.task?.type}`] : []
      );
      assertEquals(lines, [
        "debug one ContractTell",
        "info two { n: 3 } ContractTell",
        "warn three ContractTell",
        "error four ContractTell",
        "info five ContractTell",
      ]);
      for (const { at } of own) assert(Math.abs(at - Date.now()) < 3_600_000, "at is in ms");
    },
  },
  {
    name: "never more than maxWorkers tasks run at once, and slots says how many jobs are of use",
    async run({ open, tasks: { Wait } }) {
      for (const maxWorkers of [1, 2]) {
        await using it = await open({ maxWorkers });
        const spans: { begin: number; end: number }[] = [];
        let n = 0;
        const feed = async (): Promise<void> => {
          while (n < 12) spans.push(await it.valueOf(Wait({ n: n++, ms: 10 })) as typeof spans[0]);
        };
        assert(it.session.slots >= 1, "slots is 1 or more");
        await Promise.all(Array.from({ length: it.session.slots }, feed));
        assertEquals(spans.length, 12);
        assert(mostAtOnce(spans) <= maxWorkers, `${mostAtOnce(spans)} tasks ran at once`);
      }
    },
  },
  {
    name: "drop gives back what was not begun; what was begun ends as ever",
    async run({ open, tasks: { Wait, Add } }) {
      await using it = await open({ maxWorkers: 1 });
      const jobs = Array.from({ length: it.session.slots }, (_, n) => Wait({ n, ms: 50 }));
      const outcomes = jobs.map((job) => it.run(job));
      it.session.drop();
      for (const [at, outcome] of (await Promise.all(outcomes)).entries()) {
        if (outcome.kind === "done") continue;
        assertEquals(outcome, { kind: "dropped" });
        assert(!it.events.some((event) => "task" in event && event.task?.id === jobs[at]!.id));
      }
      assertEquals(await it.valueOf(Add({ n: 2 })), 2);
    },
  },
  {
    name: "an abort reaches the tasks; the session ends soon, and nothing stopped is kept",
    run: ({ open, withStorages, tasks: { Wait } }) =>
      withStorages(async (storage) => {
        const tasks = [1, 2].map((n) => Wait({ n, ms: 600_000 }));
        {
          await using it = await open({ storage });
          const running = tasks.map((task) => it.run(task));
          await begun(it, running);
          it.abort.abort(new Error("changed my mind"));
        }
        assertEquals(await Array.fromAsync(storage.findKeys()), []);
      }),
  },
  {
    name: "runs follow each other, and go on side by side, without minding",
    async run({ open, tasks: { Add, Wait } }) {
      for (let round = 0; round < 2; round++) {
        await using one = await open();
        await using two = await open();
        const long = two.valueOf(Wait({ n: 0, ms: 30 }));
        long.catch(() => {}); // it is awaited at the end
        const leaf = Add({ n: round });
        await one.valueOf(leaf);
        assertEquals(await one.valueOf(Add({ n: 1, to: [leaf] })), round + 1);
        assertEquals((await two.run(Add({ n: 1, to: [leaf] }))).kind, "missing");
        await long;
      }
    },
  },
  {
    name: "a type without a module is run, or refused by a RunnerError before anything begins",
    async run({ runner, open, tasks: { Add } }) {
      const Cell = define(null, { name: "ContractCell", run: () => "ran" });
      await using lab = new Lab({ storage: null, runner, maxWorkers: 1, progress: false });
      const ended = await lab.runTask(Cell()).catch((error) => error);
      if (ended !== "ran") assertInstanceOf(ended, RunnerError);
      await using it = await open();
      assertEquals(await it.valueOf(Add({ n: 1 })), 1);
    },
  },
  {
    name: "its permissions are told without running anything",
    run({ runner, tasks: { Add, Give } }) {
      const permissions = runner.permissions([Add, Give]);
      assert(typeof permissions === "object" && permissions !== null);
      return Promise.resolve();
    },
  },
  {
    name: "a Lab gets its results, runs each task once, and tells of failures",
    async run({ runner, storage: empty, tasks: { Add, Throw } }) {
      await using storage = await empty();
      await using lab = new Lab({
        storage,
        runner,
        maxWorkers: 2,
        progress: false,
      });
      const leaves = Array.from({ length: 20 }, (_, n) => Add({ n }));
      const sums = leaves.map((leaf) => Add({ n: 100, to: [leaf, ...leaves.slice(0, 5)] }));
      const results = await lab.runTasks([...sums, ...sums]);
      assertEquals([...results.values()], leaves.map((_, n) => 110 + n));
      assertEquals(results.summary.run, 40);
      assertEquals((await lab.runTasks(sums)).summary.cached, 20);
      const error = await rejection(lab.runTasks([Throw({ what: "error" }), Add({ n: 999 })]));
      assertInstanceOf(error, LabError);
      assertEquals([error.failures.size, error.results?.size], [1, 1]);
    },
  },
];

function mostAtOnce(spans: readonly { readonly begin: number; readonly end: number }[]): number {
  // What ends in the millisecond in which another begins is taken to end first.
  const moments = spans.flatMap(({ begin, end }) => [[begin, 1], [end, -1]] as const)
    .sort(([a, one], [b, other]) => a - b || one - other);
  let [most, running] = [0, 0];
  for (const [, change] of moments) most = Math.max(most, running += change);
  return most;
}

/** Resolves when one of some long jobs has begun; rejects when one has ended instead. */
async function begun({ events }: OpenSession, running: Promise<Outcome>[]): Promise<void> {
  const ended: string[] = [];
  for (const job of running) job.then(({ kind }) => ended.push(kind));
  while (!events.some(({ kind }) => kind === "started")) {
    assertEquals(ended, [], "jobs that take minutes ended before any began");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
