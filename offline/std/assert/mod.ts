/**
 * Stands in for `jsr:@std/assert` where JSR is out of reach: the same names, signatures and
 * verdicts; the wording of a failure may differ. Only the stable part is here.
 *
 * @module
 */

export * from "./assertion_error.ts";
export * from "./contents.ts";
export * from "./equal.ts";
export * from "./equality.ts";
export * from "./failure.ts";
export * from "./instance.ts";
export * from "./object_match.ts";
export * from "./order.ts";
export * from "./truth.ts";
