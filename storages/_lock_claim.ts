/**
 * Claims of programs on one machine: a locked file or folder for each key. The lock ends with the process,
 * however that ends. What is locked has an identity, which is another one after somebody else took over:
 * so who comes late is told by it that the claim is lost.
 *
 * @module
 */

import { isAbsence, look } from "./_local_files.ts";
import type { Claim } from "./storage.ts";

/** What lies in a place that was there already when it was locked. */
export type Found =
  /** Nothing that is of use: it can be made anew. */
  | "nothing"
  /** An entry. */
  | "entry"
  /** Something else, such as what a save that died left, which stays. */
  | "rest";

/** What is locked, for one key. */
export interface LockPlace {
  /** The key that is claimed. */
  readonly key: string;
  /** What is locked: a file or folder. */
  readonly path: string;
  /** Makes it, unless it is there. Gives whether it is a new one. */
  make(): boolean;
  /** Tells what lies in it, which was there already. */
  find(): Found;
  /** Removes it, if it is of no use. */
  clear(): void;
}

/** How often others may remove what we are about to lock. */
const TRIES = 100;
/** What a token begins with, of what was made for its claim. */
const NEW = "new-";
/** By how many ms the times of birth of two files differ at least, where systems keep them by a slow clock. */
const TICK = 10;

/**
 * Claims a key, unless somebody else has it: then gives `undefined`. Where the system knows no such locks
 * (Windows has none on folders, some networks none at all), everybody is given a claim, that holds nothing.
 */
export function claimByLock(place: LockPlace): Claim | undefined {
  for (let tries = 1; tries <= TRIES; tries++) {
    const isNew = place.make();
    const held = lock(place.path);
    if (held === "gone") continue;
    if (held === "alive") return undefined;
    if (held === "unknown") break;
    const found = place.find();
    // Others may have removed what we made, and made it anew and filled it, before we came to lock it.
    if (isNew && found === "nothing") return new LockClaim(place, { hasEntry: false, isNew, held });
    if (found === "nothing") {
      // Left by one that died: in a new place, what may be left of that one finds its claim lost.
      awaitTick(held);
      place.clear();
      const isGone = !isAt(held);
      if (isGone) held.file.close();
      if (isGone) continue;
    }
    return new LockClaim(place, { hasEntry: found === "entry", held });
  }
  return new LockClaim(place, { hasEntry: true });
}

/** Whether what lies at a path is what was locked for the claim of a token. */
export function holds(token: string, path: string): boolean {
  const identity = identityAt(path);
  return identity !== undefined && (token === identity || token === NEW + identity);
}

/** Whether what was locked for the claim of a token was made for that: so nothing lay in it. */
export function isOfNew(token: string): boolean {
  return token.startsWith(NEW);
}

/** Whether somebody holds a claim by what lies at a path. */
export function isClaimed(path: string): boolean {
  const held = lock(path);
  if (typeof held === "string") return held === "alive";
  held.file.close();
  return false;
}

function identityAt(path: string): string | undefined {
  const info = look(path);
  return info && identityOf(info);
}

/** Removes what lies at a path, unless somebody holds a claim by it. */
export function removeUnclaimed(path: string): void {
  const held = lock(path);
  if (typeof held === "string") return;
  try {
    Deno.removeSync(path);
  } finally {
    held.file.close();
  }
}

/** What is locked. */
interface Held {
  readonly path: string;
  readonly file: Deno.FsFile;
  readonly identity: string;
  /** When it was made, in ms since the epoch; 0 where that is not told. */
  readonly birth: number;
}

class LockClaim implements Claim {
  readonly key: string;
  readonly hasEntry: boolean;
  readonly token?: string;
  readonly #place: LockPlace;
  #held?: Held;

  constructor(
    place: LockPlace,
    { held, hasEntry, isNew }: { held?: Held; hasEntry: boolean; isNew?: boolean },
  ) {
    this.key = place.key;
    this.hasEntry = hasEntry;
    if (held) this.token = isNew ? NEW + held.identity : held.identity;
    this.#place = place;
    this.#held = held;
  }

  // deno-lint-ignore require-await
  async isHeld(): Promise<boolean> {
    if (this.token === undefined) return true;
    return this.#held !== undefined && isAt(this.#held);
  }

  // deno-lint-ignore require-await
  async [Symbol.asyncDispose](): Promise<void> {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    try {
      if (isAt(held)) this.#place.clear();
    } catch {
      // What stays is nobody's, and clearing up finds it.
    }
    held.file.close();
  }
}

function lock(path: string): Held | "gone" | "alive" | "unknown" {
  const info = look(path);
  if (!info) return "gone";
  // A pipe would keep us waiting, and a link lead elsewhere.
  if (!info.isFile && !info.isDirectory) return "unknown";
  let file: Deno.FsFile;
  try {
    file = Deno.openSync(path, { read: true });
  } catch (error) {
    if (isAbsence(error)) return "gone";
    return "unknown";
  }
  let state: "locked" | "gone" | "alive" | "unknown" = "unknown";
  const birth = info.birthtime?.getTime() ?? 0;
  const held = { path, file, identity: identityOf(info), birth };
  try {
    state = file.tryLockSync(true) ? "locked" : "alive";
    // Who had it may have removed it before we came to lock it.
    if (state === "locked" && !isAt(held)) state = "gone";
  } catch {
    // Some file systems know no locks.
  } finally {
    if (state !== "locked") file.close();
  }
  return state === "locked" ? held : state;
}

function isAt({ path, file, identity }: Held): boolean {
  const info = look(path);
  return info !== undefined && identityOf(info) === identity && info.ino === file.statSync().ino;
}

/** What is made after this has another time of birth, though the number of its file may be the same. */
function awaitTick({ birth }: Held): void {
  const age = Date.now() - birth;
  if (age < 0 || age > TICK) return;
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TICK + 1 - age);
}

/** Numbers of files are used again; the times of their birth are not, once the clock has ticked. */
function identityOf({ ino, birthtime }: Deno.FileInfo): string {
  return `${ino ?? 0}-${birthtime?.getTime() ?? 0}`;
}
