/**
 * What the golden files hold. The files were written once, by the version of the format in their
 * folder's name, and may never change: every later version must read them as these values.
 *
 * A new case gets a file by `deno run --allow-read --allow-write tests/golden/structured/write.ts`,
 * which never touches a file that is there.
 *
 * @module
 */

/** A class that the golden files of classes need. */
export class Forest {
  constructor(readonly trees: readonly number[], readonly name: string) {}
}

/** How it is registered; `docs/format.md` and the files know it by `golden/Forest`. */
export const FOREST_NAME = "golden/Forest";

/** The codec it is registered with. */
export const forestCodec = {
  encode: (forest: Forest) => ({ trees: forest.trees, name: forest.name }),
  decode: (data: { trees: readonly number[]; name: string }) => new Forest(data.trees, data.name),
};

function errorWithStack<T extends Error>(error: T, stack: string): T {
  return Object.defineProperty(error, "stack", { value: stack, enumerable: false });
}

function cyclic(): unknown {
  const node: Record<string, unknown> = { name: "root", list: [], map: new Map() };
  (node.list as unknown[]).push(node, node.list);
  (node.map as Map<unknown, unknown>).set("up", node).set(node, "as a key");
  return node;
}

function sharedViews(): unknown {
  const buffer = Uint8Array.from({ length: 32 }, (_, i) => i * 8).buffer;
  const views = [new Float64Array(buffer, 8, 2), new Uint8Array(buffer, 1, 3), new DataView(buffer)];
  return { views, buffer, first: views[0] };
}

function nullPrototype(properties: object): object {
  return Object.assign(Object.create(null), properties);
}

/** The values of version 1 by the names of their files. */
export const VERSION_1: Readonly<Record<string, () => unknown>> = {
  primitives: () => [undefined, null, true, false, "", "text", "äöü水😀\ufeff\ufffd\0"],
  integers: () => [0, 1, 23, 24, 255, 256, 65535, 65536, 2 ** 32, 2 ** 53 - 1, -1, -24, -25, 1 - 2 ** 53],
  floats: () => [-0, NaN, Infinity, -Infinity, 1.5, 0.1, 2 ** -24, 2 ** -149, 5e-324, 2 ** 53, 1e300],
  bigints: () => [0n, 1n, -1n, 2n ** 53n, -(2n ** 53n), 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n) - 1n],
  surrogates: () => ["\ud800", "a\udfff😀", { "\ud83d": 1 }],
  objects: () => ({ b: 1, a: { 2: "", 1: "" }, ["__proto__"]: 3, toString: 4, "": nullPrototype({ x: 1 }) }),
  arrays: () => [[], [[1, , 3, , ,], [, ,], [undefined, ,]], Array.from({ length: 300 }, (_, i) => i)],
  collections: () => [
    new Map<unknown, unknown>([["b", 1], [1, "a"], [NaN, null], [2n, []]]),
    new Map<unknown, unknown>([[{ a: 1 }, 1], [{ a: 1 }, 2], ["k", 3]]),
    new Set<unknown>(["b", 1, [1], [1], undefined]),
  ],
  dates: () => [0, 1_700_000_000_123, -1, NaN, 8.64e15, 8.64e15 - 1, -8.64e15 + 499].map((t) => new Date(t)),
  extended_dates: () => [new Date(4_500_775_596_967_653), new Date(-4_500_775_596_967_653)],
  patterns: () => [/a\/b/giu, new RegExp(""), new URL("https://user@example.org:8080/a%20b?c=d#e")],
  views: () => [
    ...[Uint8Array.of(0, 255), Uint8ClampedArray.of(1), Int8Array.of(-1), Uint16Array.of(258)],
    ...[Int16Array.of(-2), Uint32Array.of(1 << 30), Int32Array.of(-3), Float16Array.of(1.5, -0)],
    ...[Float32Array.of(0.5), Float64Array.of(0.1, -Infinity), BigInt64Array.of(-4n)],
    ...[BigUint64Array.of(5n), new DataView(Uint8Array.of(6).buffer), Uint8Array.of(7, 8).buffer],
    new Uint8Array(5000).fill(9),
  ],
  shared_views: sharedViews,
  references: () => {
    const [shared, date] = [{ a: 1 }, new Date(0)];
    return [shared, { shared, date }, new Map([[shared, date]])];
  },
  cycles: cyclic,
  errors: () => [
    errorWithStack(new Error("plain"), "Error: plain\n    at somewhere"),
    errorWithStack(new TypeError("with cause", { cause: [1] }), "TypeError"),
    Object.assign(errorWithStack(new RangeError("with code"), "RangeError"), { code: "E_RANGE" }),
    errorWithStack(new AggregateError([1, "two"], "several"), "AggregateError"),
    errorWithStack(new DOMException("aborted", "AbortError"), "AbortError: aborted"),
  ],
  classes: () => [new Forest([1, 2], "oak"), { inner: new Forest([], "none") }],
  records: () =>
    Array.from({ length: 50 }, (_, i) => ({
      id: i,
      model: ["knn", "tree", "forest"][i % 3],
      score: i / 7,
      folds: [i / 3, i / 5],
      at: new Date(1.7e12 + i),
    })),
};
