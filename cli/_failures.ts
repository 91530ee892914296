import { FailureGroups } from "../progress/failure_groups.ts";
import { neutralize, neutralizeLine } from "../progress/neutralize.ts";
import { labelOf } from "../runners/_label.ts";
import type { Task } from "../task.ts";
import { count } from "./_quantities.ts";

/** How many failures, or kinds of them, are told one by one; `--json` has all. */
const MOST = 10;

/** How much is said of an error. */
export interface Verbosity {
  /** Whether stacks are printed. */
  readonly verbose?: boolean;
}

/** Says which task failed, and why. */
export function failureText(task: Task, failure: Error, { verbose }: Verbosity): string {
  // The failure itself only repeats, in other words, the task and the message of its cause.
  const cause = failure.cause ?? failure;
  const line = `Failed: ${neutralizeLine(String(task))}`;
  if (verbose) return `${line}\n${indented(stackOf(cause))}`;
  return `${line}\n${indented(cause instanceof Error ? `${cause.name}: ${cause.message}` : cause)}`;
}

/** Says which tasks failed, those that failed alike together; with `verbose`, each with its stack. */
export function failuresText(failures: ReadonlyMap<Task, Error>, verbosity: Verbosity): string {
  const all = [...failures];
  if (verbosity.verbose) {
    return all.map(([task, error]) => failureText(task, error, verbosity)).join("");
  }
  const groups = new FailureGroups();
  for (const [task, failure] of all) groups.add(labelOf(task), failure.cause ?? failure);
  const { groups: largest, others } = groups.largest(MOST);
  const byId = new Map(all.map(([task, failure]) => [task.id, [task, failure] as const]));
  const texts = largest.map((group) => {
    const [task, failure] = byId.get(group.first.id)!;
    const alike = group.count === 1
      ? ""
      : `  and ${group.count - 1} more of ${task.taskName} alike\n`;
    return failureText(task, failure, verbosity) + alike;
  });
  return texts.join("") + (others === 0 ? "" : `${others} more failed, in other ways\n`);
}

/** Says which tasks were skipped, by what they lacked. */
export function skippedText(skipped: ReadonlyMap<Task, Task | undefined>): string {
  const counts = new Map<Task | undefined, number>();
  for (const root of skipped.values()) counts.set(root, (counts.get(root) ?? 0) + 1);
  const roots = [...counts].sort((a, b) => b[1] - a[1]);
  const rest = roots.splice(MOST);
  const told = roots.map(([root, number]) => {
    const were = `${count(number, "task was", "tasks were")} not run`;
    return root === undefined
      ? `${were}, since the run ended\n`
      : `${were}, for lack of ${neutralizeLine(String(root))}\n`;
  }).join("");
  if (rest.length === 0) return told;
  const left = rest.reduce((sum, [, number]) => sum + number, 0);
  return `${told}${left} more were not run, for lack of ${rest.length} others\n`;
}

/** Says what went wrong with a command. */
export function errorText(error: unknown, { verbose }: Verbosity): string {
  if (verbose || !(error instanceof Error)) return neutralize(stackOf(error));
  return neutralize(error.message);
}

function stackOf(error: unknown): string {
  return Deno.inspect(error, { depth: 4, iterableLimit: 20 });
}

function indented(text: unknown): string {
  return neutralize(String(text)).trim().split("\n").map((line) => `  ${line}\n`).join("");
}
