/** What other people's CBOR libraries make of our documents, and we of theirs. */
import { assertEquals, assertInstanceOf } from "@std/assert";
import * as cbor2 from "cbor2";
import * as cborg from "cborg";
import { decode, encode } from "../../../caches/cbor/mod.ts";
import { plainValues } from "./_plain_values.ts";
import { assertSame } from "./_same.ts";

const COUNT = 1500;

const RICH: readonly unknown[] = [
  ...[-0, new Date(1_700_000_000_123), new Date(0), /a\/b/g, /x/, new Set([1, "a"]), 2n ** 70n, 5n],
  ...[-(2n ** 70n), 2n ** 60n, new URL("https://example.org/?a=b#c"), Uint8ClampedArray.of(1)],
  ...[
    Int8Array.of(-1),
    Uint16Array.of(258),
    Int16Array.of(-2),
    Uint32Array.of(1),
    Int32Array.of(-3),
  ],
  ...[Float32Array.of(0.5), Float64Array.of(0.1), BigInt64Array.of(-4n)],
  ...[BigUint64Array.of(5n), "\ud800", "a\udfff"],
];

Deno.test(`cborg, in its strict mode, reads ${COUNT} documents of ours as they were`, () => {
  const options = { strict: true, rejectDuplicateMapKeys: true, allowIndefinite: false };
  for (const value of plainValues(1, COUNT)) {
    assertSame(cborg.decode(encode(value), options), value);
  }
});

Deno.test(`${COUNT} documents of cborg in its form of RFC 8949 are read as they were`, () => {
  for (const value of plainValues(2, COUNT)) {
    assertEquals(decode(cborg.encode(value, cborg.rfc8949EncodeOptions)), value);
  }
});

Deno.test(`cbor2 reads ${COUNT} documents of ours as they were`, () => {
  // Its byte arrays are parts of the document, hence not assertSame().
  for (const value of plainValues(3, COUNT)) assertEquals(cbor2.decode(encode(value)), value);
});

Deno.test(`${COUNT} documents of cbor2 are read as they were`, () => {
  for (const value of plainValues(4, COUNT)) {
    if (typeof value === "bigint") continue;
    assertSame(decode(cbor2.encode(value)), value);
  }
});

Deno.test("cbor2 reads dates, sets, patterns, URLs, bignums, typed arrays and WTF-8 of ours", () => {
  for (const value of RICH) assertEquals(cbor2.decode(encode(value)), value);
  const tagged = cbor2.decode(encode(new Map([[1, "a"]])));
  assertInstanceOf(tagged, cbor2.Tag);
  assertEquals([Number(tagged.tag), tagged.contents], [259, new Map([[1, "a"]])]);
});

Deno.test("we read dates, sets, patterns, URLs, bignums, typed arrays and WTF-8 of cbor2", () => {
  for (const value of RICH) {
    // It writes small bigints as integers, which come back as numbers.
    if (value !== 5n) assertSame(decode(cbor2.encode(value, { wtf8: true })), value);
  }
});
