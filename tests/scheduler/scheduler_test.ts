import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LabtechError } from "../../errors.ts";
import { type Consequences, type Plan, Scheduler } from "../../scheduler/scheduler.ts";
import { SEED } from "../_random_params.ts";
import { CHECKS } from "./_checks.ts";
import { GENUINE } from "./_library.ts";
import { LIMITS, plan, TYPES } from "./_plans.ts";
import { Tape } from "./_tape.ts";

function sorted({ skipped, released }: Consequences): Consequences {
  return { skipped: skipped.toSorted(), released: released.toSorted() };
}

Deno.test("a run of any tasks and events is that of the plain model", async () => {
  const counts = await CHECKS.model(GENUINE, { runs: 300 });
  console.log(counts);
  assert(counts.skipped! > 100 && counts.paused! > 100);
});

Deno.test("tasks in a circle are refused, and the one that is named is in it", async () => {
  const { circles } = await CHECKS.circles(GENUINE, { runs: 300 });
  assert(circles! > 30, `${circles} circles`);
});

Deno.test("without failures each task runs once, after all that it depends on", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(1000), { minLength: 300, maxLength: 300 }), (numbers) => {
      const tape = new Tape(numbers);
      const plans = Array.from({ length: 30 }, (_, i) =>
        plan(
          `t${i}`,
          Array.from({ length: i }, (_, j) => `t${j}`).filter(() => tape.below(6) === 0),
          tape.pick(TYPES),
        ));
      const scheduler = new Scheduler();
      scheduler.add(plans.toReversed());
      const done = new Set<string>();
      const running: string[] = [];
      while (scheduler.unfinished > 0) {
        for (let id = scheduler.next(); id; id = scheduler.next()) {
          for (const dependency of plans[Number(id.slice(1))]!.dependencies!) {
            assert(done.has(dependency));
          }
          running.push(id);
        }
        for (const type of TYPES) {
          const now = running.filter((id) => plans[Number(id.slice(1))]!.type === type);
          assert(now.length <= LIMITS[type]!);
        }
        const [id] = running.splice(tape.below(running.length), 1);
        scheduler.succeed(id!);
        assert(!done.has(id!));
        done.add(id!);
      }
      assertEquals(done.size, plans.length);
    }),
    { ...SEED, numRuns: 100 },
  );
});

Deno.test("the task that the longest chain waits for goes first, else the order of adding decides", () => {
  const scheduler = new Scheduler();
  scheduler.add([
    plan("alone", []),
    plan("end", ["middle"]),
    plan("middle", ["start"]),
    plan("start", []),
    plan("short", []),
    plan("after short", ["short"]),
    plan("alone too", []),
  ]);
  const order: string[] = [];
  for (let id = scheduler.next(); id; id = scheduler.next()) {
    order.push(id);
    scheduler.succeed(id);
  }
  assertEquals(order, ["start", "middle", "short", "alone", "end", "after short", "alone too"]);
});

Deno.test("a type at its limit lets other types pass", () => {
  const scheduler = new Scheduler();
  scheduler.add([plan("a", [], "one"), plan("b", [], "one"), plan("c", []), plan("over b", ["b"])]);
  assertEquals([scheduler.next(), scheduler.next(), scheduler.next()], ["b", "c", undefined]);
  scheduler.succeed("b");
  assertEquals([scheduler.next(), scheduler.next(), scheduler.next()], ["a", "over b", undefined]);
});

Deno.test("results are let go of with the end of the last task that needs them", () => {
  const scheduler = new Scheduler();
  scheduler.add([
    plan("cached", undefined),
    plan("a", []),
    plan("b", ["a", "cached"]),
    plan("c", ["a", "b"]),
  ]);
  scheduler.next();
  assertEquals(scheduler.succeed("a"), { skipped: [], released: [] });
  scheduler.next();
  assertEquals(scheduler.succeed("b"), { skipped: [], released: ["cached"] });
  scheduler.next();
  assertEquals(sorted(scheduler.succeed("c")), { skipped: [], released: ["a", "b", "c"] });
});

