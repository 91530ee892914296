import { FailureGroups } from "./progress/failure_groups.ts";
import { formatFailureGroup } from "./progress/format_failures.ts";
import { labelOf } from "./runners/_label.ts";
import type { Task } from "./task.ts";

/** How many kinds of failures are told: who wants more looks at `failures`. */
const MOST = 5;

/** Tells what failed, those tasks that failed alike together, each kind on a line, and what that entailed. */
export function failuresText(
  failures: ReadonlyMap<Task, Error>,
  skipped: ReadonlyMap<Task, Task | undefined>,
): string {
  const groups = new FailureGroups();
  const byId = new Map<string, Error>();
  for (const [task, failure] of failures) {
    groups.add(labelOf(task), failure.cause ?? failure);
    byId.set(task.id, failure);
  }
  const largest = groups.largest(MOST);
  const lines = largest.groups.map((group) =>
    group.count === 1 ? byId.get(group.first.id)!.message : formatFailureGroup(group)
  );
  if (largest.others > 0) lines.push(`and ${largest.others} more`);
  const entailed = [...skipped.values()].filter((cause) => cause !== undefined).length;
  const left = skipped.size - entailed;
  if (entailed > 0) lines.push(`${entailed} skipped, since they need what failed`);
  if (left > 0) lines.push(`${left} not run, since the run was ended`);
  return lines.map((line) => `\n  ${line}`).join("");
}
