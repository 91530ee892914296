import { StorageError } from "../errors.ts";

const KEY = /^[A-Za-z0-9_-]{1,200}$/;
const FILE_NAME = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*$/;
const FILE_NAME_LENGTH = 100;

/**
 * Refuses a key that no storage takes. Keys have 1 to 200 characters of `A-Z a-z 0-9 _ -`, so that
 * none can leave a storage's place or collide with another on any file system.
 *
 * @throws {StorageError} When the key is anything else.
 */
export function checkKey(key: string): void {
  if (typeof key !== "string" || !KEY.test(key)) {
    throw new StorageError(
      `Expected a key of 1 to 200 characters of A-Z a-z 0-9 _ -, got ${shown(key)}`,
    );
  }
}

/**
 * Refuses a file name that no storage takes. File names have 1 to 100 characters of
 * `A-Z a-z 0-9 _ -`, with single dots inside.
 *
 * @throws {StorageError} When the name is anything else.
 */
export function checkFileName(file: string): void {
  if (typeof file !== "string" || file.length > FILE_NAME_LENGTH || !FILE_NAME.test(file)) {
    throw new StorageError(
      `Expected a file name of 1 to 100 characters of A-Z a-z 0-9 _ - with single dots inside, ` +
        `got ${shown(file)}`,
    );
  }
}

function shown(name: unknown): string {
  if (typeof name !== "string") return String(name);
  return name.length > 60
    ? `${JSON.stringify(name.slice(0, 60))}… (${name.length} characters)`
    : JSON.stringify(name);
}
