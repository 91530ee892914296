import { isAutoVersion } from "./auto.ts";

/** What the keys of the records of code begin with. */
export const CODE_PREFIX = "code__";

const KEY = /^code__auto-[0-9a-f]{40}$/;
const VERSION = /^auto:([0-9a-f]{40})$/;

/**
 * The key under which it lies what a version was made of: `code__auto-` and the version's 40 hex digits;
 * `undefined` where the version does not follow the code. No result lies under such a key: theirs end in `__`
 * and 40 hex digits.
 */
export function codeKey(version: string): string | undefined {
  const digits = isAutoVersion(version) ? VERSION.exec(version)?.[1] : undefined;
  return digits && `${CODE_PREFIX}auto-${digits}`;
}

/** Whether a key is one of the record of code. */
export function isCodeKey(key: string): boolean {
  return KEY.test(key);
}
