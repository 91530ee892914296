import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { CacheError, ConfigError } from "@labtech/lab";
import { decode, StructuredCache } from "@labtech/lab/caches";
import { caches } from "@labtech/lab/registry";
import { cacheContract } from "@labtech/lab/testing";
import { dataOf, held, KEY, namesOf, resultWith, saved, SOME } from "./_saving.ts";

const large = new Float64Array(200_000).map((_, n) => Math.sin(n));

for (const compress of [undefined, "zstd", "gzip"] as const) {
  cacheContract({
    name: `StructuredCache, ${compress ?? "not compressed"}`,
    make: () => new StructuredCache({ compress }),
    values: [
      { accuracy: 0.75, data: new Float32Array([1, NaN, -0]), when: new Date(0) },
      new Map<unknown, unknown>([["a", new Set([1n])], [{ k: 1 }, /x/g]]),
      [undefined, null, -0, NaN, , "text"],
      undefined,
      new RangeError("kept", { cause: "as well" }),
    ],
    refused: [() => 1, { deep: [Symbol("s")] }, new WeakMap(), new (class Own {})()],
  });

  Deno.test(`${compress ?? "not compressed"}: large arrays come back whole`, async () => {
    const value = { large, twice: [large, new Uint8Array(5e5).fill(3)] };
    assertEquals(await held(new StructuredCache({ compress }), value), value);
  });
}

Deno.test("the file is the document itself, or compressed, and its name tells", async () => {
  const value = { text: "x".repeat(10_000) };
  const plain = await saved(new StructuredCache(), value);
  assertEquals(await namesOf(plain), ["metadata.json", "result.cbor"]);
  assertEquals(decode(await dataOf(plain)), value);
  for (
    const [compress, name] of [["zstd", "result.cbor.zst"], ["gzip", "result.cbor.gz"]] as const
  ) {
    const packed = await saved(new StructuredCache({ compress }), value);
    assertEquals(await namesOf(packed), ["metadata.json", name]);
    assert((await dataOf(packed)).length < 1000);
  }
});

Deno.test("what was compressed in one way is loaded by a cache of any way", async () => {
  for (const one of [undefined, "zstd", "gzip"] as const) {
    const storage = await saved(new StructuredCache({ compress: one }), { one });
    for (const compress of [undefined, "zstd", "gzip"] as const) {
      const result = await new StructuredCache({ compress }).load(storage, KEY, SOME);
      assertEquals(result, resultWith({ one }));
    }
  }
});

Deno.test("what it cannot hold is refused by path", async () => {
  const error = await assertRejects(
    () => saved(new StructuredCache(), { models: [1, () => 1] }),
    CacheError,
  );
  assertStringIncludes(error.message, "result.models[1]");
});

Deno.test("the registry makes it, with its options checked", () => {
  const made = caches.create({ type: "structured", compress: "gzip" });
  assertEquals(made.spec, { type: "structured", compress: "gzip" });
  assertEquals(new StructuredCache().spec, { type: "structured" });
  assertThrows(() => caches.create({ type: "structured", compress: "zip" }), ConfigError, "zip");
  assertThrows(
    () => caches.create({ type: "structured", compres: "zstd" }),
    ConfigError,
    "compress",
  );
});
