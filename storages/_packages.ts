/**
 * Packages that are loaded when a storage that needs one is first used, and never before: who keeps
 * results in a directory downloads none of them. So their specifiers stand here as data: an `import()` of
 * a literal would be followed, and the package downloaded, with the program.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

/** What each package is, by the name that the code calls it. */
const SPECIFIERS = {
  redis: "npm:@redis/client@^6.3.1",
  // One version only: which environment variables it reads, and so what it may, is known of this one.
  s3: "npm:@aws-sdk/client-s3@3.1169.0",
  unstorage: "npm:unstorage@~1.17.6",
} as const satisfies Record<string, `npm:${string}`>;

/** The name of a package that a storage may need. */
export type PackageName = keyof typeof SPECIFIERS;

/**
 * Loads a package, or the `part` of it that begins with a `/`. `T` is what the caller uses of it.
 *
 * @throws {StorageError} When it cannot be had.
 */
export async function importPackage<T>(name: PackageName, part = ""): Promise<T> {
  return await importSpecifier(SPECIFIERS[name] + part);
}

/**
 * Loads what a specifier names. Never one that was read from stored data, or made of it.
 *
 * @throws {StorageError} When it cannot be had.
 */
export async function importSpecifier<T>(specifier: string): Promise<T> {
  try {
    return await import(specifier);
  } catch (cause) {
    throw new StorageError(
      `Cannot load ${specifier}, which this storage needs: ${(cause as Error).message}. It is ` +
        `downloaded once, when first used; where that may not be, run \`deno cache ${specifier}\` before`,
      { cause },
    );
  }
}
