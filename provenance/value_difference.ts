import { showPath } from "../describe.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { isObject, kindOf, type Parts, partsOf, type Step, WHOLE } from "./_value_parts.ts";
import { cut, LONGEST, textOf } from "./_value_text.ts";

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

function pathText(path: readonly Step[]): string {
  const text = path.reduce<string>(
    (above, step) => typeof step === "object" ? `${above}${step.text}` : showPath(above, [step]),
    "result",
  );
  return neutralizeLine(text);
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
