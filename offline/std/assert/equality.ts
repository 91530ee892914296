import { AssertionError as NodeAssertionError } from "node:assert";
import { equal } from "./equal.ts";
import { failure, show } from "./_message.ts";

function differences(actual: unknown, expected: unknown): string {
  const { message } = new NodeAssertionError({ actual, expected, operator: "deepStrictEqual" });
  return message.slice(message.indexOf("\n") + 1);
}

/** Holds if the two are deeply equal; see `equal`. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  throw failure("Values are not equal", msg, differences(actual, expected));
}

/** Holds if the two are not deeply equal; see `equal`. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  throw failure(`Expected actual: ${show(actual)} not to be: ${show(expected)}`, msg);
}

/** Holds if `Object.is(actual, expected)`. */
export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  throw failure(
    "Values are not strictly equal",
    msg,
    `actual: ${show(actual)}\nexpected: ${show(expected)}`,
  );
}

/** Holds if not `Object.is(actual, expected)`. */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!Object.is(actual, expected)) return;
  throw failure(`Expected "actual" to not be strictly equal to: ${show(actual)}`, msg);
}
