import { AssertionError } from "./assertion_error.ts";
import { failure, show } from "./_message.ts";

function requireOrder(
  holds: boolean,
  sides: [actual: unknown, expected: unknown],
  sign: string,
  msg: string | undefined,
): void {
  if (holds) return;
  const [actual, expected] = sides;
  throw new AssertionError(msg ?? `Expect ${show(actual)} ${sign} ${show(expected)}`);
}

/** Holds if `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  requireOrder(actual > expected, [actual, expected], ">", msg);
}

/** Holds if `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  requireOrder(actual >= expected, [actual, expected], ">=", msg);
}

/** Holds if `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  requireOrder(actual < expected, [actual, expected], "<", msg);
}

/** Holds if `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  requireOrder(actual <= expected, [actual, expected], "<=", msg);
}

/** Holds if the two differ by at most `tolerance`; by default 1e-7 of `expected`. */
export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const limit = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected) * 1e-7 : 1e-7);
  const delta = Math.abs(expected - actual);
  if (delta <= limit) return;
  throw failure(
    `Expected actual: "${actual}" to be close to "${expected}": ` +
      `delta "${delta}" is greater than "${limit}"`,
    msg,
  );
}
