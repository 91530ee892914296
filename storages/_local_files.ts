/**
 * The few file calls that a local storage is made of. They are `Deno`'s own, looked up at each call.
 *
 * @module
 */

import { StorageError } from "../errors.ts";

const WINDOWS = Deno.build.os === "windows";
const PATIENCE = 1000;
/** How often others may remove what we are about to look at. */
const LOOKS = 100;

/** What separates the parts of a path. */
export const SEPARATOR = WINDOWS ? "\\" : "/";

/** Files up to this size, in bytes, are read and written at once: three times faster, for a millisecond at most. */
export const SMALL = 2 ** 20;

/** Gives what lies at a path, links not followed; `undefined` when there is nothing. */
export function look(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

/** Whether a file call failed because there is no such file, or nothing that could hold it. */
export function isAbsence(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory;
}

/**
 * Reads a whole file that is known to be a regular one. What comes back is shorter than `size` where
 * the file is.
 */
export function readWhole(
  path: string,
  size: number,
  signal?: AbortSignal,
): Uint8Array<ArrayBuffer> | Promise<Uint8Array<ArrayBuffer>> {
  return size <= SMALL ? Deno.readFileSync(path) : readLarge(path, size, signal);
}

/** In pieces into one array this takes two thirds of `Deno.readFile`'s time. */
async function readLarge(
  path: string,
  size: number,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  using file = await Deno.open(path);
  const bytes = allocate(size);
  let done = 0;
  while (done < size) {
    signal?.throwIfAborted();
    const count = await file.read(bytes.subarray(done, done + 4 * SMALL));
    if (!count) break;
    done += count;
  }
  return bytes.subarray(0, done);
}

function allocate(size: number): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new StorageError(`A file of ${size} bytes is too large to be read whole; stream it`, {
      cause,
    });
  }
}

/** Writes all of the bytes to an open file. */
export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) done += await file.write(bytes.subarray(done));
}

/** Makes the names in a directory survive a loss of power, where the system has a call for that. */
export async function syncDirectory(path: string): Promise<void> {
  if (WINDOWS) return;
  using directory = await Deno.open(path, { read: true });
  try {
    await directory.sync();
  } catch (error) {
    if ((error as { code?: unknown }).code !== "EINVAL") throw error;
  }
}

/** Removes a file or an empty directory, if that can be done. */
export function tryRemove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch {
    // What stays is nobody's entry: it costs room, never correctness.
  }
}

/** Removes an empty folder, if that can be done; never a link. */
export function tryRemoveFolder(path: string): void {
  try {
    if (Deno.lstatSync(path).isDirectory) Deno.removeSync(path);
  } catch {
    // It costs no room.
  }
}

/** Removes a file, if it is there. */
export function removeFile(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** Removes a file, or a folder and all that is in it, if it is there. Links are not followed. */
export function removeWhole(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!isAbsence(error)) throw error;
  }
}

/** Gives the size of a file, or of all files in a folder. */
export function sizeOf(path: string): number {
  const info = look(path);
  if (!info?.isDirectory) return info?.isFile ? info.size : 0;
  return [...Deno.readDirSync(path)]
    .reduce((sum, { name }) => sum + sizeOf(path + SEPARATOR + name), 0);
}

/** Looks at several things; again where some of them were gone when it came to them. */
export function lookAgain<T>(act: () => T): T {
  for (let tries = 1;; tries++) {
    try {
      return act();
    } catch (error) {
      if (!isAbsence(error) || tries === LOOKS) throw error;
    }
  }
}

/**
 * Calls `act`; on Windows again for a second while another process, such as a reader or a virus
 * scanner, holds the file.
 */
export async function patiently<T>(act: () => T | Promise<T>): Promise<T> {
  const end = WINDOWS ? performance.now() + PATIENCE : 0;
  for (let wait = 1;; wait = Math.min(2 * wait, 50)) {
    try {
      return await act();
    } catch (error) {
      const held = error instanceof Deno.errors.PermissionDenied ||
        error instanceof Deno.errors.Busy;
      if (!held || performance.now() >= end) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
