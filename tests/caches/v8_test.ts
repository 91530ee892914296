import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { CacheError } from "@labtech/lab";
import { V8Cache } from "@labtech/lab/caches";
import { cacheContract } from "@labtech/lab/testing";
import { held, namesOf, saved } from "./_saving.ts";

cacheContract({
  name: "V8Cache",
  make: () => new V8Cache(),
  values: [
    { accuracy: 0.75, data: new Float64Array([1, NaN, -0]), when: new Date(0) },
    new Map<unknown, unknown>([["a", new Set([1n])], [{ k: 1 }, /x/g]]),
    [undefined, null, -0, NaN, "text"],
    undefined,
    1n << 200n,
  ],
  refused: [() => 1, { deep: [Symbol("s")] }, new WeakMap()],
});

Deno.test("cycles and shared references come back as they were", async () => {
  const shared = { n: 1 };
  const value: Record<string, unknown> = { a: shared, b: shared };
  value.self = value;
  const back = await held(new V8Cache(), value) as Record<string, unknown>;
  assertStrictEquals(back.self, back);
  assertStrictEquals(back.a, back.b);
});

Deno.test("instances of classes come back as plain objects", async () => {
  class Point {
    constructor(readonly x: number) {}
  }
  const back = await held(new V8Cache(), new Point(1));
  assertEquals(back, { x: 1 });
  assertStrictEquals(Object.getPrototypeOf(back), Object.prototype);
});

Deno.test("a result is one file", async () => {
  assertEquals(await namesOf(await saved(new V8Cache(), 1)), ["metadata.json", "result.v8"]);
  await assertRejects(
    () => saved(new V8Cache(), () => 1),
    CacheError,
    'The cache "v8" cannot hold',
  );
});
