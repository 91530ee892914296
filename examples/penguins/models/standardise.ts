// @ts-types="npm:@types/d3-array@^3.2.2"
import { deviation, mean } from "d3-array";

/**
 * Learns from some rows how to bring each column to mean 0 and standard deviation 1. Learn it from
 * the training rows alone: what is tested on must not have been seen.
 *
 * @returns What standardises rows, those learned from as well as others. A column that does not vary
 *   is only shifted.
 */
export function fitStandardiser(
  rows: readonly (readonly number[])[],
): (rows: readonly (readonly number[])[]) => number[][] {
  const columns = (rows[0] ?? []).map((_, column) => {
    const values = rows.map((row) => row[column]!);
    return { centre: mean(values)!, scale: deviation(values) || 1 };
  });
  return (others) =>
    others.map((row) => columns.map(({ centre, scale }, i) => (row[i]! - centre) / scale));
}
