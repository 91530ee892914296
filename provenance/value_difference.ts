import { classByPrototype } from "../caches/cbor/classes.ts";
import { describe, isPlainObject, showPath } from "../describe.ts";
import { neutralizeLine } from "../progress/neutralize.ts";

/** How far two numbers may lie apart and still agree. */
export interface Tolerance {
  /** By so much, whatever their size. @default {0} */
  readonly absolute?: number;
  /** By this share of the larger of both (by amount). @default {0} */
  readonly relative?: number;
}

/** A place at which two values differ. */
export interface ValueDifference {
  /** Where, as in code: `result.scores[3]`. Safe to print. */
  readonly path: string;
  /** What stands there in the first value, in a few words, safe to print; `undefined` where nothing does. */
  readonly before: string | undefined;
  /** The same of the second one. */
  readonly after: string | undefined;
}

/** How two values are compared. */
export interface DifferenceOptions {
  /** How far numbers may lie apart; a number stands for both kinds. @default {0} */
  readonly tolerance?: number | Tolerance;
  /** How many differences are given at most. @default {10} */
  readonly most?: number;
}

/** How two values differ. */
export interface Differences {
  /** The first places at which they do, in the order of the first value. */
  readonly first: readonly ValueDifference[];
  /** Whether there are more than those. */
  readonly more: boolean;
  /** Whether a number differs, and all of them within the tolerance. */
  readonly within: boolean;
}

const MOST = 10;
/** No text of a value is longer, in characters. */
const LONGEST = 80;

/**
 * Finds out where two values differ in what they hold: two objects are the same where their parts are.
 * Numbers as `Object.is` sees them (`NaN` is `NaN`, `-0` is not `0`), or within a tolerance, in typed
 * arrays too; bytes (`Uint8Array`, `Uint8ClampedArray`, `ArrayBuffer`, `DataView`), bigints, texts and
 * dates exactly. The order of keys, of `Map`s too, and of the members of a `Set` does not count, unless
 * they are objects. Cycles are followed once. Of errors, `stack` does not count, as it names lines of code.
 *
 * @example
 * ```ts ignore
 * valueDifferences({ scores: [1, 0.981] }, { scores: [1, 0.979] }).first;
 * // [{ path: "result.scores[1]", before: "0.981", after: "0.979" }]
 * ```
 */
export function valueDifferences(
  before: unknown,
  after: unknown,
  { tolerance = 0, most = MOST }: DifferenceOptions = {},
): Differences {
  const comparison = new Comparison(closeness(tolerance), most);
  comparison.compare(before, after);
  const { first, more, isClose } = comparison;
  return { first, more, within: first.length === 0 && isClose };
}

function closeness(tolerance: number | Tolerance): Required<Tolerance> {
  if (typeof tolerance === "number") return { absolute: tolerance, relative: tolerance };
  return { absolute: tolerance.absolute ?? 0, relative: tolerance.relative ?? 0 };
}

/**
 * A part of two values, and the step that leads there; `ABSENT` where one of them has none. With `"exact"`,
 * the tolerance does not hold for it.
 */
type Parts = readonly [step: Step, before: unknown, after: unknown, exact?: "exact"];
/** A property or index; or, of a `Map` or `Set`, the text of the step itself. */
type Step = PropertyKey | { readonly text: string };

const ABSENT = Symbol("absent");

class Comparison {
  readonly first: ValueDifference[] = [];
  more = false;
  isClose = false;
  readonly #tolerance: Required<Tolerance>;
  readonly #most: number;
  readonly #path: Step[] = [];
  readonly #met = new WeakMap<object, WeakSet<object>>();

  constructor(tolerance: Required<Tolerance>, most: number) {
    this.#tolerance = tolerance;
    this.#most = most;
  }

  // A stack of its own: results may be nested deeper than calls can be.
  compare(before: unknown, after: unknown): void {
    const open: Iterator<Parts>[] = [];
    const enter = (a: unknown, b: unknown, exact?: "exact"): boolean => {
      const parts = this.#partsOf(a, b, exact);
      if (parts) open.push(parts[Symbol.iterator]());
      return parts !== undefined;
    };
    enter(before, after);
    while (open.length > 0 && !this.more) {
      const { done, value } = open.at(-1)!.next();
      if (done) {
        open.pop();
        this.#path.pop();
        continue;
      }
      const [step, a, b, exact] = value;
      this.#path.push(step);
      if (!enter(a, b, exact)) this.#path.pop();
    }
  }

