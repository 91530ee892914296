import { assertEquals } from "./equality.ts";

/** Holds if `expected` is, deeply, a part of `actual`. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  // Both are projected, so that instances of classes turn into plain objects on both sides.
  assertEquals(new Projection().of(actual, expected), new Projection().of(expected, expected), msg);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

class Projection {
  readonly #seen = new Map<object, Map<object, unknown>>();

  /** The part of `value` that `pattern` speaks of. */
  of(value: unknown, pattern: unknown): unknown {
    if (!isObject(value) || !isObject(pattern)) return value;
    if (value instanceof RegExp || value instanceof Date) return value;
    const seen = this.#seen.getOrInsertComputed(value, () => new Map());
    if (seen.has(pattern)) return seen.get(pattern);
    if (value instanceof Set && pattern instanceof Set) return value.intersection(pattern);
    if (value instanceof Map && pattern instanceof Map) {
      const shared = [...value].filter(([key]) => pattern.has(key));
      return new Map(shared.map(([key, item]) => [key, this.of(item, pattern.get(key))]));
    }
    if (Array.isArray(value) && Array.isArray(pattern)) {
      const items: unknown[] = [];
      seen.set(pattern, items);
      const count = Math.min(value.length, pattern.length);
      for (let i = 0; i < count; i++) items.push(this.of(value[i], pattern[i]));
      return items;
    }
    const part = {};
    seen.set(pattern, part);
    for (const key of Reflect.ownKeys(value)) {
      if (!Object.hasOwn(pattern, key)) continue;
      const item = this.of(value[key as keyof object], pattern[key as keyof object]);
      const flags = { enumerable: true, configurable: true, writable: true };
      Object.defineProperty(part, key, { value: item, ...flags });
    }
    return part;
  }
}
