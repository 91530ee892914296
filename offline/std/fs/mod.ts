/**
 * Stands in for `jsr:@std/fs` where JSR is out of reach: the same names, signatures and effects,
 * for the few functions in use.
 *
 * @module
 */

export * from "./copy.ts";
export * from "./empty_dir.ts";
export * from "./ensure_dir.ts";
export * from "./exists.ts";
export * from "./walk.ts";
