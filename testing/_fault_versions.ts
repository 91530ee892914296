/**
 * Entries that say themselves what they must hold: the key and a number, from which all their files
 * follow. So whoever reads one, in whatever process, can tell a whole entry from a torn or mixed one.
 *
 * @module
 */

import { StorageError } from "../errors.ts";
import type { Draft, Entry, Storage } from "../storages/storage.ts";
import { bytesOf, noise } from "./_storage_scene.ts";

const LARGE = noise(1_500_000);
const LABEL = "metadata.json";

/** Each so many versions there is a large file, which is written as a stream. */
const LARGE_EACH = 16;

/** What is wrong with an entry: it is there, but not as anybody saved it. */
export class BrokenEntry extends Error {
  /** The class, as text. */
  override readonly name = "BrokenEntry";
}

/** An entry is there by one way to ask, and not by another. */
export class Disagreement extends BrokenEntry {}

/** Saves a version of an entry. */
export async function saveVersion(storage: Storage, key: string, version: number): Promise<void> {
  await using draft = await beginVersion(storage, key, version);
  await draft.commit();
}

/** Writes all files of a version. It appears when the draft is committed. */
export async function beginVersion(
  storage: Storage,
  key: string,
  version: number,
): Promise<Draft> {
  await using stack = new AsyncDisposableStack();
  const draft = stack.use(await storage.create(key, { durable: version % 5 === 0 }));
  for (const [file, bytes] of versionFiles(key, version)) {
    await draft.write(file, bytes.length > 1e6 ? ReadableStream.from(halves(bytes)) : bytes);
  }
  stack.move();
  return draft;
}

/**
 * Reads which version of an entry is there; `undefined` when there is none.
 *
 * @throws {BrokenEntry} When there is one that cannot be read, or not one that was saved.
 */
export async function versionAt(storage: Storage, key: string): Promise<number | undefined> {
  const entry = await storage.open(key);
  return entry && await versionOf(entry);
}

/** As {@linkcode versionAt}, while others may replace the entry: then it is opened again. */
export async function versionNow(storage: Storage, key: string): Promise<number | undefined> {
  for (let tries = 1;; tries++) {
    const entry = await storage.open(key);
    try {
      return entry && await versionOf(entry);
    } catch (error) {
      const isReplaced = error instanceof BrokenEntry && error.cause instanceof StorageError;
      if (!isReplaced || tries === 100) throw error;
    }
  }
}

/**
 * Reads which versions a storage holds, each file of each entry, and whether all ways to ask for an
 * entry agree.
 *
 * @throws {BrokenEntry} When an entry is torn or mixed, or is there by one way and not by another.
 */
export async function versionsIn(
  storage: Storage,
  keys: readonly string[],
): Promise<Map<string, number>> {
  const found = new Set(await Array.fromAsync(storage.findKeys()));
  const many = await storage.existsMany(keys);
  const versions = new Map<string, number>();
  for (const key of new Set([...keys, ...found])) {
    const version = await versionAt(storage, key);
    const isThere = version !== undefined;
    const says = { findKeys: found.has(key), exists: await storage.exists(key) };
    const all = keys.includes(key) ? { ...says, existsMany: many.has(key) } : says;
    for (const [way, says] of Object.entries(all)) {
      if (says === isThere) continue;
      throw new Disagreement(`${way} says ${says} of "${key}", but open says ${isThere}`);
    }
    if (isThere) versions.set(key, version);
  }
  return versions;
}

/**
 * As {@linkcode versionsIn}, after the death of a program that made one change at a time. A server may carry out
 * its last call between two looks, which then disagree; it can do so once.
 */
export async function versionsAfterDeath(
  storage: Storage,
  keys: readonly string[],
): Promise<Map<string, number>> {
  try {
    return await versionsIn(storage, keys);
  } catch (error) {
    if (!(error instanceof Disagreement)) throw error;
    return await versionsIn(storage, keys);
  }
}

async function versionOf(entry: Entry): Promise<number> {
  const { key } = entry;
  try {
    const label = JSON.parse(new TextDecoder().decode(await entry.read(LABEL)));
    const expected = versionFiles(key, label.version);
    const names = (files: ReadonlyMap<string, unknown>) => [...files.keys()].sort().join();
    if (names(entry.files) !== names(expected)) {
      throw new BrokenEntry(`"${key}" has the files ${names(entry.files)} of several versions`);
    }
    for (const [file, bytes] of expected) {
      if (isSame(await entry.read(file), bytes)) continue;
      throw new BrokenEntry(`"${file}" of "${key}" is not of version ${label.version}, as others`);
    }
    return label.version;
  } catch (cause) {
    if (cause instanceof BrokenEntry) throw cause;
    throw new BrokenEntry(`"${key}" is there, but cannot be read: ${cause}`, { cause });
  }
}

function versionFiles(key: string, version: number): Map<string, Uint8Array<ArrayBuffer>> {
  const files = new Map([
    ["a.txt", bytesOf(`${key} ${version}`)],
    ["b.bin", marked(LARGE.slice(0, (version * 7919) % 40_000), key, version)],
    [`only-${version % 3}.txt`, bytesOf(`${version}`)],
  ]);
  if (version % LARGE_EACH === 0) files.set("c.bin", marked(LARGE.slice(), key, version));
  return files.set(LABEL, bytesOf(JSON.stringify({ key, version })));
}

/** Writes the version all over, once a KiB, so that no part of it passes for another version's. */
function marked(
  bytes: Uint8Array<ArrayBuffer>,
  key: string,
  version: number,
): Uint8Array<ArrayBuffer> {
  const mark = bytesOf(`${key} ${version} `);
  for (let at = 0; at + mark.length <= bytes.length; at += 1024) bytes.set(mark, at);
  return bytes;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}

function halves(bytes: Uint8Array): Uint8Array[] {
  const middle = bytes.length >> 1;
  return [bytes.subarray(0, middle), bytes.subarray(middle)];
}
