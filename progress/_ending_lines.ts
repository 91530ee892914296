import type { RunSummary } from "./events.ts";
import { formatFailures } from "./format_failures.ts";
import { formatSlowest, formatSummary } from "./format_summary.ts";
import type { RunState } from "./run_state.ts";
import { cutMiddle, wrapText } from "./text_width.ts";

/** In narrower terminals, words are not kept whole. */
const NARROWEST_TO_WRAP = 30;

/**
 * What is said at the end of a run: what took longest, what failed, and the run in numbers; for so many columns
 * where there is a terminal.
 */
export function endingLines(
  { failures }: RunState,
  summary: RunSummary,
  { columns = Infinity }: { readonly columns?: number } = {},
): string[] {
  const width = columns < NARROWEST_TO_WRAP ? Infinity : columns - 1;
  const rest = [...formatFailures(failures), formatSummary(summary)];
  return [
    ...formatSlowest(summary).map((line) => cutMiddle(line, width)),
    ...rest.flatMap((line) => wrapText(line, width)),
  ];
}
