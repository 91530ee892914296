import { plainValues } from "./caches/cbor/_plain_values.ts";
import type { Description } from "./_in_python.ts";

/** A class that is registered where results are written, and unknown to Python. */
export class Forest {
  constructor(readonly trees: unknown) {}
}

/** The case that Python refuses. */
export const KEYS_COLLIDE = "maps that Python lacks";

/** Values, and what Python makes of them where `_in_python.ts` shall not be the only one to say so. */
export const CASES: Readonly<Record<string, readonly [value: () => unknown, Description?]>> = {
  "nothing": [() => [null, undefined], ["list", null, ["undefined"]]],
  "booleans": [() => [true, false], ["list", true, false]],
  "integers": [
    () => [0, -1, 2 ** 53 - 1],
    ["list", ["int", "0x0"], ["int", "-0x1"], ["int", "0x1fffffffffffff"]],
  ],
  "floats": [
    () => [-0, 0.5, 2 ** 53, Infinity, NaN],
    [
      ...["list", ["float", "8000000000000000"], ["float", "3fe0000000000000"]],
      ...[["float", "4340000000000000"], ["float", "7ff0000000000000"], ["float", "nan"]],
    ],
  ],
  "bigints": [
    () => [5n, -5n, 2n ** 60n, -(2n ** 300n)],
    [
      ...["list", ["int", "0x5"], ["int", "-0x5"], ["int", `0x1${"0".repeat(15)}`]],
      ["int", `-0x1${"0".repeat(75)}`],
    ],
  ],
  "texts": [() => ["", "äöü", "😀", "\0"], ["list", "", "äöü", "😀", "\0"]],
  "lone surrogates": [
    () => ({ "a\udfff": "\ud800", pair: "\ude00😀" }),
    ["dict", ["a\udfff", "\ud800"], ["pair", "\ude00😀"]],
  ],
  "typed arrays": [
    () => [
      ...[Uint8Array.of(1), Uint8ClampedArray.of(2), Uint16Array.of(258), Uint32Array.of(1)],
      ...[BigUint64Array.of(2n ** 64n - 1n), Int8Array.of(-1), Int16Array.of(-2), Int32Array.of(3)],
      ...[BigInt64Array.of(-1n), Float16Array.of(1), Float32Array.of(1), Float64Array.of(1, 2)],
      new Float64Array(),
    ],
    [
      ...["list", ["bytes", "01"], ["ndarray", "|u1", "02"], ["ndarray", "<u2", "0201"]],
      ...[["ndarray", "<u4", "01000000"], ["ndarray", "<u8", "ffffffffffffffff"]],
      ...[["ndarray", "|i1", "ff"], ["ndarray", "<i2", "feff"], ["ndarray", "<i4", "03000000"]],
      ...[["ndarray", "<i8", "ffffffffffffffff"], ["ndarray", "<f2", "003c"]],
      ...[["ndarray", "<f4", "0000803f"]],
      ...[["ndarray", "<f8", "000000000000f03f0000000000000040"], ["ndarray", "<f8", ""]],
    ],
  ],
  "a large typed array": [() => new Float64Array(200_000).map((_, n) => n / 3)],
  "buffers and data views": [
    () => [Uint8Array.of(1, 2).buffer, new DataView(Uint8Array.of(3).buffer)],
    ["list", ["bytearray", "0102"], ["memoryview", "03"]],
  ],
  "views of one buffer": [
    () => {
      const { buffer } = Uint8Array.of(1, 0, 2, 0);
      return { buffer, ints: new Int16Array(buffer, 2), data: new DataView(buffer, 0, 2) };
    },
    [
      ...["dict", ["buffer", ["bytearray", "01000200"]], ["ints", ["ndarray", "<i2", "0200"]]],
      ["data", ["memoryview", "0100"]],
    ],
  ],
  "dates": [
    () => [new Date(1_700_000_000_123), new Date(-1)],
    [
      ...["list", ["datetime", "2023-11-14T22:13:20.123+00:00"]],
      ["datetime", "1969-12-31T23:59:59.999+00:00"],
    ],
  ],
  "the first and last dates of Python": [
    () => ["0001-01-01T00:00Z", "9999-12-31T23:59:59.999Z"].map((text) => new Date(text)),
    [
      ...["list", ["datetime", "0001-01-01T00:00:00.000+00:00"]],
      ["datetime", "9999-12-31T23:59:59.999+00:00"],
    ],
  ],
  "dates that Python lacks": [
    () => [NaN, 8.64e15, -8.64e15, 8.64e15 - 1, 253402300800000].map((time) => new Date(time)),
    [
      ...["list", ["datetime64", "NaT"], ["datetime64", "8640000000000000"]],
      ...[["datetime64", "-8640000000000000"], ["datetime64", "8639999999999999"]],
      ["datetime64", "253402300800000"],
    ],
  ],
  "sets": [
    () => [new Set(["a", 1n, null]), new Set()],
    ["list", ["set", "a", ["int", "0x1"], null], ["set"]],
  ],
  "sets that Python lacks": [
    () => [new Set([1, true]), new Set([{}]), new Set([new Int8Array(1)])],
    [
      ...["list", ["list", ["int", "0x1"], true], ["list", ["dict"]]],
      ["list", ["ndarray", "|i1", "00"]],
    ],
  ],
  "maps": [
    () => new Map<unknown, unknown>([[1, "a"], [null, []], ["\ud800", 2n], [undefined, 0]]),
    [
      ...["dict", [["int", "0x1"], "a"], [null, ["list"]], ["\ud800", ["int", "0x2"]]],
      [["undefined"], ["int", "0x0"]],
    ],
  ],
  "maps with objects as keys": [
    () => new Map<unknown, unknown>([[{}, 1n], [{}, 2n], ["a", 3n]]),
    [
      ...["list", ["tuple", ["dict"], ["int", "0x1"]], ["tuple", ["dict"], ["int", "0x2"]]],
      ["tuple", "a", ["int", "0x3"]],
    ],
  ],
  [KEYS_COLLIDE]: [() => new Map<unknown, unknown>([[1, "a"], [true, "b"]])],
  "objects in order": [
    () => ({ b: 1n, a: [], "": {} }),
    ["dict", ["b", ["int", "0x1"]], ["a", ["list"]], ["", ["dict"]]],
  ],
  "objects without a prototype": [
    () => Object.groupBy(["x"], () => "group"),
    ["dict", ["group", ["list", "x"]]],
  ],
  "holes": [
    () => [[, "a", , , "b", ,], new Array(3), { deep: new Map([["a", [[, 1n]]]]) }],
    [
      ...["list", ["list", ["hole"], "a", ["hole"], ["hole"], "b", ["hole"]]],
      ...[["list", ["hole"], ["hole"], ["hole"]]],
      ["dict", ["deep", ["dict", ["a", ["list", ["list", ["hole"], ["int", "0x1"]]]]]]],
    ],
  ],
  "holes in maps with objects as keys, in errors and in sets": [
    () => {
      const holes = [, 1n];
      const error = Object.assign(new Error("e"), { holes: [, 2n] });
      return [new Map([[{}, holes]]), error, new Set([[, 3n]]), holes];
    },
  ],
  "patterns": [() => /a\/b/gi, ["Instance", "RegExp", ["list", "a\\/b", "gi"]]],
  "URLs": [() => new URL("https://example.org/?a=b#c"), "https://example.org/?a=b#c"],
  "errors": [
    () => Object.assign(new RangeError("kept", { cause: "as well" }), { stack: "here", code: 7n }),
    [
      ...["Instance", "RangeError"],
      [
        ...["dict", ["stack", "here"], ["message", "kept"], ["cause", "as well"]],
        ["code", ["int", "0x7"]],
      ],
    ],
  ],
  "errors of all kinds": [
    () => [
      ...[EvalError, ReferenceError, SyntaxError, TypeError, URIError].map((type) => new type("e")),
      ...[new AggregateError([new Error("one")], "all"), new DOMException("stop", "AbortError")],
    ],
  ],
  "instances of registered classes": [
    () => [new Forest([1n, new Forest("inner")])],
    [
      "list",
      [
        ...["Instance", "Forest"],
        [
          "dict",
          [
            "trees",
            ["list", ["int", "0x1"], ["Instance", "Forest", ["dict", ["trees", "inner"]]]],
          ],
        ],
      ],
    ],
  ],
  "shared objects": [
    () => {
      const [list, array, set, forest] = [[1n], Int8Array.of(1), new Set("a"), new Forest(0n)];
      return [list, list, array, array, set, set, forest, forest];
    },
    [
      ...["list", ["list", ["int", "0x1"]], ["same", 1], ["ndarray", "|i1", "01"], ["same", 2]],
      ...[["set", "a"], ["same", 3]],
      ...[["Instance", "Forest", ["dict", ["trees", ["int", "0x0"]]]], ["same", 4]],
    ],
  ],
  "cycles": [
    () => {
      const list: unknown[] = [];
      const error = Object.assign(new Error("e", { cause: list }), { stack: "here" });
      const [map, pairs, bare] = [new Map(), new Map(), Object.create(null)];
      const set = new Set([list]);
      list.push(list, { list, map, pairs, set, bare, error });
      map.set("map", map);
      pairs.set(pairs, pairs);
      bare.self = bare;
      return list;
    },
    [
      "list",
      ["same", 0],
      [
        "dict",
        ["list", ["same", 0]],
        ["map", ["dict", ["map", ["same", 2]]]],
        ["pairs", ["list", ["tuple", ["same", 3], ["same", 3]]]],
        ["set", ["list", ["same", 0]]],
        ["bare", ["dict", ["self", ["same", 5]]]],
        [
          "error",
          [
            ...["Instance", "Error"],
            ["dict", ["stack", "here"], ["message", "e"], ["cause", ["same", 0]]],
          ],
        ],
      ],
    ],
  ],
  "a chain of 20,000 references": [
    () => {
      const chain: unknown[] = [[]];
      for (let n = 0; n < 20_000; n++) chain.push([chain.at(-1)]);
      return chain;
    },
  ],
  "the deepest nesting": [
    () => {
      let value: unknown = "deep";
      for (let n = 0; n < 255; n++) {
        value = n % 2 ? new Map([["a", value]]) : new Error("e", { cause: value });
      }
      return value;
    },
  ],
  "plain values": [() => plainValues(5, 300).filter((value) => !holdsFloat(value))],
};

/** Python writes every float in 64 bits unless told to sort keys as well. */
function holdsFloat(value: unknown): boolean {
  if (typeof value === "number") return !Number.isSafeInteger(value);
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return false;
  return Object.values(value).some(holdsFloat);
}
