import type { FailureGroup, FailureGroups } from "./failure_groups.ts";
import { neutralizeLine } from "./neutralize.ts";

/** How many kinds of failures are told. */
const MOST = 10;

/**
 * Writes what failed, a line for each kind of failure, the most frequent first, under a heading; none where
 * nothing failed.
 */
export function formatFailures(failures: FailureGroups): string[] {
  const { groups, others } = failures.largest(MOST);
  if (failures.total === 0) return [];
  const lines = groups.map((group) => `  ${formatFailureGroup(group)}`);
  if (others > 0) {
    lines.push(`  ${others} ${others === 1 ? "other" : "others"}, each in its own way`);
  }
  return ["Failed:", ...lines];
}

/**
 * Writes failures that are alike, e.g. `60 tasks of Fit: RangeError: no tree of depth 16 (first:
 * Fit(depth=16, fold=1))`; of a single one, the task and its error.
 */
export function formatFailureGroup({ first, reason, count }: FailureGroup): string {
  const text = neutralizeLine(first.text);
  if (count === 1) return `${text}: ${reason}`;
  return `${count} tasks of ${neutralizeLine(first.type)}: ${reason} (first: ${text})`;
}