Deno.test("a failed task lets go of what only skipped tasks needed", () => {
  const scheduler = new Scheduler();
  scheduler.add([
    plan("kept", []),
    plan("x", [], "one"),
    plan("over", ["x", "kept"]),
    plan("top", ["over", "kept"]),
  ]);
  assertEquals([scheduler.next(), scheduler.next()], ["kept", "x"]);
  scheduler.succeed("kept");
  assertEquals(sorted(scheduler.fail("x")), { skipped: ["over", "top"], released: ["kept"] });
  assertEquals([scheduler.causeOf("over"), scheduler.causeOf("top")], ["x", "x"]);
  assertEquals(scheduler.causeOf("x"), undefined);
  assertEquals([scheduler.unfinished, scheduler.next()], [0, undefined]);
});

Deno.test("what is added over a failed or skipped task is skipped at once", () => {
  const scheduler = new Scheduler();
  scheduler.add([plan("x", []), plan("y", ["x"]), plan("kept", undefined)]);
  scheduler.next();
  scheduler.fail("x");
  const late = scheduler.add([
    plan("later", ["y", "kept"]),
    plan("latest", ["later"]),
    plan("free", []),
  ]);
  assertEquals(sorted(late), { skipped: ["later", "latest"], released: ["kept"] });
  assertEquals(scheduler.causeOf("latest"), "x");
  assertEquals([scheduler.next(), scheduler.unfinished], ["free", 1]);
});

Deno.test("a lost result that depends on a failed task is not waited for", () => {
  const scheduler = new Scheduler();
  scheduler.add([
    plan("broken", []),
    plan("lost", undefined),
    plan("top", ["lost"]),
    plan("over", ["top"]),
  ]);
  assertEquals([scheduler.next(), scheduler.next()], ["top", "broken"]);
  scheduler.fail("broken");
  const entailed = scheduler.retry("top", [plan("lost", ["broken"])]);
  assertEquals(sorted(entailed), { skipped: ["lost", "over", "top"], released: [] });
  assertEquals(scheduler.causeOf("over"), "broken");
  assertEquals([scheduler.unfinished, scheduler.running], [0, 0]);
});

Deno.test("tasks that are run again, since their results were lost, keep the limit of their type", () => {
  const scheduler = new Scheduler();
  const ids = ["a", "b", "c"];
  scheduler.add([...ids.map((id) => plan(id, undefined, "one")), plan("top", ids)]);
  assertEquals(scheduler.next(), "top");
  scheduler.retry("top", ids.map((id) => plan(id, [], "one")));
  assertEquals([scheduler.next(), scheduler.next()], ["a", undefined]);
});

Deno.test("a task that was put back waits for what was lost in the meantime", () => {
  const scheduler = new Scheduler();
  scheduler.add([plan("a", []), plan("top", ["a"]), plan("other", ["a"])]);
  scheduler.next();
  scheduler.succeed("a");
  assertEquals([scheduler.next(), scheduler.next()], ["top", "other"]);
  scheduler.retry("top", [plan("a", [])]);
  scheduler.putBack("other");
  assertEquals([scheduler.next(), scheduler.next()], ["a", undefined]);
  scheduler.succeed("a");
  assertEquals([scheduler.next(), scheduler.next()], ["top", "other"]);
});

Deno.test("tasks that depend on themselves in a circle are refused", () => {
  const circle = () =>
    new Scheduler().add([
      plan("free", []),
      plan("a", ["c"]),
      plan("b", ["a"]),
      plan("c", ["b", "free"]),
    ]);
  assertThrows(circle, LabtechError, "depends on itself, by way of the tasks in its params");
  assertThrows(
    () => new Scheduler().add([plan("a", ["a"])]),
    LabtechError,
    "The task a depends on itself",
  );
  // A chain below a circle is no part of it.
  const below = () =>
    new Scheduler().add([plan("leaf", []), plan("a", ["b", "leaf"]), plan("b", ["a"])]);
  const { message } = assertThrows(below, LabtechError);
  assert(/The task [ab] /.test(message), message);
});

