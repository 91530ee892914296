import { stripVTControlCharacters } from "node:util";
import type { AssertionError } from "./assertion_error.ts";
import { failure } from "./_message.ts";

// deno-lint-ignore no-explicit-any
type ErrorClassOf<E> = abstract new (...args: any[]) => E;

/** Holds if `error` is an `Error`, of the class and with the text given. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: ErrorClassOf<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) throw failure(`Expected "error" to be an Error object`, msg);
  if (ErrorClass && !(error instanceof ErrorClass)) {
    throw failure(
      `Expected error to be instance of "${ErrorClass.name}", ` +
        `but was "${(error as Error).constructor?.name}"`,
      msg,
    );
  }
  if (!msgMatches) return;
  const text = stripVTControlCharacters((error as Error).message);
  const matches = typeof msgMatches === "string"
    ? text.includes(stripVTControlCharacters(msgMatches))
    : msgMatches.test(text);
  if (matches) return;
  const wanted = typeof msgMatches === "string" ? JSON.stringify(msgMatches) : String(msgMatches);
  throw failure(
    `Expected error message to include ${wanted}, but got ${JSON.stringify(error.message)}`,
    msg,
  );
}

interface Expectation {
  ErrorClass: ErrorClassOf<Error> | undefined;
  msgIncludes: string | undefined;
  msg: string | undefined;
}

function readExpectation(
  classOrMsg: ErrorClassOf<Error> | string | undefined,
  msgIncludes: string | undefined,
  msg: string | undefined,
): Expectation {
  return typeof classOrMsg === "string"
    ? { ErrorClass: undefined, msgIncludes: undefined, msg: classOrMsg }
    : { ErrorClass: classOrMsg, msgIncludes, msg };
}

function requireExpected(error: unknown, expected: Expectation, verb: string): unknown {
  const { ErrorClass, msgIncludes, msg } = expected;
  if (ErrorClass) {
    if (!(error instanceof Error)) throw failure(`A non-Error object was ${verb}`, msg);
    assertIsError(error, ErrorClass, msgIncludes, msg);
  }
  return error;
}

/** Holds if `fn` throws; returns what was thrown. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
/** Holds if `fn` throws an error of the class, whose message includes the text given. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: ErrorClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClassOf<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const expected = readExpectation(classOrMsg, msgIncludes, msg);
  let thrown: { error: unknown } | undefined;
  try {
    fn();
  } catch (error) {
    thrown = { error };
  }
  if (!thrown) throw failure("Expected function to throw", expected.msg);
  return requireExpected(thrown.error, expected, "thrown");
}

/** Holds if `fn` returns a promise that rejects; resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
/** Holds if `fn` rejects with an error of the class, whose message includes the text given. */
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: ErrorClassOf<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClassOf<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const expected = readExpectation(classOrMsg, msgIncludes, msg);
  const promise = startRejecting(fn, expected.msg);
  let rejected: { error: unknown } | undefined;
  try {
    await promise;
  } catch (error) {
    rejected = { error };
  }
  if (!rejected) throw failure("Expected function to reject", expected.msg);
  return requireExpected(rejected.error, expected, "rejected");
}

/** Calls `fn`, whose throwing at once, or returning no promise, is a failure of its own. */
function startRejecting(
  fn: () => PromiseLike<unknown>,
  msg: string | undefined,
): { then: PromiseLike<unknown>["then"] } {
  let failed: AssertionError | undefined;
  try {
    const promise = fn();
    if (typeof promise === "object" && typeof promise?.then === "function") return promise;
  } catch (error) {
    failed = failure("Function throws when expected to reject", msg);
    failed.cause = error;
  }
  throw failed ?? failure("Function throws when expected to reject", msg);
}
