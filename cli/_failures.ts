import { neutralize, neutralizeLine } from "../progress/neutralize.ts";
import type { Task } from "../task.ts";
import { count } from "./_quantities.ts";

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

/** Says which tasks were skipped, by what they lacked. */
export function skippedText(skipped: ReadonlyMap<Task, Task | undefined>): string {
  const counts = new Map<Task | undefined, number>();
  for (const root of skipped.values()) counts.set(root, (counts.get(root) ?? 0) + 1);
  return [...counts].map(([root, number]) => {
    const were = `${count(number, "task was", "tasks were")} not run`;
    return root === undefined
      ? `${were}, since the run ended\n`
      : `${were}, for lack of ${neutralizeLine(String(root))}\n`;
  }).join("");
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
