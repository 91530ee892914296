// @ts-types="npm:@types/d3-array@^3.2.2"
import { range, shuffler } from "d3-array";
// @ts-types="npm:@types/d3-random@^3.0.3"
import { randomLcg } from "d3-random";

/**
 * Deals the rows out to folds, so that each fold has its share of every class: class by class, in
 * random order, one to each fold in turn.
 *
 * @param labels The class of each row.
 * @param seed Equal seeds give equal folds.
 * @returns The rows of each fold, in ascending order. Every row is in one fold.
 * @throws {RangeError} When a fold would stay without a row.
 */
export function stratifiedFolds(
  labels: readonly number[],
  { folds, seed }: { folds: number; seed: number },
): number[][] {
  if (!Number.isInteger(folds) || folds < 2 || folds > labels.length) {
    throw new RangeError(`Expected 2 to ${labels.length} folds, got ${folds}`);
  }
  const shuffle = shuffler(randomLcg(toUnit(seed)));
  const dealt: number[][] = Array.from({ length: folds }, () => []);
  let next = 0;
  for (const label of [...new Set(labels)].sort((a, b) => a - b)) {
    const rows = range(labels.length).filter((row) => labels[row] === label);
    for (const row of shuffle(rows)) dealt[next++ % folds]!.push(row);
  }
  return dealt.map((rows) => rows.sort((a, b) => a - b));
}

// randomLcg wants a number from 0 to 1, and takes 32 bits of it.
function toUnit(seed: number): number {
  return (seed >>> 0) / 2 ** 32;
}
