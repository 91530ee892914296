/**
 * Deep equality as assertions want it: prototypes, own properties (symbols too) and getters count;
 * `NaN` equals itself, `0` equals `-0`, an absent property differs from one that is `undefined`.
 *
 * @throws {TypeError} For a `WeakMap` or `WeakSet`, whose contents cannot be seen.
 */
export function equal(a: unknown, b: unknown): boolean {
  return new Comparison().compare(a, b);
}

const typedArray = Object.getPrototypeOf(Uint8Array) as abstract new () => Uint8Array;

/** Classes whose text is their value, and whose fields are out of sight. */
const textual: ReadonlySet<object> = new Set(
  [
    RegExp,
    URL,
    URLSearchParams,
    Intl.Locale,
    ...Object.values((globalThis as { Temporal?: object }).Temporal ?? {}),
  ].map((type) => type.prototype).filter(Boolean),
);

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function prototypeOf(value: object): object {
  return Object.getPrototypeOf(value) ?? Object.prototype;
}

function bytesOf(value: object): Uint8Array | undefined {
  if (value instanceof typedArray) return value;
  if (value instanceof ArrayBuffer) return new Uint8Array(value);
  return value instanceof SharedArrayBuffer ? new Uint8Array(value) : undefined;
}

/** Every property name of `value`, those of its classes included but not those of `Object`. */
function keysOf(value: object): Set<PropertyKey> {
  const keys = new Set<PropertyKey>();
  for (
    let at: object | null = value;
    at && at !== Object.prototype && at !== Array.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const key of Reflect.ownKeys(at)) keys.add(key);
  }
  return keys;
}

class Comparison {
  readonly #seen = new Map<object, object>();

  compare(a: unknown, b: unknown): boolean {
    if (a === b || Object.is(a, b)) return true;
    if (!isObject(a) || !isObject(b) || prototypeOf(a) !== prototypeOf(b)) return false;
    if (a instanceof WeakMap || a instanceof WeakSet) {
      throw new TypeError(`Cannot compare ${a.constructor.name} instances`);
    }
    if (a instanceof Date) return Object.is(a.getTime(), (b as Date).getTime());
    if (a instanceof WeakRef) return this.compare(a.deref(), (b as WeakRef<object>).deref());
    const bytes = bytesOf(a);
    if (bytes) return this.#equalItems(bytes, bytesOf(b)!);
    if (textual.has(prototypeOf(a))) return String(a) === String(b);
    if (this.#seen.get(a) === b) return true;
    this.#seen.set(a, b);
    const same = this.#equalContents(a, b);
    if (!same) this.#seen.delete(a);
    return same;
  }

  #equalContents(a: object, b: object): boolean {
    if (Object.keys(a).length !== Object.keys(b).length) return false;
    if (a instanceof Set) return this.#equalSets(a, b as Set<unknown>);
    if (a instanceof Map) return this.#equalMaps(a, b as Map<unknown, unknown>);
    return this.#equalProperties(a, b);
  }

  #equalItems(a: Uint8Array, b: Uint8Array): boolean {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false;
    }
    return true;
  }

  #equalSets(a: Set<unknown>, b: Set<unknown>): boolean {
    if (a.size !== b.size) return false;
    const others = [...b].filter(isObject);
    for (const item of a) {
      if (b.has(item)) continue;
      if (!isObject(item) || !others.some((other) => this.compare(item, other))) return false;
    }
    return true;
  }

  #equalMaps(a: Map<unknown, unknown>, b: Map<unknown, unknown>): boolean {
    if (a.size !== b.size) return false;
    const others = [...b].filter(([key]) => isObject(key));
    for (const [key, value] of a) {
      if (b.has(key) && this.compare(value, b.get(key))) continue;
      if (!isObject(key)) return false;
      const found = others.some(([otherKey, other]) =>
        this.compare(key, otherKey) && this.compare(value, other)
      );
      if (!found) return false;
    }
    return true;
  }

  #equalProperties(a: object, b: object): boolean {
    for (const key of keysOf(a).union(keysOf(b))) {
      if (key in a !== key in b) return false;
      if (!this.compare(a[key as keyof typeof a], b[key as keyof typeof b])) return false;
    }
    return true;
  }
}
