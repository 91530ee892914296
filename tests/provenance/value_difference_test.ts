import { registerClass } from "@labtech/lab";
import { decode, encode } from "@labtech/lab/caches";
import { assert, assertEquals } from "@std/assert";
import { Random, ValueGenerator } from "../caches/cbor/_generator.ts";
import { mutate } from "../caches/cbor/_mutate.ts";
import { type DifferenceOptions, valueDifferences } from "../../provenance/value_difference.ts";

/** The differences in words: `result.a: 1 → 2`. */
function told(before: unknown, after: unknown, options?: DifferenceOptions): string[] {
  return valueDifferences(before, after, options).first
    .map((each) => `${each.path}: ${each.before ?? "nothing"} → ${each.after ?? "nothing"}`);
}

Deno.test("values that hold the same are the same, whatever they are", () => {
  const make = () => {
    const shared = { a: [1, , undefined, null], b: new Float64Array([0.1, NaN, -0]) };
    const cyclic: Record<string, unknown> = { shared, again: shared };
    cyclic.self = cyclic;
    return {
      cyclic,
      map: new Map<unknown, unknown>([["a", { x: 1 }], [NaN, 2], [{ k: 1 }, 3]]),
      set: new Set<unknown>([1, "a", { x: [1] }]),
      when: new Date(5),
      never: new Date(NaN),
      pattern: /a/gi,
      url: new URL("http://a.b/"),
      error: new RangeError("no", { cause: { at: 3 } }),
      big: 12n,
      bytes: new Uint8Array([1, 2]),
      view: new DataView(new ArrayBuffer(2)),
      buffer: new ArrayBuffer(3),
      none: Object.create(null),
      text: "a\u0000b",
    };
  };
  assertEquals(valueDifferences(make(), make()), { first: [], more: false, within: false });
  assertEquals(told({ a: 1, b: 2 }, { b: 2, a: 1 }), [], "the order of keys does not count");
  assertEquals(told(new Set([1, 2]), new Set([2, 1])), []);
  assertEquals(told(new Map([[1, 1], [2, 2]]), new Map([[2, 2], [1, 1]])), []);
});

Deno.test("differences are told by their paths, the first ones first", () => {
  const cases: [before: unknown, after: unknown, ...told: string[]][] = [
    [1, 2, "result: 1 → 2"],
    [0, -0, "result: 0 → -0"],
    [NaN, 1, "result: NaN → 1"],
    [1, 1n, "result: 1 → 1n"],
    [null, undefined, "result: null → undefined"],
    ["a", "b", 'result: "a" → "b"'],
    [{ scores: [1, 2, 3, 0.981] }, { scores: [1, 2, 3, 0.979] }, "result.scores[3]: 0.981 → 0.979"],
    [{ "a b": { c: 1 } }, { "a b": { c: 2 } }, 'result["a b"].c: 1 → 2'],
    [{ a: 1 }, { b: 1 }, "result.a: 1 → nothing", "result.b: nothing → 1"],
    [{ a: undefined }, {}, "result.a: undefined → nothing"],
    [[1, 2], [1, 2, 3], "result.length: 2 → 3"],
    [[1, , 3], [1, 2, 3], "result[1]: nothing → 2"],
    [[1, 2], { 0: 1, 1: 2 }, "result: an array of 2 → an object"],
    [[{ a: 1 }, 5], [{ a: 2 }, 6], "result[0].a: 1 → 2", "result[1]: 5 → 6"],
    [new Map([["a", { x: 1 }]]), new Map([["a", { x: 2 }]]), 'result.get("a").x: 1 → 2'],
    [
      new Map([[1, 1]]),
      new Map([[2, 1]]),
      "result.get(1): 1 → nothing",
      "result.get(2): nothing → 1",
    ],
    [
      new Map([[{ k: 1 }, 1]]),
      new Map([[{ k: 2 }, 1]]),
      "result.entries()[0][0].k: 1 → 2",
    ],
    [
      new Set(["a"]),
      new Set(["b"]),
      'result.has("a"): true → false',
      'result.has("b"): false → true',
    ],
    [new Set([{ x: 1 }]), new Set([{ x: 2 }]), "result.values()[0].x: 1 → 2"],
    [new Date(0), new Date(1), "result: 1970-01-01T00:00:00.000Z → 1970-01-01T00:00:00.001Z"],
    [/a/g, /a/i, "result: /a/g → /a/i"],
    [new Error("a"), new Error("b"), 'result.message: "a" → "b"'],
    [
      new Error("a"),
      new TypeError("a"),
      "result: an instance of class Error → an instance of class TypeError",
    ],
    [new Float64Array([1, 2]), new Float64Array([1, 3]), "result[1]: 2 → 3"],
    [
      new Float64Array(2),
      new Float32Array(2),
      "result: an instance of class Float64Array → an instance of class Float32Array",
    ],
    [new BigInt64Array([1n]), new BigInt64Array([2n]), "result[0]: 1n → 2n"],
    [new Uint8Array([1, 2]), new Uint8Array([1, 3, 4]), "result.length: 2 → 3", "result[1]: 2 → 3"],
    [new Uint8Array([7]).buffer, new Uint8Array([8]).buffer, "result[0]: 7 → 8"],
    [{ "\u001b[2J": 1 }, { "\u001b[2J": 2 }, 'result["\\u001b[2J"]: 1 → 2'],
  ];
  for (const [before, after, ...expected] of cases) assertEquals(told(before, after), expected);
});

