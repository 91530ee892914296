import { assert } from "@std/assert";

/** How many problems a failure tells of: the log of a long run shows its end alone. */
const TOLD = 5;

/** Asserts that a check has found nothing. What it has found is told in a line each. */
export function assertNoProblems(problems: readonly string[]): void {
  const lines = problems.slice(0, TOLD).map((each) => `  ${each.replaceAll(/\s+/g, " ")}`);
  assert(problems.length === 0, `${problems.length} problems, such as:\n${lines.join("\n")}`);
}