Deno.test("100,000 tasks with 300,000 edges run through, each begun and let go of once", () => {
  const [tasks, each] = [100_000, 3];
  const scheduler = new Scheduler();
  const plans = Array.from({ length: tasks }, (_, i) => {
    const below = new Set<string>();
    for (let j = 1; j <= Math.min(each, i); j++) below.add(`t${Math.max(0, i - 97 * j * j)}`);
    return plan(`t${i}`, [...below]);
  });
  const edges = plans.reduce((sum, { dependencies }) => sum + dependencies!.length, 0);
  assert(edges > 299_000, `${edges} edges`);
  scheduler.add(plans);
  let [begun, released] = [0, 0];
  const running: string[] = [];
  while (scheduler.unfinished > 0) {
    while (running.length < 64) {
      const id = scheduler.next();
      if (id === undefined) break;
      begun++;
      running.push(id);
    }
    released += scheduler.succeed(running.shift()!).released.length;
  }
  assertEquals([begun, released], [tasks, tasks]);
});

Deno.test("a failure below 200,000 tasks in a row, and one over as many, are told at once", () => {
  const count = 200_000;
  const chain = new Scheduler();
  chain.add(Array.from({ length: count }, (_, i) => plan(`t${i}`, i === 0 ? [] : [`t${i - 1}`])));
  chain.next();
  assertEquals(chain.fail("t0").skipped.length, count - 1);
  assertEquals(chain.causeOf(`t${count - 1}`), "t0");

  const wide = new Scheduler();
  const ids = Array.from({ length: count }, (_, i) => `t${i}`);
  wide.add([...ids.map((id) => plan(id, undefined)), plan("x", []), plan("top", [...ids, "x"])]);
  wide.next();
  assertEquals(wide.fail("x").released.length, count);
});

Deno.test("a paused task leaves its place and its type's, and keeps what it needs", () => {
  const scheduler = new Scheduler();
  const one = (id: string, dependencies: readonly string[] = []): Plan => ({
    id,
    type: "one",
    limit: 1,
    dependencies,
  });
  scheduler.add([plan("below", []), one("a", ["below"]), one("b"), plan("top", ["a"])]);
  assertEquals([scheduler.next(), scheduler.succeed("below").released], ["below", []]);
  assertEquals([scheduler.next(), scheduler.next()], ["a", undefined]);
  scheduler.pause("a");
  assertEquals([scheduler.running, scheduler.unfinished], [0, 3]);
  assertEquals([scheduler.next(), scheduler.next()], ["b", undefined]);
  assertEquals(scheduler.isNeeded("below"), true);
  scheduler.succeed("b");
  scheduler.resume("a");
  assertEquals(scheduler.next(), "a");
  scheduler.pause("a");
  assertEquals(scheduler.giveUp("a"), { skipped: ["top"], released: ["below"] });
  assertEquals([scheduler.unfinished, scheduler.giveUp("a")], [0, undefined]);
  scheduler.resume("a");
  assertEquals(scheduler.next(), undefined);
});

Deno.test("a paused task waits for its time and for what was lost meanwhile", () => {
  for (const order of [["time", "lost"], ["lost", "time"]]) {
    const scheduler = new Scheduler();
    scheduler.add([plan("below", []), plan("a", ["below"])]);
    scheduler.next();
    scheduler.succeed("below");
    scheduler.next();
    scheduler.pause("a");
    scheduler.reopen([plan("below", [])]);
    assertEquals(scheduler.next(), "below");
    for (const what of order) {
      assertEquals(scheduler.next(), undefined);
      if (what === "time") scheduler.resume("a");
      else scheduler.succeed("below");
    }
    assertEquals(scheduler.next(), "a");
  }
});

Deno.test("a task that is paused after something that it needs was lost waits for that too", () => {
  const scheduler = new Scheduler();
  scheduler.add([plan("below", undefined), plan("a", ["below"])]);
  assertEquals(scheduler.next(), "a");
  scheduler.reopen([plan("below", [])]);
  scheduler.pause("a");
  scheduler.resume("a");
  assertEquals([scheduler.next(), scheduler.next()], ["below", undefined]);
  scheduler.succeed("below");
  assertEquals(scheduler.next(), "a");
});