Deno.test("objects differ by what is none of their properties: boxed values, DOMException", () => {
  const pairs: [one: () => object, other: () => object][] = [
    [() => new Number(1), () => new Number(2)],
    [() => new Boolean(true), () => new Boolean(false)],
    [() => new String("a"), () => new String("b")],
    [() => Object(1n), () => Object(2n)],
    [() => new DOMException("a"), () => new DOMException("b")],
    [() => new DOMException("a", "AbortError"), () => new DOMException("a", "DataError")],
  ];
  for (const [one, other] of pairs) {
    assertEquals(told(one(), other()).length, 1, String(one()));
    assertEquals(told(one(), one()), [], String(one()));
  }
});

Deno.test("of long texts, what is shown is where they part", () => {
  const [line] = told("a".repeat(500) + "b", "a".repeat(500) + "c");
  assertEquals(line, `result: …"${"a".repeat(20)}b" → …"${"a".repeat(20)}c"`);
  assert(told("x".repeat(9999), 5)[0]!.length < 150);
});

Deno.test("numbers agree within a tolerance, absolute or relative, whichever allows more", () => {
  const close = (a: unknown, b: unknown, tolerance: DifferenceOptions["tolerance"]) => {
    const { first, within } = valueDifferences(a, b, { tolerance });
    return first.length > 0 ? "different" : within ? "close" : "same";
  };
  assertEquals(close(1, 1, 1), "same");
  assertEquals(close(1, 1 + 1e-10, 1e-9), "close");
  assertEquals(close(1, 1 + 1e-8, 1e-9), "different");
  assertEquals(close(1e9, 1e9 + 0.5, 1e-9), "close", "relative");
  assertEquals(close(1e9, 1e9 + 0.5, { absolute: 1e-9 }), "different");
  assertEquals(close(0, 1e-12, { absolute: 1e-9 }), "close");
  assertEquals(close(0, 1e-12, { relative: 1e-9 }), "different");
  assertEquals(close(0, -0, 1e-300), "close");
  for (const value of [NaN, Infinity, -Infinity, 1n, "1", new Date(1)]) {
    assertEquals(close(value, 1, 1e300), "different", String(value));
  }
  assertEquals(close(Infinity, -Infinity, Infinity), "different");
  assertEquals(
    close([1, [2, new Float32Array([3])]], [1.1, [2.1, new Float32Array([3.05])]], 0.2),
    "close",
  );
  assertEquals(close({ a: 1.1, b: 5 }, { a: 1, b: 7 }, 0.2), "different");
  assertEquals(close(new Uint8Array([1]), new Uint8Array([2]), 5), "different", "bytes are none");
  assertEquals(close([1], [1, 2], 5), "different", "lengths are none");
});

Deno.test("so many differences are given, and whether there are more", () => {
  const [zeros, ones] = [0, 1].map((value) => Array(25).fill(value));
  const { first, more } = valueDifferences(zeros, ones);
  assertEquals([first.length, first.at(-1)!.path, more], [10, "result[9]", true]);
  assertEquals(valueDifferences([0, 0], [1, 1], { most: 2 }).more, false);
  assertEquals(valueDifferences([0, 0, 0], [1, 1, 1], { most: 2 }).first.length, 2);
});

Deno.test("cycles end, whichever way they run, and depth does not matter", () => {
  const ring = (length: number, value = 0) => {
    const first: Record<string, unknown> = { value };
    let last = first;
    for (let i = 1; i < length; i++) last = (last.next = { value }) as Record<string, unknown>;
    last.next = first;
    return first;
  };
  assertEquals(told(ring(2), ring(3)), [], "walked side by side, they hold the same");
  assertEquals(told(ring(1), ring(1, 5)), ["result.value: 0 → 5"]);
  const deep = (value: number) => {
    let nested: unknown = value;
    for (let i = 0; i < 100_000; i++) nested = [nested];
    return nested;
  };
  assertEquals(valueDifferences(deep(1), deep(1)).first, []);
  assertEquals(valueDifferences(deep(1), deep(2)).first.length, 1);
});

Deno.test("of registered classes counts what they say that they hold", () => {
  class Forest {
    readonly #trees: number[];
    constructor(trees: number[]) {
      this.#trees = trees;
    }
    get trees(): number[] {
      return this.#trees;
    }
  }
  using _ = registerClass("DifferentForest", Forest, {
    encode: (forest) => ({ trees: forest.trees }),
    decode: ({ trees }) => new Forest(trees),
  });
  assertEquals(told({ f: new Forest([1, 2]) }, { f: new Forest([1, 2]) }), []);
  assertEquals(told({ f: new Forest([1, 2]) }, { f: new Forest([1, 3]) }), [
    "result.f.trees[1]: 2 → 3",
  ]);
});

const VALUES = 3000;

Deno.test(`${VALUES} generated values do not differ from what is read back of them`, () => {
  for (let seed = 0; seed < VALUES; seed++) {
    const value = new ValueGenerator(seed).value();
    const { first, within } = valueDifferences(value, decode(encode(value)));
    assertEquals([first, within], [[], false], `seed ${seed}`);
  }
});

Deno.test("of mutants, those that do not differ are equal", () => {
  let [differ, same] = [0, 0];
  for (let seed = 0; seed < VALUES; seed++) {
    const value = new ValueGenerator(seed).value();
    // Stacks do not count here, and do there; and they are others on each machine.
    if (Deno.inspect(value, { depth: 20 }).includes("at ValueGenerator")) continue;
    let other: unknown;
    try {
      other = decode(mutate(encode(value), new Random(seed)));
    } catch {
      continue;
    }
    if (valueDifferences(value, other).first.length > 0) differ++;
    else {
      same++;
      assertEquals(other, value, `seed ${seed}`);
    }
  }
  assert(differ > 100 && same > 0, `${differ} differ, ${same} do not`);
});
