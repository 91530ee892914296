import { assert, assertEquals, assertThrows } from "@std/assert";
import { TaskError } from "../errors.ts";
import { LabError } from "../lab_error.ts";
import { TaskResults } from "../results.ts";
import { type Task, task, type TaskResult } from "../task.ts";

const Square = task(import.meta, {
  name: "Square",
  run: ({ base }: { base: number }) => base ** 2,
});

const meta = { start: new Date(0), duration: 1 };
const summary = { tasks: 3, run: 3, cached: 0, failed: 0, skipped: 0, duration: 5 };
const [one, two, three] = [Square({ base: 1 }), Square({ base: 2 }), Square({ base: 3 })];

function results<T extends Task>(tasks: readonly T[], values: [Task, unknown][]): TaskResults<T> {
  return new TaskResults(
    new Map(tasks.map((each) => [each.id, each])),
    new Map(values.map(([{ id }, value]): [string, TaskResult] => [id, { value, meta }])),
    summary,
  );
}

Deno.test("results are looked up by task, and equal tasks are one", () => {
  const all = results([two, one], [[one, 1], [two, 4]]);
  assertEquals(all.get(one), 1);
  assertEquals(all.get(Square({ base: 2 })), 4);
  assert(all.has(Square({ base: 1 })));
  assertEquals(all.size, 2);
  assertEquals(all.summary, summary);
});

Deno.test("results come in the order in which the tasks were given", () => {
  const all = results([three, one, two], [[one, 1], [two, 4], [three, 9]]);
  assertEquals([...all.keys()], [three, one, two]);
  assertEquals([...all.values()], [9, 1, 4]);
  assertEquals([...all.entries()], [[three, 9], [one, 1], [two, 4]]);
  assertEquals([...all], [...all.entries()]);
  assertEquals([...all], [...all], "more than once");
});

Deno.test("a result may be undefined, and is there all the same", () => {
  const all = results([one], [[one, undefined]]);
  assertEquals([all.has(one), all.get(one), all.size], [true, undefined, 1]);
});

Deno.test("tasks without result, and those that were not asked for, are not among them", () => {
  const all = results([one, two], [[one, 1], [three, 9]]);
  assertEquals([all.has(one), all.has(two), all.has(three), all.size], [true, false, false, 1]);
  for (const absent of [two, three]) {
    assertThrows(() => all.get(absent), TaskError, `${absent} has no result here; has(task) tells`);
  }
  assertEquals([...all.values()], [1]);
});

Deno.test("a LabError carries what failed, what was skipped and what there is", () => {
  const cause = new RangeError("too big");
  const failure = new TaskError("failed", { cause });
  const there = results([one], [[one, 1]]) as unknown as TaskResults;
  const error = new LabError("Failed to complete 2 of 3 tasks", {
    failures: new Map([[two, failure]]),
    skipped: new Map([[three, two]]),
    results: there,
  }, { cause: failure });
  assertEquals([error.name, error.message], ["LabError", "Failed to complete 2 of 3 tasks"]);
  assertEquals(error.failures.get(two)?.cause, cause);
  assertEquals(error.skipped.get(three), two);
  assertEquals(error.results?.get(one), 1);
  assertEquals(error.cause, failure);
});

Deno.test("a LabError of a run that never began carries nothing", () => {
  const error = new LabError("Cannot run");
  assertEquals([error.failures.size, error.skipped.size, error.results], [0, 0, undefined]);
});
