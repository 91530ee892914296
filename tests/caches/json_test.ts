import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CacheError } from "@labtech/lab";
import { JsonCache } from "@labtech/lab/caches";
import { caches } from "@labtech/lab/registry";
import { cacheContract } from "@labtech/lab/testing";
import { held, saved, textOf } from "./_saving.ts";

cacheContract({
  name: "JsonCache",
  make: () => new JsonCache(),
  values: [
    { accuracy: 0.75, classes: ["a", "b"], nested: { empty: {}, list: [] } },
    [[], {}, [null], "", 0],
    "text with a lone surrogate \ud800, \u2028 and \0",
    null,
    true,
    5e-324,
    JSON.parse('{"__proto__": {"a": 1}, "constructor": 2}'),
  ],
  refused: [NaN, undefined, -0, 1n, new Date(), new Map(), [undefined], () => 1, Symbol("s")],
});

Deno.test("a result is JSON that a person can read, or one line", async () => {
  assertEquals(
    await textOf(await saved(new JsonCache(), { a: [1] })),
    '{\n  "a": [\n    1\n  ]\n}\n',
  );
  const short = new JsonCache({ indent: 0 });
  assertEquals(await textOf(await saved(short, { a: [1] })), '{"a":[1]}\n');
  assertEquals(short.spec, { type: "json", indent: 0 });
});

Deno.test("what JSON would change is refused by path", async () => {
  const loop: Record<string, unknown> = {};
  loop.self = { loop };
  const hidden = Object.defineProperty({}, "x", { value: 1, enumerable: false });
  let deep: unknown = 1;
  for (let n = 0; n < 1200; n++) deep = [deep];
  const cases: [unknown, string][] = [
    [{ a: [1, { b: NaN }] }, "result.a[1].b is NaN"],
    [[0, -0], "result[1] is -0"],
    [{ when: new Date(0) }, "result.when is "],
    [{ a: undefined }, "result.a is undefined"],
    [[1, , 3], "result is an array with holes"],
    [Object.assign([1], { extra: 1 }), "result is an array with holes or extra properties"],
    [loop, "result.self.loop is a reference back"],
    [{ [Symbol("s")]: 1 }, "symbol keys"],
    [hidden, "hidden properties"],
    [new Set(), "result is "],
    [{ toJSON: () => 1 }, "result.toJSON is "],
    [deep, "nested deeper than 1000 levels"],
    [new Uint8Array(2), "result is "],
    [1n, "result is "],
  ];
  for (const [value, expected] of cases) {
    const error = await assertRejects(() => saved(new JsonCache(), value), CacheError);
    assertStringIncludes(error.message, expected);
    assertStringIncludes(error.message, 'use the cache "structured"');
  }
});

Deno.test("an object that is met twice is written twice", async () => {
  const shared = { n: 1 };
  assertEquals(await held(new JsonCache(), [shared, shared]), [{ n: 1 }, { n: 1 }]);
});

Deno.test("the registry makes it, with its options checked", () => {
  assertEquals(caches.create({ type: "json", indent: 4 }).spec, { type: "json", indent: 4 });
  for (const indent of [-1, 1.5, 11, "2"]) {
    try {
      caches.create({ type: "json", indent });
    } catch (error) {
      assertStringIncludes(String(error), "indent");
      continue;
    }
    throw new Error(`indent ${indent} was taken`);
  }
});
