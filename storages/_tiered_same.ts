import { Sha256 } from "../digest.ts";
import { StorageError } from "../errors.ts";
import { type Base, type MarkNames, type Near, UnmarkedEntry } from "./_tiered_mark.ts";
import type { Call, Entry, Storage } from "./storage.ts";

const METADATA = "metadata.json";

/** Entries that are no larger are compared whole, in bytes. */
const SMALL = 64 * 1024;

/**
 * Gives a digest by which entries can be compared without versions: of the names and sizes of all files,
 * and the content of `metadata.json`, in which caches note the digest of every other file and the moment
 * of the save. Of small entries, and those without that file, it is over the content of all files.
 */
export async function fingerprintOf(entry: Entry, call?: Call): Promise<string> {
  const files = [...entry.files].sort(([a], [b]) => a < b ? -1 : 1);
  const digest = new Sha256().update(new TextEncoder().encode(`${JSON.stringify(files)}\n`));
  const bytes = files.reduce((sum, [, size]) => sum + size, 0);
  const isWhole = bytes <= SMALL || !entry.files.has(METADATA);
  for (const [file, size] of files) {
    if (!isWhole && file !== METADATA) continue;
    if (size <= SMALL) digest.update(await entry.read(file, call));
    else for await (const piece of await entry.stream(file, call)) digest.update(piece);
  }
  return digest.hex();
}

/** How often an entry may be replaced while it is compared. */
const TRIES = 5;

/** Opens a far entry, and compares it; opens it again where it is replaced meanwhile. */
export async function compareFar<T>(
  { storage, names, signal }: Call & { readonly storage: Storage; readonly names: MarkNames },
  key: string,
  compare: (entry: Entry | undefined) => Promise<T>,
): Promise<T> {
  for (let tries = 1;; tries++) {
    const opened = await storage.open(key, { signal });
    try {
      return await compare(opened && new UnmarkedEntry(opened, names));
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof StorageError) || tries === TRIES) throw error;
    }
  }
}

/** Whether two entries have files of the same names and sizes. */
export function haveSameFiles(one: Entry, other: Entry): boolean {
  return one.files.size === other.files.size &&
    [...one.files].every(([file, size]) => other.files.get(file) === size);
}

/** Whether a far entry and one of near hold the same. Both are without marks. */
export async function isSameContent(far: Entry, near: Near, call?: Call): Promise<boolean> {
  if (!haveSameFiles(far, near.entry)) return false;
  const { kind, version } = near.mark;
  if (kind === "copy" && version !== undefined && far.version !== undefined) {
    return version === far.version;
  }
  return await fingerprintOf(far, call) === await nearFingerprint(near, call);
}

/** Near's may have been replaced since: then it is not what is asked for. */
async function nearFingerprint(near: Near, call?: Call): Promise<string | undefined> {
  try {
    return await fingerprintOf(near.entry, call);
  } catch (error) {
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}

/** Whether a far entry is the one that near's own was saved in place of. */
export async function isBase(far: Entry, base: Base | undefined, call?: Call): Promise<boolean> {
  if (base?.version !== undefined && far.version !== undefined) return base.version === far.version;
  return base?.fingerprint !== undefined && base.fingerprint === await fingerprintOf(far, call);
}

/** What tells a far entry from others. */
export async function baseOf(far: Entry, call?: Call): Promise<Base> {
  return far.version === undefined
    ? { fingerprint: await fingerprintOf(far, call) }
    : { version: far.version };
}
