import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { StructuredCache } from "@labtech/lab/caches";
import { RunnerError } from "@labtech/lab/runners/bullmq";
import { Grouping } from "../../runners/_bullmq_grouping.ts";
import { groupId, groupPayloadOf, readGroup, sizeOf } from "../../runners/_bullmq_group_payload.ts";
import { cutRows, readReturnedGroup, type Row } from "../../runners/_bullmq_messages.ts";
import { type Pending, pendingOf, type Queued } from "../../runners/_bullmq_pending.ts";
import type { Job } from "../../runners/runner.ts";
import { resultKey } from "../../serialize.ts";
import type { Task } from "../../task.ts";
import { Quick, QuickAgain, QuickAlone } from "./_bullmq_quick_tasks.ts";

const NAME = { worker: "w", host: "h" };
const HUGE = "x".repeat(100_000);

function asked(
  task: Task,
  options: Partial<Job> = {},
  context: Record<string, unknown> = {},
): Pending {
  const key = resultKey("", task);
  const cache = new StructuredCache();
  const job = { task, key, cache, dependencies: [], wanted: true, shared: false, ...options };
  return pendingOf(job, { run: "run", base: "lab", context }, () => {});
}

function many(count: number, from = 0): Pending[] {
  return Array.from({ length: count }, (_, n) => asked(Quick({ n: from + n, notes: "" })));
}

/** What decides, for a program that waits for so many tasks; `sizes` of what was to be added later. */
class Scene implements Disposable {
  readonly grouping: Grouping;
  /** How many tasks travelled in each job that was to be added later. */
  readonly sizes: number[] = [];
  #told = () => {};

  constructor(open: number) {
    this.grouping = new Grouping({
      open: () => open,
      form: (tasks) => ({ ...tasks[0]!, members: tasks } as Queued),
      ready: (queued) => {
        for (const each of queued) this.sizes.push(sizeIn(each));
        this.#told();
      },
    });
  }

