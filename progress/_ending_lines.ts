import type { RunSummary } from "./events.ts";
import { formatFailures } from "./format_failures.ts";
import { formatSlowest, formatSummary } from "./format_summary.ts";
import type { RunState } from "./run_state.ts";

/** What is said at the end of a run: what took longest, what failed, and the run in numbers. */
export function endingLines({ failures }: RunState, summary: RunSummary): string[] {
  return [...formatSlowest(summary), ...formatFailures(failures), formatSummary(summary)];
}
