/**
 * Stands in for `jsr:@std/path` where JSR is out of reach: the same names, signatures and results
 * for the paths of the system that runs it.
 *
 * @module
 */

export * from "./basename.ts";
export * from "./common.ts";
export * from "./constants.ts";
export * from "./dirname.ts";
export * from "./extname.ts";
export * from "./from_file_url.ts";
export * from "./is_absolute.ts";
export * from "./join.ts";
export * from "./normalize.ts";
export * from "./relative.ts";
export * from "./resolve.ts";
export * from "./to_file_url.ts";
