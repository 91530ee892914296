import { classByPrototype } from "../caches/cbor/classes.ts";
import { isPlainObject } from "../describe.ts";
import { ABSENT, textOf } from "./_value_text.ts";

/**
 * A part of two values, and the step that leads there; `ABSENT` where one of them has none. With `"exact"`,
 * the tolerance does not hold for it.
 */
export type Parts = readonly [step: Step, before: unknown, after: unknown, exact?: "exact"];
/** A property or index; or, of a `Map` or `Set`, the text of the step itself. */
export type Step = PropertyKey | { readonly text: string };

/** Whether a value has parts. */
export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What two objects have to have in common, so that their parts can be compared. */
export function kindOf(value: object): unknown {
  if (Array.isArray(value)) return Array;
  return isPlainObject(value) ? Object : Object.getPrototypeOf(value);
}

const BOXES = [Number, String, Boolean, BigInt, Symbol];

/** Objects that are the same or not, as wholes. */
export const WHOLE: readonly {
  readonly is: (value: object) => boolean;
  readonly same: (a: never, b: never) => boolean;
}[] = [
  { is: (value) => value instanceof Date, same: (a: Date, b: Date) => Object.is(+a, +b) },
  { is: (value) => value instanceof RegExp, same: (a: RegExp, b: RegExp) => `${a}` === `${b}` },
  { is: (value) => value instanceof URL, same: (a: URL, b: URL) => a.href === b.href },
  // What these hold is none of their own properties.
  {
    is: (value) => BOXES.some((type) => value instanceof type),
    same: (a: object, b: object) => Object.is(a.valueOf(), b.valueOf()),
  },
  {
    is: (value) => value instanceof DOMException,
    same: (a: DOMException, b: DOMException) => a.name === b.name && a.message === b.message,
  },
];

const BYTES = [Uint8Array, Uint8ClampedArray, DataView];

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!BYTES.some((type) => value instanceof type)) return undefined;
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView<ArrayBuffer>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The parts of two objects of one kind. */
export function partsOf(a: object, b: object): Iterable<Parts> {
  const [bytesA, bytesB] = [bytesOf(a), bytesOf(b)];
  if (bytesA && bytesB) return bytesParts(bytesA, bytesB);
  if (Array.isArray(a) || ArrayBuffer.isView(a)) {
    return elementParts(a as unknown as unknown[], b as unknown[]);
  }
  if (a instanceof Map) return mapParts(a, b as Map<unknown, unknown>);
  if (a instanceof Set) return setParts(a, b as Set<unknown>);
  const codec = classByPrototype(Object.getPrototypeOf(a) ?? {})?.codec; // what it is made of may be private
  return codec ? [[{ text: "" }, codec.encode(a), codec.encode(b)]] : propertyParts(a, b);
}

/** Bytes agree or not; they are no measurements. */
function* bytesParts(a: Uint8Array, b: Uint8Array): Generator<Parts> {
  if (a.length !== b.length) yield ["length", a.length, b.length, "exact"];
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (a[i] !== b[i]) yield [i, a[i], b[i], "exact"];
  }
}

function* elementParts(a: ArrayLike<unknown>, b: ArrayLike<unknown>): Generator<Parts> {
  if (a.length !== b.length) yield ["length", a.length, b.length, "exact"];
  const isTyped = ArrayBuffer.isView(a);
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    if (isTyped || (Object.hasOwn(a, i) && Object.hasOwn(b, i))) {
      if (!Object.is(a[i], b[i])) yield [i, a[i], b[i]];
    } else {
      yield [i, Object.hasOwn(a, i) ? a[i] : ABSENT, Object.hasOwn(b, i) ? b[i] : ABSENT];
    }
  }
}

function* mapParts(
  a: ReadonlyMap<unknown, unknown>,
  b: ReadonlyMap<unknown, unknown>,
): Generator<Parts> {
  const get = (key: unknown) => ({ text: `.get(${textOf(key)})` });
  for (const [key, value] of a) {
    if (!isObject(key)) yield [get(key), value, b.has(key) ? b.get(key) : ABSENT];
  }
  for (const [key, value] of b) if (!isObject(key) && !a.has(key)) yield [get(key), ABSENT, value];
  // Objects as keys are told apart by their order alone.
  const pairs = (map: ReadonlyMap<unknown, unknown>) => [...map].filter(([key]) => isObject(key));
  yield* inOrder("entries", pairs(a), pairs(b));
}

function* setParts(a: ReadonlySet<unknown>, b: ReadonlySet<unknown>): Generator<Parts> {
  const has = (value: unknown) => ({ text: `.has(${textOf(value)})` });
  for (const value of a) if (!isObject(value) && !b.has(value)) yield [has(value), true, false];
  for (const value of b) if (!isObject(value) && !a.has(value)) yield [has(value), false, true];
  yield* inOrder("values", [...a].filter(isObject), [...b].filter(isObject));
}

function* inOrder(
  name: string,
  a: readonly unknown[],
  b: readonly unknown[],
): Generator<Parts> {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    const at = { text: `.${name}()[${i}]` };
    yield [at, i < a.length ? a[i] : ABSENT, i < b.length ? b[i] : ABSENT];
  }
}

function* propertyParts(a: object, b: object): Generator<Parts> {
  const valueOf = (object: object, key: string) =>
    Object.hasOwn(object, key) ? (object as Record<string, unknown>)[key] : ABSENT;
  for (const key of namesOf(a)) yield [key, valueOf(a, key), valueOf(b, key)];
  for (const key of namesOf(b)) if (!Object.hasOwn(a, key)) yield [key, ABSENT, valueOf(b, key)];
}

/** What errors hold of interest is hidden from `Object.keys`. */
function namesOf(object: object): string[] {
  if (!(object instanceof Error)) return Object.keys(object);
  return Object.getOwnPropertyNames(object).filter((name) => name !== "stack");
}
