// The tasks that are killed. A module of its own: runners import it where they run tasks.
import { type Task, task } from "../task.ts";

/** A value that is large enough to take several writes now and then. */
export const FaultPart = task(import.meta, {
  name: "FaultPart",
  run: ({ life, n }: { readonly life: number; readonly n: number }) => partOf(life, n),
});

/** A sum over the parts. */
export const FaultSum = task(import.meta, {
  name: "FaultSum",
  run: ({ of }: { readonly of: readonly Task<{ sum: number; data: Uint32Array }>[] }) =>
    of.reduce((sum, { result }) => sum + result.sum, 0),
});

/** How many tasks one life runs. */
export const FAULT_TASKS = 24;

/** What {@linkcode FaultPart} gives. */
export function partOf(life: number, n: number): { sum: number; data: Uint32Array } {
  const data = new Uint32Array(n % 8 === 7 ? 20_000 : 10 * n).map((_, at) => life + n + at);
  return { sum: life * n, data };
}

/** The tasks of one life: what they sum up to, and on what that rests. */
export function tasksOf(life: number): {
  readonly parts: Task<{ sum: number; data: Uint32Array }>[];
  readonly sum: Task<number>;
} {
  const parts = Array.from({ length: FAULT_TASKS - 1 }, (_, n) => FaultPart({ life, n }));
  return { parts, sum: FaultSum({ of: parts }) };
}
