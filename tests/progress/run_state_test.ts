import { activeRows } from "../../progress/active_rows.ts";
import { assertEquals, assertObjectMatch } from "@std/assert";
import { finishedOf, rateOf, summaryOf, totalOf } from "../../progress/run_state.ts";
import * as on from "./_events.ts";

const { label, START, stateAfter } = on;

Deno.test("a state counts, by type, how tasks ended", () => {
  const state = stateAfter(on.middleOfAStudy());
  assertEquals([...state.types.keys()], ["LoadAndSplit", "FitAndScore", "Aggregate", "Rank"]);
  const type = state.types.get("FitAndScore")!;
  assertObjectMatch({ ...type }, { planned: 150, run: 40, cached: 20, failed: 2, active: 13 });
  assertEquals([finishedOf(type), totalOf(type)], [62, 150]);
  assertEquals(state.active.size, 13);
});

Deno.test("active tasks stand in the order in which they began", () => {
  const state = stateAfter([
    on.started(label("A", 1)),
    on.started(label("B", 1)),
    on.started(label("A", 2)),
    on.ran(label("B", 1)),
  ]);
  assertEquals([...state.active.values()].map(({ task }) => task.id), ["A-1", "A-2"]);
});

Deno.test("a task that begins twice, as in a second attempt, is counted once", () => {
  const twice = [on.started(label("A", 1)), on.started(label("A", 1), START + 5)];
  const state = stateAfter(twice);
  assertEquals(state.types.get("A")!.active, 1);
  assertEquals(state.active.get("A-1")!.since, START + 5);
  assertEquals(stateAfter([...twice, on.ran(label("A", 1))]).types.get("A")!.active, 0);
});

Deno.test("more tasks than were planned raise the total", () => {
  const state = stateAfter([on.planned("A", 1), on.ran(label("A", 1)), on.started(label("A", 2))]);
  assertEquals(totalOf(state.types.get("A")!), 2);
});

Deno.test("the rate counts from the first task that ran, and leaves out what was cached", () => {
  const events = [on.planned("A", 9)];
  for (let n = 0; n < 5; n++) events.push(on.cached(label("A", n), START + 1000));
  const before = stateAfter(events).types.get("A")!;
  assertEquals(rateOf(before, START + 2000), undefined);
  events.push(on.started(label("A", 5), START + 10_000), on.ran(label("A", 5), START + 11_000));
  events.push(on.started(label("A", 6), START + 11_000), on.ran(label("A", 6), START + 12_000));
  assertEquals(rateOf(stateAfter(events).types.get("A")!, START + 12_000), 2 / 2000);
});

Deno.test("the summary of the run is kept, and one is made up for a run that was broken off", () => {
  const events = [...on.middleOfAStudy()];
  assertEquals(summaryOf(stateAfter(events), START + 42_000), {
    ...{ tasks: 182, run: 41, cached: 20, failed: 2, skipped: 1, duration: 42_000 },
  });
  const summary = { tasks: 1, run: 1, cached: 0, failed: 0, skipped: 0, duration: 7 };
  const ended = stateAfter([...events, { kind: "ended", at: START, summary }]);
  assertEquals(summaryOf(ended, START + 42_000), summary);
  assertEquals(ended.active.size, 0);
});

Deno.test("names of types are made safe before they are shown", () => {
  const state = stateAfter([on.planned("A\x1b[2J\nB", 1)]);
  assertEquals(state.types.get("A\x1b[2J\nB")!.name, "A␛[2J B");
});

Deno.test("a task that fails waits for its next attempt, and says which one it is at", () => {
  const task = label("A", 1);
  const error = new Error("no");
  const retrying = {
    kind: "retrying",
    at: START,
    task,
    attempt: 1,
    attempts: 3,
    delay: 4000,
    error,
  } as const;
  const events = [on.started(task), retrying];
  const [pausing] = activeRows(stateAfter(events), START, 10).rows;
  assertEquals([pausing!.status, pausing!.brief], ["attempt 2 of 3 in 4 s", "retry in 4 s"]);
  const again = stateAfter([...events, on.started(task, START + 4000)]);
  assertEquals(activeRows(again, START + 4000, 10).rows.map(({ status }) => status), [
    "attempt 2 of 3",
  ]);
});

Deno.test("a task that another process computes waits for it, which is told when it takes a while", () => {
  const task = label("A", 1);
  const events = [on.planned("A", 2), { kind: "waiting", at: START, task } as const];
  const state = stateAfter(events);
  assertEquals(activeRows(state, START + 100, 10).rows, []);
  const [row] = activeRows(state, START + 1000, 10).rows;
  assertEquals([row!.status, row!.since], ["waiting for another process", "1 s"]);
  assertEquals(stateAfter([...events, on.cached(task)]).elsewhere.size, 0);
});

Deno.test("what a task takes is shown until it is too old to be true", () => {
  const task = label("A", 1);
  const usage = { kind: "usage", at: START + 1000, task, cpu: 0.984, memory: 85_300_000 } as const;
  const state = stateAfter([on.started(task), usage]);
  const told = (at: number) =>
    activeRows(state, at, 10).rows.map(({ cpu, memory }) => [cpu, memory]);
  assertEquals(told(START + 1500), [["98%", "85 MB"]]);
  assertEquals(told(START + 9000), [["", ""]]);
});
