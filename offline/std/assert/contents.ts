import { equal } from "./equal.ts";
import { failure, show } from "./_message.ts";

/** Anything with a length and numbered items. */
export type ArrayLikeArg<T> = ArrayLike<T> & object;

/** Holds if every item of `expected` deeply equals some item of `actual`. */
export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const items = Array.from(actual);
  const missing = Array.from(expected).filter((item) =>
    !items.includes(item) && !items.some((candidate) => equal(candidate, item))
  );
  if (missing.length === 0) return;
  throw failure(
    `Expected actual: "${show(actual)}" to include: "${show(expected)}"`,
    msg,
    `missing: ${show(missing)}`,
  );
}

/** Holds if `expected` occurs in `actual`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (actual.includes(expected)) return;
  throw failure(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

/** Holds if `expected` matches `actual`. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) return;
  throw failure(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

/** Holds if `expected` does not match `actual`. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) return;
  throw failure(`Expected actual: "${actual}" to not match: "${expected}"`, msg);
}
