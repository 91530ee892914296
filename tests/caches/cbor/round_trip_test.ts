import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { decode, encode, encodeChunks } from "../../../caches/cbor/mod.ts";
import { assertSame } from "./_same.ts";

/** What comes back, once more what it was. */
function back<T>(value: T): T {
  const copy = decode(encode(value)) as T;
  assertSame(copy, value);
  return copy;
}

const CASES: Record<string, readonly unknown[]> = {
  "undefined, null and booleans": [undefined, null, true, false],
  "integers": [0, 1, 23, 24, -1, -24, -25, 255, 256, 65535, 65536, 2 ** 32, -(2 ** 32)],
  "integers to the last safe one": [2 ** 53 - 1, 1 - 2 ** 53],
  "numbers beyond the safe ones": [2 ** 53, -(2 ** 53), 2 ** 64, 1e21, Number.MAX_VALUE],
  "floats of 16, 32 and 64 bits": [1.5, 2 ** -24, 65504.5, 0.1, 2 ** -149, Number.MIN_VALUE],
  "-0, NaN and infinities": [-0, NaN, Infinity, -Infinity],
  "bigints apart from numbers": [
    0n,
    5n,
    -5n,
    2n ** 53n,
    -(2n ** 53n),
    2n ** 64n,
    -(2n ** 64n) - 1n,
  ],
  "a bigint of 8 KiB": [2n ** 65_536n - 1n],
  "strings": [
    "",
    "a",
    "äöü",
    "水",
    "😀",
    "\0",
    "\ufeff",
    "\ufffd",
    "x".repeat(1e6),
    "€".repeat(9e4),
  ],
  "strings with lone surrogates": [
    "\ud800",
    "a\udc00b",
    "\udc00\ud800",
    "\ud83d😀",
    "\ud800".repeat(9999),
  ],
  "dates": [new Date(0), new Date(1_700_000_000_123), new Date(-1), new Date(-62_135_596_800_000)],
  "invalid and extreme dates": [new Date(NaN), new Date(8.64e15), new Date(-8.64e15)],
  "regular expressions": [/a/, /a\/b[/]/giu, new RegExp(""), /\n/v, /(?<n>ä)/ds],
  "URLs": [new URL("https://user@example.org:8080/p?q#h"), new URL("data:,x")],
  "maps in order": [
    new Map(),
    new Map<unknown, unknown>([["b", 1], ["a", 2], [1, 3], [NaN, 4], [null, 5]]),
  ],
  "maps with objects as keys": [
    new Map<unknown, unknown>([[{ a: 1 }, 1], [{ a: 1 }, 2], ["a", []]]),
  ],
  "sets in order": [new Set(), new Set([3, "1", 1, 1n, undefined, [1], [1]])],
  "arrays with holes": [
    [1, , 3],
    [, ,],
    new Array(5),
    [undefined, , undefined],
    new Array(2 ** 18),
  ],
  "objects with keys in order": [{}, { b: 1, a: 2 }, { 2: "", 1: "", b: "", a: "" }, {
    "": 1,
    "\ud800": 2,
  }],
  "objects without prototype": [Object.create(null), Object.groupBy([1, 2, 3], (n) => `k${n % 2}`)],
  "keys that objects inherit": [{ toString: 1, constructor: 2, hasOwnProperty: 3, valueOf: 4 }],
  "typed arrays": [
    ...[Uint8Array.of(1, 255), Uint8ClampedArray.of(300), Int8Array.of(-1), Uint16Array.of(65535)],
    ...[
      Int16Array.of(-2),
      Uint32Array.of(2 ** 32 - 1),
      Int32Array.of(-3),
      Float16Array.of(1.5, -0),
    ],
    ...[
      Float32Array.of(0.1),
      Float64Array.of(0.1, NaN),
      BigInt64Array.of(-1n),
      BigUint64Array.of(1n),
    ],
    ...[new Uint8Array(), new Float64Array(), new Float64Array(100_000).fill(1.25)],
  ],
  "buffers and data views": [
    new ArrayBuffer(0),
    Uint8Array.of(1, 2, 3).buffer,
    new DataView(new ArrayBuffer(9)),
  ],
  "errors": [
    ...[
      new Error("a"),
      new TypeError("b", { cause: new RangeError() }),
      new SyntaxError("", { cause: undefined }),
    ],
    ...[
      new AggregateError([new URIError("c"), 1], "d"),
      Object.assign(new Error("e"), { code: "E", 1: 2 }),
    ],
    ...[new DOMException("aborted", "AbortError"), new EvalError("f"), new ReferenceError("g")],
  ],
};

