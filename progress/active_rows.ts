import type { TaskLabel, TaskUsage } from "./events.ts";
import { formatBytes } from "./format_bytes.ts";
import { formatDuration } from "./format_duration.ts";
import { neutralizeLine } from "./neutralize.ts";
import type { ActiveTask, RunState, WaitingTask } from "./run_state.ts";

/** What is told of a task that goes on: empty where there is nothing to say. */
export interface ActiveRow {
  /** The task in words, safe to print. */
  readonly name: string;
  /** What it is at. */
  readonly status: string;
  /** The same in few characters. */
  readonly brief: string;
  /** Whether it just runs, for the first time. */
  readonly isPlain: boolean;
  /** For how long it has been at it; empty where the status says what comes when. */
  readonly since: string;
  /** Its share of a processor. */
  readonly cpu: string;
  /** Its memory. */
  readonly memory: string;
}

/** What goes on, and what of it is shown. */
export interface ActiveRows {
  /** Tasks that run, longest first, then those that wait. */
  readonly rows: readonly ActiveRow[];
  /** Says how much more there is: `and 12 more`; empty where there is none. */
  readonly more: string;
}

/**
 * What a task takes is shown for so long, in ms, after it was told. A thread that computes without a pause
 * cannot tell, and what it took before is not what it takes now.
 */
const FRESH = 3000;
/** Waiting for another process is shown from so many ms on: most of it is over sooner. */
const WORTH_TELLING = 500;
const LONGEST_NAME = 400;

/** How many tasks go on: run, or wait for long enough to be shown. */
export function countActive(state: RunState, now: number): number {
  return state.active.size + state.pausing.size + elsewhereOf(state, now);
}

/** Describes at most so many tasks that go on. */
export function activeRows(state: RunState, now: number, most: number): ActiveRows {
  const { active, pausing } = state;
  const elsewhere = elsewhereOf(state, now);
  const rows = [
    ...active.values().take(most).map((task) => runningRow(task, now)),
    ...pausing.values().take(Math.max(0, most - active.size)).map((task) => waitingRow(task, now)),
    ...state.elsewhere.values()
      .take(Math.min(elsewhere, Math.max(0, most - active.size - pausing.size)))
      .map((task) => waitingRow(task, now)),
  ];
  const left = active.size + pausing.size + elsewhere - rows.length;
  if (left === 0) return { rows, more: "" };
  const away = Math.min(left, elsewhere);
  const others = away === 0 ? "" : `, ${away === left ? "" : `${away} `}in another process`;
  return { rows, more: `and ${left} more${others}` };
}

// They stand in the order in which they began to wait.
function elsewhereOf({ elsewhere }: RunState, now: number): number {
  const [first] = elsewhere.values();
  return first === undefined || now - first.since < WORTH_TELLING ? 0 : elsewhere.size;
}

function runningRow(
  { task, since, attempt, usage, worker }: ActiveTask,
  now: number,
): ActiveRow {
  const known: TaskUsage = usage !== undefined && now - usage.at < FRESH ? usage : {};
  return {
    name: nameOf(task),
    status: (attempt === undefined ? "running" : `attempt ${attempt.number} of ${attempt.of}`) +
      (worker === undefined ? "" : ` on ${neutralizeLine(worker)}`),
    brief: attempt === undefined ? "" : `try ${attempt.number}/${attempt.of}`,
    isPlain: attempt === undefined,
    since: formatDuration(now - since, { smallest: "s" }),
    cpu: known.cpu === undefined ? "" : `${Math.round(100 * known.cpu)}%`,
    memory: known.memory === undefined ? "" : formatBytes(known.memory),
  };
}

function waitingRow({ task, since, next }: WaitingTask, now: number): ActiveRow {
  const left = next && formatDuration(next.at - now + 999, { smallest: "s" });
  return {
    name: nameOf(task),
    status: next === undefined
      ? "waiting for another process"
      : `attempt ${next.number} of ${next.of} in ${left}`,
    brief: next === undefined ? "waiting" : `retry in ${left}`,
    isPlain: false,
    // Of what begins again soon, that matters; not since when it has not run.
    since: next === undefined ? formatDuration(now - since, { smallest: "s" }) : "",
    cpu: "",
    memory: "",
  };
}

function nameOf({ text }: TaskLabel): string {
  return neutralizeLine(text.slice(0, LONGEST_NAME));
}
