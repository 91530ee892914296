import { AssertionError } from "./assertion_error.ts";

/** A value as a failure shows it: whole, with its properties in a steady order. */
export function show(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    strAbbreviateSize: Infinity,
  });
}

/** A failure whose first line ends in the caller's own message, if there is one. */
export function failure(text: string, msg?: string, details?: string): AssertionError {
  const line = msg ? `${text}: ${msg}` : `${text}.`;
  return new AssertionError(details === undefined ? line : `${line}\n${details}`);
}