  /** Compares two values; gives the parts that are to be compared next, of those that have any. */
  #partsOf(a: unknown, b: unknown, exact?: "exact"): Iterable<Parts> | undefined {
    if (Object.is(a, b)) return undefined;
    if (!exact && typeof a === "number" && typeof b === "number" && this.#isClose(a, b)) {
      this.isClose = true;
      return undefined;
    }
    if (!isObject(a) || !isObject(b) || kindOf(a) !== kindOf(b)) return this.#differ(a, b);
    if (this.#wasMet(a, b)) return undefined;
    const whole = WHOLE.find(({ is }) => is(a));
    if (whole) return whole.same(a as never, b as never) ? undefined : this.#differ(a, b);
    return partsOf(a, b);
  }

  #isClose(a: number, b: number): boolean {
    const { absolute, relative } = this.#tolerance;
    if (absolute === 0 && relative === 0) return false;
    const distance = Math.abs(a - b); // NaN for infinities of one sign, which are the same
    return distance <= Math.max(absolute, relative * Math.max(Math.abs(a), Math.abs(b))) &&
      Number.isFinite(a) && Number.isFinite(b);
  }

  #wasMet(a: object, b: object): boolean {
    let others = this.#met.get(a);
    if (others?.has(b)) return true;
    if (others === undefined) this.#met.set(a, others = new WeakSet());
    others.add(b);
    return false;
  }

  #differ(a: unknown, b: unknown): undefined {
    if (this.first.length === this.#most) {
      this.more = true;
      return;
    }
    const [before, after] = [textOf(a), textOf(b)];
    this.first.push({
      path: pathText(this.#path),
      // What is long may differ in its end only.
      ...(before === after && before !== undefined ? apart(a, b) : { before, after }),
    });
  }
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** What two objects have to have in common, so that their parts can be compared. */
function kindOf(value: object): unknown {
  if (Array.isArray(value)) return Array;
  return isPlainObject(value) ? Object : Object.getPrototypeOf(value);
}

/** Objects that are the same or not, as wholes. */
const WHOLE: readonly {
  readonly is: (value: object) => boolean;
  readonly same: (a: never, b: never) => boolean;
}[] = [
  { is: (value) => value instanceof Date, same: (a: Date, b: Date) => Object.is(+a, +b) },
  { is: (value) => value instanceof RegExp, same: (a: RegExp, b: RegExp) => `${a}` === `${b}` },
  { is: (value) => value instanceof URL, same: (a: URL, b: URL) => a.href === b.href },
];

const BYTES = [Uint8Array, Uint8ClampedArray, DataView];

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  if (!BYTES.some((type) => value instanceof type)) return undefined;
  const { buffer, byteOffset, byteLength } = value as ArrayBufferView<ArrayBuffer>;
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** The parts of two objects of one kind. */
function partsOf(a: object, b: object): Iterable<Parts> {
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

function pathText(path: readonly Step[]): string {
  const text = path.reduce<string>(
    (above, step) => typeof step === "object" ? `${above}${step.text}` : showPath(above, [step]),
    "result",
  );
  return neutralizeLine(text);
}

function textOf(value: unknown): string | undefined {
  if (value === ABSENT) return undefined;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date) return Number.isNaN(+value) ? "Invalid Date" : value.toISOString();
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return cut(`${value}n`);
  if (typeof value === "string") return cut(neutralizeLine(JSON.stringify(value)));
  if (value instanceof RegExp || value instanceof URL) return cut(neutralizeLine(String(value)));
  return neutralizeLine(describe(value));
}

function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** Two texts or bigints that begin in the same way: from a little before where they part. */
function apart(a: unknown, b: unknown): Pick<ValueDifference, "before" | "after"> {
  const [one, other] = [String(a), String(b)];
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  const from = Math.max(0, at - LONGEST / 4);
  const shown = (text: string) => cut(`…${neutralizeLine(JSON.stringify(text.slice(from)))}`);
  return { before: shown(one), after: shown(other) };
}
