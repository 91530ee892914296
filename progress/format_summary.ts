import type { RunSummary } from "./events.ts";
import { formatDuration } from "./format_duration.ts";
import { neutralizeLine } from "./neutralize.ts";

/** What took less, in ms, nobody waits for. */
const WORTH_TELLING = 1000;

/**
 * Writes a run as one line, e.g. `153 tasks: 153 run, 0 from cache, 0 failed in 4.1 s`. Skipped
 * tasks, and those that a stopped run left undone, are named only where there are any; what the cache
 * saved only where it is a second or more.
 */
export function formatSummary(summary: RunSummary): string {
  const { tasks, run, cached, failed, skipped, duration, saved = 0 } = summary;
  const counts = [`${run} run`, `${cached} from cache`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  const undone = tasks - run - cached - failed - skipped;
  if (undone > 0) counts.push(`${undone} not finished`);
  const noun = tasks === 1 ? "task" : "tasks";
  const line = `${tasks} ${noun}: ${counts.join(", ")} in ${formatDuration(duration)}`;
  return saved < WORTH_TELLING ? line : `${line}; the cache saved ${formatDuration(saved)}`;
}

/** What took less than this part of the longest is not among the slowest. */
const SLOW = 0.05;

/**
 * Writes the tasks that ran longest, a line each, e.g. `  12.3 s  Fit(depth=8, fold=1)`; none where not even the
 * longest took a second, or it was the only one.
 */
export function formatSlowest({ run, slowest = [] }: RunSummary): string[] {
  const longest = slowest[0]?.duration ?? 0;
  if (run < 2 || longest < WORTH_TELLING) return [];
  const told = slowest.filter(({ duration }) => duration >= SLOW * longest);
  const times = told.map(({ duration }) => formatDuration(duration));
  const width = Math.max(...times.map(({ length }) => length));
  const lines = told.map(({ task }, n) =>
    `  ${times[n]!.padStart(width)}  ${neutralizeLine(task.text)}`
  );
  return ["Slowest:", ...lines];
}
