import { describe, isPlainObject, setOwn, showPath } from "./describe.ts";
import { TaskError } from "./errors.ts";

/** What the canonical forms need to know of a task; the root of the class `Task`. */
export abstract class TaskNode {
  readonly #isTask = true;

  /** Whether a value is a task itself, and no proxy of one or object derived from one. */
  static isTask(value: object): value is TaskNode {
    return #isTask in value;
  }

  /** The name of the task's type. */
  abstract readonly taskName: string;
  /** Which task this is, in any program. */
  abstract readonly id: string;
  /** The version of the code that the task was made with. */
  abstract readonly codeVersion: string | undefined;
  /** The frozen params. */
  abstract readonly params: object;
  /** The tasks nested in the params: each once, in canonical order. */
  abstract readonly dependencies: readonly TaskNode[];
}

/** How deep arrays and objects may nest in params. */
export const MAX_PARAM_DEPTH = 256;

/** How many decimal digits a bigint in params may have. */
export const MAX_BIGINT_DIGITS = 100_000;

/** Params, copied and frozen, with what ids are made from. */
export interface CanonicalParams {
  /** A deep, deeply frozen copy; tasks are kept as they are. */
  readonly params: Readonly<Record<string, unknown>>;
  /** The canonical text. */
  readonly text: string;
  /** The tasks found, each once, in canonical order. */
  readonly dependencies: readonly TaskNode[];
}

/**
 * Copies and freezes params and writes their canonical text in one walk.
 *
 * The text is a sequence of tokens that no two different values share: `null`, `true`, `1`, `-0`,
 * `NaN`, `12n`, `"text"` (as JSON), `D1700000000000` (a Date by its ms), `[…]`, `{"key":…}` with keys
 * in code-unit order and undefined ones left out, `@id` for a task; `undefined` only within arrays.
 *
 * @throws {TaskError} Names the path and the type of a value that params cannot hold.
 */
export function canonicalParams(params: unknown): CanonicalParams {
  const walk = new ParamWalk();
  if (!isPlainObject(params)) {
    throw new TaskError(`Expected params to be a plain object, got ${describe(params)}`);
  }
  const copy = walk.value(params) as Readonly<Record<string, unknown>>;
  const dependencies = walk.tasks.size === 0 ? NONE : Object.freeze([...walk.tasks.values()]);
  return { params: copy, text: walk.text, dependencies };
}

const NONE: readonly TaskNode[] = Object.freeze([]);

class ParamWalk {
  text = "";
  readonly tasks = new Map<string, TaskNode>();
  readonly #path: (string | number)[] = [];
  readonly #above = new Set<object>();

  value(value: unknown): unknown {
    switch (typeof value) {
      case "number":
        this.text += Object.is(value, -0) ? "-0" : String(value);
        return value;
      case "string":
        this.text += JSON.stringify(value);
        return value;
      case "boolean":
      case "undefined":
        this.text += String(value);
        return value;
      case "bigint":
        this.text += `${this.#digits(value)}n`;
        return value;
      case "object":
        return value === null ? this.#null() : this.#object(value);
      default:
        throw this.#refusal(value);
    }
  }

