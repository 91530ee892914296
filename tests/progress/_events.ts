import type { LogLevel, RunEvent, TaskLabel } from "../../progress/events.ts";
import { advance, initialState } from "../../progress/run_state.ts";
import type { RunState } from "../../progress/run_state.ts";

/** When the runs of these tests begin, in ms since the epoch. */
export const START = 1_700_000_000_000;

/** A task as displays know it. */
export function label(type: string, n: number | string, text = `${type}(n=${n})`): TaskLabel {
  return { id: `${type}-${n}`, type, text };
}

export function planned(type: string, count: number, at = START): RunEvent {
  return { kind: "planned", at, type, count };
}

export function started(task: TaskLabel, at = START): RunEvent {
  return { kind: "started", at, task };
}

export function ran(task: TaskLabel, at = START): RunEvent {
  return { kind: "done", at, task, from: "run", duration: 1 };
}

export function cached(task: TaskLabel, at = START): RunEvent {
  return { kind: "done", at, task, from: "cache", duration: 1 };
}

export function failed(task: TaskLabel, error: Error, at = START): RunEvent {
  return { kind: "failed", at, task, error };
}

export function skipped(task: TaskLabel, at = START): RunEvent {
  return { kind: "skipped", at, task };
}

export function logged(
  text: string,
  log: { level?: LogLevel; task?: TaskLabel; at?: number } = {},
): RunEvent {
  return { kind: "log", at: START, level: "info", text, ...log };
}

/** The state after events. */
export function stateAfter(events: Iterable<RunEvent>): RunState {
  const state = initialState();
  for (const event of events) advance(state, event);
  return state;
}

/** A study in its middle, 42 s after its start: one type done, one under way, two to come. */
export function* middleOfAStudy(): Generator<RunEvent> {
  for (
    const [type, count] of [["LoadAndSplit", 1], ["FitAndScore", 150], ["Aggregate", 30], [
      "Rank",
      1,
    ]] as const
  ) {
    yield planned(type, count);
  }
  yield started(label("LoadAndSplit", 0));
  yield ran(label("LoadAndSplit", 0), START + 850);
  for (let n = 0; n < 20; n++) yield cached(label("FitAndScore", n), START + 1000);
  for (let n = 20; n < 75; n++) yield started(label("FitAndScore", n), START + 2000);
  for (let n = 20; n < 60; n++) yield ran(label("FitAndScore", n), START + 30_000);
  yield failed(label("FitAndScore", 60), new TypeError("no"), START + 30_000);
  yield failed(label("FitAndScore", 61), new TypeError("no"), START + 30_000);
  yield skipped(label("Aggregate", 0), START + 30_000);
}
