import { describe } from "../describe.ts";
import { sha256Hex } from "../digest.ts";
import { TaskError } from "../errors.ts";

/** How many of some tasks: a number of them, or a share such as `"5%"`. */
export type SampleSize = number | `${number}%`;

/** What of a task decides whether it is part of a sample. */
interface Candidate {
  readonly id: string;
  readonly taskName: string;
}

const SHARE = /^(\d+(?:\.\d+)?)%$/;

/**
 * Chooses some of the tasks, of each type in proportion to how many there are, but at least one of each as
 * far as that goes. The same tasks and seed give the same sample; a task more or less hardly changes it.
 *
 * @throws {TaskError} When the size is neither a whole number from 1 nor a share up to `100%`.
 */
export function stratifiedSample<T extends Candidate>(
  tasks: Iterable<T>,
  size: SampleSize,
  seed: number | string,
): T[] {
  const ranks = new Map<T, string>();
  for (const task of tasks) ranks.set(task, sha256Hex(`${seed}\n${task.id}`));
  const byRank = (a: T, b: T) => ranks.get(a)! < ranks.get(b)! ? -1 : 1;
  const types = [
    ...Map.groupBy([...ranks.keys()].sort(byRank), ({ taskName }) => taskName).values(),
  ];
  const counts = countsOf(types.map(({ length }) => length), size);
  return types.flatMap((ofType, i) => ofType.slice(0, counts[i]));
}

/** How many of each type, by their numbers. */
function countsOf(numbers: readonly number[], size: SampleSize): number[] {
  const share = typeof size === "string" ? Number(SHARE.exec(size)?.[1]) / 100 : undefined;
  if (share !== undefined && share > 0 && share <= 1) {
    return numbers.map((number) => Math.ceil(number * share));
  }
  if (typeof size !== "number" || !Number.isSafeInteger(size) || size < 1) {
    throw new TaskError(
      `Expected sample to be a whole number from 1, or a share from "0%" to "100%", got ${
        describe(size)
      }`,
    );
  }
  const counts = numbers.map(() => 0);
  const all = numbers.reduce((sum, number) => sum + number, 0);
  for (let left = Math.min(size, all); left > 0; left--) {
    // One each first, then by the divisors of Webster and Sainte-Laguë, which favour neither large nor small.
    const merits = numbers.map((number, i) => {
      if (counts[i] === number) return -1;
      return counts[i] === 0 ? Infinity : number / (2 * counts[i]! + 1);
    });
    counts[merits.indexOf(Math.max(...merits))]!++;
  }
  return counts;
}
