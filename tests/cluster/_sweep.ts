import type { Task } from "@labtech/lab";
import { Join, joined, Leaf, numbersOf, type Stamped } from "./_tasks.ts";

/** How many leaves are joined into one. */
const JOINED = 4;

/** A task, and what must come of it. */
export interface SweepTask {
  readonly task: Task<Stamped>;
  readonly numbers: Uint32Array;
}

/** How large a sweep is. */
export interface SweepOptions {
  /** How many tasks: a fifth of them take the results of four others. */
  readonly tasks: number;
  /** How long tasks take on average, in ms; half as long at least, and half as long again at most. */
  readonly ms: number;
  /** From which task on they are held up until they are let through. @default none is */
  readonly heldFrom?: number;
}

/** The tasks of a sweep, in the order in which they are asked for; no two have the same seed. */
export function sweepOf({ tasks, ms, heldFrom = Infinity }: SweepOptions): SweepTask[] {
  const sweep: SweepTask[] = [];
  for (let seed = 1; seed <= tasks; seed++) {
    // Spread evenly by the golden ratio.
    const course = { seed, ms: ms / 2 + ms * ((seed * 0.618034) % 1), isHeld: seed > heldFrom };
    const before = sweep.slice(-JOINED);
    if (seed % (JOINED + 1) === 0) {
      const task = Join({ ...course, of: before.map(({ task }) => task) });
      sweep.push({ task, numbers: joined(before.map(({ numbers }) => numbers)) });
    } else sweep.push({ task: Leaf(course), numbers: numbersOf(seed) });
  }
  return sweep;
}
