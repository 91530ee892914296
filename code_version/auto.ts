/**
 * How versions that follow the code are written: what a definition or a Lab says, and what is stored.
 *
 * @module
 */

/** What stands in place of a version that follows the code. */
export const AUTO = "auto";

const PREFIX = "auto:";

/** Whether a version is one that was made from code. */
export function isAutoVersion(version: unknown): boolean {
  return typeof version === "string" && version.startsWith(PREFIX);
}

/** The version that stands for the digest of some code. */
export function autoVersion(digest: string): string {
  return PREFIX + digest;
}

/**
 * Whether a Lab can have told a type's version. A worker has not read the code as the Lab did, and whether
 * the version of a type that says nothing follows its code is for the Lab to say.
 */
export function mayHaveVersion(
  type: { readonly codeVersion: string | undefined },
  version: string | undefined,
): boolean {
  if (isAutoVersion(version)) return type.codeVersion === AUTO || type.codeVersion === undefined;
  return type.codeVersion === version;
}
