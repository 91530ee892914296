import type { RunSummary } from "./events.ts";
import { formatDuration } from "./format_duration.ts";

/**
 * Writes a run as one line, e.g. `153 tasks: 153 run, 0 from cache, 0 failed in 4.1 s`. Skipped
 * tasks, and those that a stopped run left undone, are named only where there are any.
 */
export function formatSummary(summary: RunSummary): string {
  const { tasks, run, cached, failed, skipped, duration } = summary;
  const counts = [`${run} run`, `${cached} from cache`, `${failed} failed`];
  if (skipped > 0) counts.push(`${skipped} skipped`);
  const undone = tasks - run - cached - failed - skipped;
  if (undone > 0) counts.push(`${undone} not finished`);
  const noun = tasks === 1 ? "task" : "tasks";
  return `${tasks} ${noun}: ${counts.join(", ")} in ${formatDuration(duration)}`;
}
