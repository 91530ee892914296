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