for (const [name, values] of Object.entries(CASES)) {
  Deno.test(`${name} come back the same`, () => {
    for (const value of values) back(value);
    back(values);
    back({ within: values, again: new Map([["values", values]]) });
  });
}

Deno.test("every NaN is written in the same bytes", () => {
  const payload = new Float64Array(new BigUint64Array([0xfff8_0000_dead_beefn]).buffer)[0];
  assertEquals(encode(payload).toHex(), "f97e00");
});

Deno.test("milliseconds of every date are exact", () => {
  for (let time = 8.64e15 - 5000; time <= 8.64e15; time++) {
    assertEquals(back(new Date(time)).getTime(), time);
    assertEquals(back(new Date(-time)).getTime(), -time);
  }
  for (let time = 1.7e12; time < 1.7e12 + 3000; time++) back(new Date(time));
  // Some of these are not exact as a float of seconds.
  for (let time = 4.5e15 + 1; time < 4.7e15; time += 1.23456789e11) {
    back(new Date(Math.floor(time)));
  }
  back([new Date(4_500_775_596_967_653), new Date(-4_500_775_596_967_653)]);
});

Deno.test("__proto__ comes back as a property like any other", () => {
  const value = JSON.parse('{"__proto__": {"polluted": true}, "a": 1}');
  const copy = back(value);
  assert(Object.hasOwn(copy, "__proto__"));
  assertStrictEquals(Object.getPrototypeOf(copy), Object.prototype);
  assertStrictEquals((copy as Record<string, unknown>).polluted, undefined);
  assertStrictEquals(({} as Record<string, unknown>).polluted, undefined);
});

Deno.test("an error keeps its stack, and properties as hidden as they were", () => {
  const copy = back(new TypeError("no", { cause: 1 }));
  assert(Error.isError(copy));
  assertEquals(Object.keys(copy), []);
  assert(copy.stack?.includes("round_trip_test"));
});

Deno.test("a part of a larger buffer comes back with a buffer of its own", () => {
  const whole = Float64Array.from({ length: 100 }, (_, i) => i);
  const copy = decode(encode(whole.subarray(10, 12))) as Float64Array;
  assertEquals(copy, Float64Array.of(10, 11));
  assertEquals(copy.buffer.byteLength, 16);
});

Deno.test("what comes back has no memory in common with the document", () => {
  const bytes = encode([Uint8Array.of(1, 2, 3), new ArrayBuffer(2), "text"]);
  const [view] = decode(bytes) as [Uint8Array];
  assertNotStrictEquals(view.buffer, bytes.buffer);
  bytes.fill(0);
  assertEquals(view, Uint8Array.of(1, 2, 3));
});

Deno.test("documents are read from any kind of byte array", async () => {
  const { Buffer } = await import("node:buffer");
  const value = [
    "x".repeat(300),
    "é".repeat(20),
    "short",
    Float64Array.of(1.5),
    new ArrayBuffer(3),
  ];
  const bytes = encode(value);
  const padded = new Uint8Array(bytes.length + 7);
  padded.set(bytes, 3);
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
  shared.set(bytes);
  for (const input of [Buffer.from(bytes), padded.subarray(3, 3 + bytes.length), shared]) {
    assertSame(decode(input), value);
  }
});

Deno.test("pieces pass the memory of large buffers on, and copy that of small ones", () => {
  const large = new Float64Array(4096), small = new Float64Array(8);
  const chunks = encodeChunks({ large, small });
  assertEquals(chunks.filter((chunk) => chunk.buffer === large.buffer).length, 1);
  assertEquals(chunks.filter((chunk) => chunk.buffer === small.buffer).length, 0);
  const before = chunks.map((chunk) => chunk.toHex());
  // Writing something else must not reach into what was given.
  encode("something else ".repeat(1000));
  assertEquals(chunks.map((chunk) => chunk.toHex()), before);
});

Deno.test("a value far larger than one slab comes back the same", () => {
  const value = Array.from({ length: 50_000 }, (_, i) => ({ i, text: `number ${i}`, half: i / 2 }));
  back(value);
});

Deno.test("objects with very many keys come back the same", () => {
  back(Object.fromEntries(Array.from({ length: 30_000 }, (_, i) => [`key ${i}`, i])));
});
