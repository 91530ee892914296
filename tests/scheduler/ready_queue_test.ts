import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { type Ready, ReadyQueue } from "../../scheduler/ready_queue.ts";
import { SEED } from "../_random_params.ts";

interface Item extends Ready {
  ready: boolean;
}

const item = fc.record({
  type: fc.constantFrom("a", "b", "c"),
  limit: fc.constant(Infinity),
  height: fc.nat(5),
  ready: fc.boolean(),
});

Deno.test("tasks leave the queue highest first, then in order, and those not ready never", () => {
  fc.assert(
    fc.property(fc.array(item, { maxLength: 60 }), (items) => {
      const queue = new ReadyQueue<Item>();
      const tasks = items.map((each, order): Item => ({ ...each, order, queued: false }));
      for (const task of tasks) queue.push(task);
      const taken: Item[] = [];
      for (let task = queue.take(); task; task = queue.take()) taken.push(task);
      const expected = tasks.filter(({ ready }) => ready)
        .sort((a, b) => b.height - a.height || a.order - b.order);
      assertEquals(taken, expected);
    }),
    { ...SEED, numRuns: 300 },
  );
});

Deno.test("a task that is pushed twice leaves the queue once, also when it was not ready in between", () => {
  const queue = new ReadyQueue<Item>();
  const task: Item = {
    type: "a",
    limit: Infinity,
    height: 0,
    order: 0,
    ready: true,
    queued: false,
  };
  queue.push(task);
  task.ready = false;
  task.ready = true;
  queue.push(task);
  assertEquals([queue.take(), queue.take()], [task, undefined]);
  queue.push(task);
  task.ready = false;
  assertEquals(queue.take(), undefined);
  task.ready = true;
  queue.push(task);
  assertEquals(queue.take(), task);
});

Deno.test("no more of a type are out than its limit, until one is finished", () => {
  const queue = new ReadyQueue<Item>();
  const tasks = [0, 1, 2].map((order): Item => (
    { type: "a", limit: 2, height: 0, order, ready: true, queued: false }
  ));
  for (const task of tasks) queue.push(task);
  assertEquals([queue.take(), queue.take(), queue.take()], [tasks[0], tasks[1], undefined]);
  queue.finished(tasks[1]!);
  assertEquals([queue.take(), queue.take()], [tasks[2], undefined]);
});
