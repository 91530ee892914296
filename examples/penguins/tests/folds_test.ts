import { assert, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { stratifiedFolds } from "../folds.ts";

const labels = Array.from({ length: 342 }, (_, i) => i < 151 ? 0 : i < 219 ? 1 : 2);

Deno.test("every row is in exactly one fold", () => {
  const folds = stratifiedFolds(labels, { folds: 5, seed: 1 });
  assertEquals(folds.flat().sort((a, b) => a - b), labels.map((_, i) => i));
});

Deno.test("folds have the same size and share of each class, give or take one row", () => {
  const folds = stratifiedFolds(labels, { folds: 5, seed: 1 });
  const sizes = [
    folds.map((fold) => fold.length),
    ...[0, 1, 2].map((label) =>
      folds.map((fold) => fold.filter((row) => labels[row] === label).length)
    ),
  ];
  for (const counts of sizes) assert(Math.max(...counts) - Math.min(...counts) <= 1, `${counts}`);
});

Deno.test("equal seeds give equal folds, others others", () => {
  const deal = (seed: number) => stratifiedFolds(labels, { folds: 5, seed });
  assertEquals(deal(2020), deal(2020));
  assertNotEquals(deal(2020), deal(2021));
});

Deno.test("a number of folds that leaves one empty is refused", () => {
  for (const folds of [1, 2.5, 343, NaN]) {
    assertThrows(() => stratifiedFolds(labels, { folds, seed: 1 }), RangeError, `got ${folds}`);
  }
});
