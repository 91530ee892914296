import { isWindows } from "./_platform.ts";

/** What separates the paths of a list. */
export const DELIMITER: ";" | ":" = isWindows ? ";" : ":";

/** What separates the parts of a path. */
export const SEPARATOR: "\\" | "/" = isWindows ? "\\" : "/";

/** One or more separators. */
export const SEPARATOR_PATTERN: RegExp = isWindows ? /[\\/]+/ : /\/+/;
