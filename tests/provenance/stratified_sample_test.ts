import { TaskError } from "@labtech/lab";
import { assert, assertEquals, assertThrows } from "@std/assert";
import { stratifiedSample } from "../../provenance/stratified_sample.ts";

const tasks = (numbers: Readonly<Record<string, number>>) =>
  Object.entries(numbers).flatMap(([taskName, number]) =>
    Array.from({ length: number }, (_, n) => ({ taskName, id: `${taskName}__${n}` }))
  );

function counted(sample: readonly { taskName: string }[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { taskName } of sample) counts[taskName] = (counts[taskName] ?? 0) + 1;
  return counts;
}

Deno.test("each type has its share, and at least one as far as that goes", () => {
  const all = tasks({ a: 900, b: 90, c: 10, d: 1 });
  assertEquals(counted(stratifiedSample(all, 20, 0)), { a: 16, b: 2, c: 1, d: 1 });
  assertEquals(counted(stratifiedSample(all, 4, 0)), { a: 1, b: 1, c: 1, d: 1 });
  assertEquals(Object.values(counted(stratifiedSample(all, 2, 0))), [1, 1]);
  assertEquals(stratifiedSample(all, 5000, 0).length, 1001);
  assertEquals(counted(stratifiedSample(all, "10%", 0)), { a: 90, b: 9, c: 1, d: 1 });
  assertEquals(stratifiedSample(all, "100%", 0).length, 1001);
  assertEquals(stratifiedSample([], 20, 0), []);
});

Deno.test("the same seed gives the same sample, in whatever order the tasks come", () => {
  const all = tasks({ a: 50, b: 50 });
  const ids = (given: typeof all, size: number, seed: number | string) =>
    stratifiedSample(given, size, seed).map(({ id }) => id).sort();
  assertEquals(ids(all, 10, 1), ids(all.toReversed(), 10, 1));
  assertEquals(ids(all, 10, "1"), ids(all, 10, 1));
  assert(String(ids(all, 10, 1)) !== String(ids(all, 10, 2)));
  const smaller = new Set(ids(all, 10, 1));
  assert(smaller.isSubsetOf(new Set(ids(all, 20, 1))), "a larger sample holds the smaller one");
  const grown = new Set(ids(all.concat(tasks({ a: 51 }).slice(50)), 10, 1));
  assert(smaller.intersection(grown).size >= 9, "one task more changes one at most");
});

Deno.test("a size that makes no sense is refused", () => {
  for (const size of [0, -1, 1.5, NaN, "5", "0%", "101%", "-5%", "a%", "", null, {}]) {
    assertThrows(() => stratifiedSample([], size as number, 0), TaskError, "Expected sample");
  }
});