  /** Waits until so many tasks were to be added later. */
  async until(count: number): Promise<void> {
    while (this.sizes.reduce((sum, size) => sum + size, 0) < count) {
      await new Promise<void>((resolve) => this.#told = resolve);
    }
  }

  /** So many tasks have ended. */
  ended(
    count: number,
    { duration = 0, took = 0 }: { duration?: number; took?: number } = {},
  ): void {
    const [pending] = many(1) as [Pending];
    for (let n = 0; n < count; n++) {
      this.grouping.learn(pending, { kind: "done", ...NAME, start: 1, duration, took });
    }
  }

  [Symbol.dispose](): void {
    this.grouping[Symbol.dispose]();
  }
}

function sizeIn(queued: Queued): number {
  return "members" in queued ? (queued.members as Pending[]).length : 1;
}

Deno.test("few tasks go by themselves, and of many the first ones; the others once those were quick", async () => {
  using scene = new Scene(1000);
  using few = new Scene(63);
  assertEquals(few.grouping.take(many(63)).map(sizeIn), Array(63).fill(1));
  const first = scene.grouping.take(many(500));
  assertEquals(first.map(sizeIn), Array(64).fill(1));
  scene.ended(15);
  assertEquals(scene.sizes, []);
  scene.ended(1);
  assertEquals(scene.sizes, Array(13).fill(32));
  // Those that are left over wait a moment for others; from then on all others go at once.
  assertEquals(scene.grouping.take(many(70, 1000)).map(sizeIn), [32, 32]);
  await scene.until(13 * 32 + 26);
  assertEquals(scene.sizes, [...Array(13).fill(32), 26]);
});

Deno.test("tasks of a type that is not quick, or of which nothing is told, go by themselves", async () => {
  using slow = new Scene(1000);
  slow.grouping.take(many(100));
  slow.ended(3, { duration: 100 });
  assertEquals(slow.sizes, Array(36).fill(1));
  // The first ones of a worker may take longer than the others.
  using uncertain = new Scene(1000);
  uncertain.grouping.take(many(96));
  uncertain.ended(48, { duration: 20 });
  assertEquals(uncertain.sizes, []);
  uncertain.ended(14);
  assertEquals(uncertain.sizes, [32]);
  using neither = new Scene(1000);
  neither.grouping.take(many(100));
  neither.ended(64, { duration: 20 });
  assertEquals(neither.sizes, Array(36).fill(1));
  using silent = new Scene(1000);
  silent.grouping.take(many(100));
  await silent.until(36);
  assertEquals(silent.sizes, Array(36).fill(1));
  // What proves quick later travels together all the same; what is not told by a worker does not.
  silent.ended(16);
  assertEquals(silent.grouping.take(many(64, 200)).map(sizeIn), [32, 32]);
  silent.ended(16, { took: Infinity });
  assertEquals(silent.grouping.take(many(64, 300)).map(sizeIn), Array(64).fill(1));
});

Deno.test("those that take up a place for long travel in small groups, or none; what is doubted proves anew", () => {
  using scene = new Scene(1000);
  scene.ended(16, { took: 25 });
  assertEquals(scene.grouping.take(many(70)).map(sizeIn), Array(7).fill(10));
  scene.ended(16, { took: 100 });
  assertEquals(scene.grouping.take(many(64, 100)).map(sizeIn), Array(64).fill(1));
  scene.ended(16);
  scene.grouping.doubt("lab.BullQuick");
  assertEquals(scene.grouping.take(many(64, 200)).map(sizeIn), Array(64).fill(1));
  scene.ended(16);
  assertEquals(scene.grouping.take(many(64, 300)).map(sizeIn), [32, 32]);
  scene.grouping.giveUp("lab.BullQuick");
  scene.ended(16);
  assertEquals(scene.grouping.take(many(64, 400)).map(sizeIn), Array(64).fill(1));
  // So many jobs that each of several workers has some.
  using less = new Scene(100);
  less.ended(16);
  assertEquals(less.grouping.take(many(14)).map(sizeIn), [7, 7]);
});

Deno.test("only what is new, may fail but once, and is not bounded in number travels with others", async () => {
  using scene = new Scene(1000);
  const quick = (n: number, options: Partial<Job> = {}) => asked(Quick({ n, notes: "" }), options);
  scene.ended(16);
  for (const pending of [QuickAlone({ n: 1 }), QuickAgain({ n: 1 })].map((task) => asked(task))) {
    scene.grouping.learn(pending, { kind: "done", ...NAME, start: 1, duration: 0, took: 0 });
    const alike = Array.from({ length: 64 }, () => pending);
    assertEquals(scene.grouping.take(alike).map(sizeIn), Array(64).fill(1));
  }
  const others = [
    ...[quick(1, { replaces: true }), quick(2, { attempt: 2 }), { ...quick(3), adds: 1 }],
    asked(Quick({ n: 4, notes: HUGE })),
  ];
  assertEquals(scene.grouping.take(others).map(sizeIn), [1, 1, 1, 1]);
  // Those that travel together have the same context, and are not too large in all.
  const contexts = [1, 2].flatMap((at) =>
    [1, 2, 3, 4].map((n) => asked(Quick({ n: 10 * at + n, notes: "" }), {}, { at }))
  );
  assertEquals(scene.grouping.take(contexts), []);
  await scene.until(8);
  assertEquals(scene.sizes.splice(0), [4, 4]);
  const large = many(8).map((_, n) => asked(Quick({ n, notes: HUGE.slice(0, 30_000) })));
  assertEquals(scene.grouping.take(large), []);
  await scene.until(8);
  assertEquals(scene.sizes, [2, 2, 2, 2]);
});

Deno.test("what carries several tasks is read as it was written; what is none is refused", () => {
  const payloads = many(3).map(({ payload }) => payload);
  const group = JSON.parse(JSON.stringify(groupPayloadOf(payloads)));
  assertEquals(
    readGroup(group).map(({ key, run }) => [key, run]),
    payloads.map(({ key }) => [key, "run"]),
  );
  const [first] = group.group;
  const others: unknown[] = [
    ...[null, [], { group: [] }, { ...group, group: [] }, { ...group, group: first }],
    ...[{ ...group, group: [null] }, { ...group, group: [group] }, {
      ...group,
      group: [first, first],
    }],
    ...[{ ...group, format: 2 }, { ...group, run: 1 }, { ...group, context: "AAAA" }],
    { ...group, group: Array.from({ length: 33 }, (_, n) => ({ ...first, key: `${n}` })) },
    { ...group, group: [{ ...first, table: [] }] },
  ];
  for (const other of others) assertThrows(() => readGroup(other), RunnerError);
  assertEquals([sizeOf(groupId(32)), sizeOf(payloads[0]!.key)], [32, 1]);
  for (const id of ["group.99.x", "group.99.00000000-0000-0000-0000-000000000000", "group.3"]) {
    assertEquals(sizeOf(id), 1);
  }
});

Deno.test("of what several tasks came to each row is read by itself, and errors are cut together", () => {
  const done = { kind: "done", ...NAME, start: 1, duration: 2 };
  const error = { name: "RangeError", message: "no", stack: undefined, cause: undefined };
  const rows = [done, { kind: "failed", ...NAME, error }, { kind: "left" }, null, {
    kind: "cancelled",
  }];
  assertEquals(readReturnedGroup({ kind: "group", rows }, 5), [
    ...[done, { kind: "failed", ...NAME, error }, { kind: "left" }, { kind: "left" }],
    { kind: "left" },
  ] as Row[]);
  for (const other of [{ kind: "group", rows: rows.slice(1) }, { kind: "group" }, { rows }, null]) {
    assertEquals(readReturnedGroup(other, 5), undefined);
  }
  const huge = { name: HUGE, message: HUGE, stack: HUGE, cause: { ...error, message: HUGE } };
  const failed = Array.from({ length: 32 }, (): Row => ({ kind: "failed", ...NAME, error: huge }));
  assert(JSON.stringify(cutRows(failed)).length < 100_000);
  assertNotEquals(cutRows(failed.slice(0, 1)), cutRows(failed).slice(0, 1));
});
