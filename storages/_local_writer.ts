/**
 * Who writes to a directory, and whether it still lives. Each writer holds a lock on a file of its own,
 * `.writers/NAME.lock`, for as long as it lives: the lock ends with the process or thread, however that
 * ends. What a writer saves bears its name, so that what the dead left behind is told from what the
 * living are at.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import { isAbsence, look, SEPARATOR, tryRemove, tryRemoveFolder } from "./_local_files.ts";

/** The folder of the markers; no key is named so. */
export const WRITERS = ".writers";
/** What the name of a writer's marker ends with. */
export const MARKER_END = ".lock";

/** How often a marker may be taken away by others before it is ours. */
const TRIES = 100;

/** Whether a writer lives: `"unknown"` where it has no marker, or locks tell nothing. */
export type Life = "alive" | "dead" | "unknown";

/** A marker that is held. */
interface Held {
  readonly path: string;
  readonly file: Deno.FsFile;
}

/** Lets go of the markers of storages that nobody disposed, and nobody can reach any more. */
const forgotten = new FinalizationRegistry<Held>(letGo);

/** One writer: its name, and its marker once it holds one. */
export class LocalWriter {
  readonly #dir: string;
  #name = randomText(8);
  #held?: Held;

  /** Speaks of a directory that need not be there yet. */
  constructor(dir: string) {
    this.#dir = dir;
  }

  /** Eight characters that no other writer has. */
  get name(): string {
    return this.#name;
  }

  /**
   * Takes hold of a marker in the directory, which is there. Goes without one where the file system knows
   * no locks, or the markers are another user's. The name may change, as nothing was saved by it yet.
   */
  mark(): void {
    if (this.#held && isAt(this.#held)) return;
    this.release();
    const folder = this.#dir + SEPARATOR + WRITERS;
    for (let tries = 1; tries <= TRIES; tries++) {
      const path = markerOf(this.#dir, this.#name);
      const marker = makeMarker(folder, path);
      if (marker === "none") return;
      if (marker && this.#keep(marker)) return;
      if (look(path)) this.#name = randomText(8);
    }
    throw new StorageError(
      `Cannot keep a file in "${folder}": others remove it; end what does that, and try again`,
    );
  }

  /** Whoever clears up may take a marker away between its making and its locking: then it is none. */
  #keep(marker: Held): boolean {
    try {
      if (!isAt(marker)) return false;
      this.#held = marker;
      forgotten.register(this, marker, this);
      return true;
    } finally {
      if (this.#held !== marker) marker.file.close();
    }
  }

  /** Removes the marker; nothing of this writer's is under way any more. */
  release(): void {
    if (!this.#held) return;
    forgotten.unregister(this);
    letGo(this.#held);
    this.#held = undefined;
  }
}

/** Gives the path of a writer's marker. */
export function markerOf(dir: string, writer: string): string {
  return `${dir}${SEPARATOR}${WRITERS}${SEPARATOR}${writer}${MARKER_END}`;
}

/** Whether a writer lives, as its marker tells. */
export function lifeOf(dir: string, writer: string): Life {
  const held = lockMarker(dir, writer, "shared");
  if (typeof held === "string") return held;
  held.file.close();
  return "dead";
}

/** Removes the marker of a dead writer. Gives whether there is none any more. */
export function removeMarker(dir: string, writer: string): boolean {
  const held = lockMarker(dir, writer, "exclusive");
  if (typeof held === "string") return look(markerOf(dir, writer)) === undefined;
  try {
    Deno.removeSync(held.path);
  } finally {
    held.file.close();
  }
  tryRemoveFolder(dir + SEPARATOR + WRITERS);
  return true;
}

/** Makes a folder, or finds one there. What a link points to is no folder of ours. */
export function makePlainFolder(path: string): void {
  try {
    Deno.mkdirSync(path);
    return;
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
  }
  const info = look(path);
  if (info === undefined || info.isDirectory) return;
  const what = info.isSymlink ? "a link" : "none";
  throw new StorageError(`Expected a folder at "${path}", but it is ${what}; remove it`);
}

/** Takes the lock of a dead writer's marker; else tells whether the writer lives. */
function lockMarker(dir: string, writer: string, how: "shared" | "exclusive"): Held | Life {
  const path = markerOf(dir, writer);
  if (!look(dir + SEPARATOR + WRITERS)?.isDirectory || !look(path)?.isFile) return "unknown";
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true, write: how === "exclusive" });
  } catch (error) {
    if (isAbsence(error) || (isDenied(error) && how === "shared")) return "unknown";
    throw error;
  }
  const held = { path, file };
  let isHeld = false;
  try {
    const life = tryLock(file, how);
    isHeld = life === "locked" && isAt(held);
    return isHeld ? held : life === "locked" ? "unknown" : life;
  } finally {
    if (!isHeld) file.close();
  }
}

/** Makes a marker and locks it; `undefined` where somebody else was there. */
function makeMarker(folder: string, path: string): Held | "none" | undefined {
  let file: Deno.FsFile;
  try {
    makePlainFolder(folder);
    file = Deno.openSync(path, { read: true, write: true, createNew: true });
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists || isAbsence(error)) return undefined;
    if (isDenied(error)) return "none";
    throw error;
  }
  const life = tryLock(file, "exclusive");
  if (life === "locked") return { path, file };
  file.close();
  if (life === "alive") return undefined;
  tryRemove(path);
  return "none";
}

/** Whether the system forbids it, rather than Deno. */
function isDenied(error: unknown): boolean {
  return error instanceof Deno.errors.PermissionDenied;
}

function tryLock(file: Deno.FsFile, how: "shared" | "exclusive"): "locked" | "alive" | "unknown" {
  try {
    return file.tryLockSync(how === "exclusive") ? "locked" : "alive";
  } catch {
    // Some file systems know no locks. Where they fail for another reason they tell nothing either.
    return "unknown";
  }
}

/** Whether the path still is that of the open file. */
function isAt({ path, file }: Held): boolean {
  const info = look(path);
  return info !== undefined && info.isFile && info.ino === file.statSync().ino;
}

function letGo({ path, file }: Held): void {
  // Another one's file may be there by now.
  try {
    if (isAt({ path, file })) tryRemove(path);
  } catch {
    // It is a dead writer's marker from now on, which is as good.
  }
  file.close();
  tryRemoveFolder(path.slice(0, path.lastIndexOf(SEPARATOR)));
}

function randomText(length: number): string {
  const digits = crypto.getRandomValues(new Uint32Array(length));
  return Array.from(digits, (digit) => (digit % 36).toString(36)).join("");
}
