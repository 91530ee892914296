import { AssertionError } from "./assertion_error.ts";
import { failure } from "./_message.ts";

/** What counts as false. */
export type Falsy = false | 0 | 0n | "" | null | undefined;

/** Holds if `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

/** Holds if `expr` is falsy. */
export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

/** Holds if `actual` is neither `null` nor `undefined`. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    throw failure(`Expected actual: "${actual}" to not be null or undefined`, msg);
  }
}

/** Never holds. */
export function fail(msg?: string): never {
  throw failure("Failed assertion", msg);
}

/** Marks a place that must never be reached. */
export function unreachable(msg?: string): never {
  throw failure("Unreachable", msg);
}

/** Marks a place that is still to be written. */
export function unimplemented(msg?: string): never {
  throw failure("Unimplemented", msg);
}