  #digits(value: bigint): string {
    const digits = String(value);
    if (digits.length <= MAX_BIGINT_DIGITS) return digits;
    throw new TaskError(`${this.#where()} is a bigint of more than ${MAX_BIGINT_DIGITS} digits`);
  }

  #null(): null {
    this.text += "null";
    return null;
  }

  #object(value: object): unknown {
    if (TaskNode.isTask(value)) {
      this.text += `@${value.id}`;
      this.tasks.set(value.id, value);
      return value;
    }
    if (value instanceof Date) {
      const time = timeOf(value);
      if (time === undefined) throw this.#refusal(value);
      this.text += `D${time}`;
      return frozenDate(time);
    }
    if (this.#above.has(value)) {
      throw new TaskError(
        `${this.#where()} refers back to ${describe(value)} that holds it; params cannot be cyclic`,
      );
    }
    if (this.#path.length >= MAX_PARAM_DEPTH) {
      throw new TaskError(`${this.#where()} is nested deeper than ${MAX_PARAM_DEPTH} levels`);
    }
    this.#above.add(value);
    const copy = Array.isArray(value) ? this.#array(value) : this.#plain(value);
    this.#above.delete(value);
    return copy;
  }

  #array(array: readonly unknown[]): readonly unknown[] {
    // The prototype of plain arrays is an array too, in every realm.
    if (!Array.isArray(Object.getPrototypeOf(array))) throw this.#refusal(array);
    const copy = new Array<unknown>(array.length);
    this.text += "[";
    for (let i = 0; i < array.length; i++) {
      if (i > 0) this.text += ",";
      this.#path.push(i);
      if (array[i] === undefined && !Object.hasOwn(array, i)) {
        throw new TaskError(`${this.#where()} is a hole in an array; put null or undefined there`);
      }
      copy[i] = this.value(array[i]);
      this.#path.pop();
    }
    this.text += "]";
    const extra = extraOf(array);
    if (extra === undefined) return Object.freeze(copy);
    throw new TaskError(
      `${this.#where()} is an array with a property ${
        describe(extra)
      } besides its elements, which ` +
        `would be lost; give both in a plain object`,
    );
  }

  #plain(object: object): Readonly<Record<string, unknown>> {
    if (!isPlainObject(object) || Object.getOwnPropertySymbols(object).length > 0) {
      throw this.#refusal(object);
    }
    const given = Object.keys(object);
    // Values are read once, in the order given, so that a getter cannot show two faces.
    const values = new Map<string, unknown>();
    for (const key of given) {
      const value = object[key];
      if (value !== undefined) values.set(key, value);
    }
    const copies = new Map<string, unknown>();
    this.text += "{";
    let first = true;
    for (const key of [...values.keys()].sort(byCodeUnit)) {
      this.text += `${first ? "" : ","}${JSON.stringify(key)}:`;
      first = false;
      this.#path.push(key);
      copies.set(key, this.value(values.get(key)));
      this.#path.pop();
    }
    this.text += "}";
    const copy: Record<string, unknown> = {};
    for (const key of values.keys()) setOwn(copy, key, copies.get(key));
    return Object.freeze(copy);
  }

  #refusal(value: unknown): TaskError {
    const what = isPlainObject(value) ? "an object with symbol keys" : describe(value);
    return new TaskError(
      `${this.#where()} is ${what}, which params cannot hold; they hold null, ` +
        `booleans, numbers, bigints, strings, Dates, arrays, plain objects and tasks`,
    );
  }

  #where(): string {
    return showPath("params", this.#path);
  }
}

/** Copies params with every nested task replaced; parts without tasks are shared, not copied. */
export function mapTasks(value: unknown, replace: (task: TaskNode) => unknown): unknown {
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  if (value instanceof TaskNode) return replace(value);
  if (Array.isArray(value)) {
    const copy = value.map((entry) => mapTasks(entry, replace));
    return copy.some((entry, i) => !Object.is(entry, value[i])) ? Object.freeze(copy) : value;
  }
  const copy: Record<string, unknown> = {};
  let changed = false;
  for (const [key, entry] of Object.entries(value)) {
    const mapped = mapTasks(entry, replace);
    changed ||= !Object.is(mapped, entry);
    setOwn(copy, key, mapped);
  }
  return changed ? Object.freeze(copy) : value;
}

function extraOf(array: readonly unknown[]): string | symbol | undefined {
  const names = Object.keys(array);
  return names.length > array.length ? names[array.length] : Object.getOwnPropertySymbols(array)[0];
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const DATE_SETTERS = Object.getOwnPropertyNames(Date.prototype)
  .filter((name) => name.startsWith("set"));

const { getTime } = Date.prototype;

// Classes that extend Date would be lost in the copy; what only looks like a Date has no time.
function timeOf(date: Date): number | undefined {
  if (Object.getPrototypeOf(date) !== Date.prototype) return undefined;
  try {
    return getTime.call(date);
  } catch {
    return undefined;
  }
}

// Freezing a Date does not freeze its time.
function frozenDate(time: number): Date {
  const copy = new Date(time);
  const refuse = () => {
    throw new TypeError("Params are frozen; copy the Date before you change it");
  };
  for (const name of DATE_SETTERS) Object.defineProperty(copy, name, { value: refuse });
  return Object.freeze(copy);
}
