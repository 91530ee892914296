import type { TaskLabel } from "./events.ts";
import { neutralizeLine } from "./neutralize.ts";

/** Failures of one type that are alike: of one error, but for numbers and what stands in quotes. */
export interface FailureGroup {
  /** The first task that failed so. */
  readonly first: TaskLabel;
  /** Its error in one line, with the cause behind it. */
  readonly reason: string;
  /** How many tasks failed so. */
  count: number;
}

/** No more kinds are told apart: where all fail in ways of their own, the first ones will do. */
const MOST_KINDS = 100;
/** How many characters of a reason are kept, and how deep causes are looked for. */
const LONGEST_REASON = 300;
const DEEPEST = 10;

/** Counts failures by what went wrong, so that a bug in many tasks is told once. */
export class FailureGroups {
  readonly #groups = new Map<string, FailureGroup>();
  #latest: FailureGroup | undefined;
  #others = 0;
  #total = 0;

  /** Takes in that a task failed. */
  add(task: TaskLabel, error: unknown): void {
    this.#total++;
    const reason = reasonOf(error, task);
    const key = `${task.type} ${kindOf(reason.replaceAll(task.text, ""))}`;
    const group = this.#groups.get(key);
    this.#latest = group;
    if (group !== undefined) group.count++;
    else if (this.#groups.size >= MOST_KINDS) this.#others++;
    else this.#groups.set(key, this.#latest = { first: task, reason, count: 1 });
  }

  /** The group that the latest failure is of; `undefined` where there are too many to tell. */
  get latest(): Readonly<FailureGroup> | undefined {
    return this.#latest;
  }

  /** How many tasks failed. */
  get total(): number {
    return this.#total;
  }

  /** The largest groups, and how many failures are of none of them. */
  largest(most: number): { readonly groups: FailureGroup[]; readonly others: number } {
    // Sorting is stable: of groups alike in size, the one that was met first.
    const all = [...this.#groups.values()].sort((a, b) => b.count - a.count);
    const rest = all.slice(most).reduce((sum, { count }) => sum + count, 0);
    return { groups: all.slice(0, most), others: rest + this.#others };
  }
}

/**
 * An error in one line, with the innermost of its causes, where that says something else. The name of the task,
 * which stands before it, is not said again.
 */
export function reasonOf(error: unknown, task: TaskLabel): string {
  const outer = lineOf(error);
  let root = error;
  for (let depth = 0; depth < DEEPEST && root instanceof Error; depth++) {
    if (!(root.cause instanceof Error)) break;
    root = root.cause;
  }
  const inner = root === error ? "" : lineOf(root);
  const message = root instanceof Error ? firstLine(root.message) : "";
  const isTold = inner === "" || (message !== "" && outer.includes(message));
  const reason = (isTold ? outer : `${outer}, caused by ${inner}`)
    .replace(`: ${neutralizeLine(task.text)} `, ": ");
  return reason.length > LONGEST_REASON
    ? `${reason.slice(0, LONGEST_REASON - 1).toWellFormed()}…`
    : reason;
}

function lineOf(error: unknown): string {
  if (!(error instanceof Error)) return firstLine(String(error));
  const message = firstLine(error.message);
  return message === "" ? neutralizeLine(error.name) : `${neutralizeLine(error.name)}: ${message}`;
}

function firstLine(text: unknown): string {
  return neutralizeLine(String(text).trim().split("\n", 1)[0]!);
}

function kindOf(reason: string): string {
  return reason.replace(/"[^"]*"|'[^']*'|`[^`]*`/g, "…").replace(/\d+(?:\.\d+)?/g, "#");
}
