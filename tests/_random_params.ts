import fc from "fast-check";
import { isTask, type Task } from "../task.ts";

/** What properties are tried with: the same values each time. */
export const SEED = { seed: 20_260_203 } as const;

/** What params can hold, with all that is easily taken for something else. */
export function paramValues(
  taskOf: (params: Record<string, unknown>) => Task,
): fc.Arbitrary<unknown> {
  const text = fc.oneof(
    fc.string(),
    fc.string({ unit: "binary" }),
    // Lone surrogates too.
    fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
    fc.constantFrom("", "null", "undefined", "1", "1n", "-0", "NaN", "D0", "$", "[]", "{}", "true"),
  );
  const key = fc.oneof(
    text,
    fc.constantFrom("$date", "$task", "$bigint", "$number", "$undefined", "$$date", "$", "$$"),
    fc.constantFrom("__proto__", "constructor", "0", "a", "b", "c"),
  );
  const leaf = fc.oneof(
    text,
    fc.double(),
    fc.integer({ min: -3, max: 3 }),
    fc.bigInt({ min: -3n, max: 3n }),
    fc.bigInt(),
    fc.constantFrom(null, undefined, true, false, 0, -0, NaN, Infinity, -Infinity),
    fc.date({ noInvalidDate: false }),
    fc.integer({ min: -2, max: 2 }).map((ms) => new Date(ms)),
  );
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      tie("array"),
      tie("object"),
      tie("task"),
    ),
    array: fc.array(tie("value"), { maxLength: 4 }),
    object: fc.array(fc.tuple(key, tie("value")), { maxLength: 4 }).map(fromEntries),
    task: fc.array(fc.tuple(key, tie("value")), { maxLength: 2 }).map((entries) =>
      taskOf(fromEntries(entries))
    ),
  }));
  return value;
}

/** `Object.fromEntries`, which takes `__proto__` as a key like any other, as spread does not. */
function fromEntries(entries: [string, unknown][]): Record<string, unknown> {
  return Object.fromEntries(entries);
}

/** Whether two params are the same value, by a definition that knows nothing of ids. */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return Object.is(a, b);
  }
  if (isTask(a) || isTask(b)) {
    return isTask(a) && isTask(b) && a.taskName === b.taskName && same(a.params, b.params);
  }
  if (a instanceof Date || b instanceof Date) {
    return a instanceof Date && b instanceof Date && Object.is(a.getTime(), b.getTime());
  }
  if (Array.isArray(a) || Array.isArray(b)) {
    return Array.isArray(a) && Array.isArray(b) && a.length === b.length &&
      a.every((entry, i) => same(entry, b[i]));
  }
  const [ours, theirs] = [a, b].map((object) =>
    new Map(Object.entries(object).filter(([, entry]) => entry !== undefined))
  ) as [Map<string, unknown>, Map<string, unknown>];
  return ours.size === theirs.size &&
    [...ours].every(([key, entry]) => theirs.has(key) && same(entry, theirs.get(key)));
}

/** An equal value, built anew with the properties of objects in another order. */
export function shuffled(value: unknown): unknown {
  if (typeof value !== "object" || value === null || isTask(value)) return value;
  if (value instanceof Date) return new Date(value);
  if (Array.isArray(value)) return value.map(shuffled);
  const entries = Object.entries(value).map(([key, entry]) => [key, shuffled(entry)] as const);
  return Object.fromEntries([...entries.reverse(), ["an absent one", undefined]]);
}
