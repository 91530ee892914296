import { JsonCache } from "@labtech/lab/caches";
import type { EntrySigning, Refusal } from "@labtech/lab/signing";
import { LocalStorage, MemoryStorage, SqliteStorage, type Storage } from "@labtech/lab/storages";
import { assert } from "@std/assert";
import { type Cache, type Task, task } from "@labtech/lab";
import { resultKey } from "../serialize.ts";

/** A type of tasks whose results the tests sign. */
export const Answer = task(null, { name: "SignedAnswer", run: ({ n }: { n: number }) => n });

/** The cache that most tests save by. */
export const CACHE = new JsonCache();

/** The storages that live in one process. */
export const STORAGES: Record<string, (dir: string) => Storage> = {
  memory: () => new MemoryStorage(),
  local: (dir) => new LocalStorage({ dir: `${dir}/results`, durability: "never" }),
  sqlite: (dir) => new SqliteStorage({ file: `${dir}/results.sqlite`, durability: "never" }),
};

/** The key of a task. */
export const keyOf = (task: Task, cache: Cache = CACHE): string => resultKey(cache.keyPrefix, task);

/** Saves a result. */
export async function save(
  storage: Storage,
  task: Task,
  signing?: EntrySigning,
  { cache = CACHE, value = "the answer" }: { cache?: Cache; value?: unknown } = {},
): Promise<void> {
  const meta = { start: new Date(), duration: 1 };
  await cache.save(storage, keyOf(task, cache), task, { value, meta }, { signing });
}

/** The files of an entry. */
export async function filesOf(storage: Storage, key: string): Promise<Map<string, Uint8Array>> {
  const entry = await storage.open(key);
  assert(entry, `There is no entry ${key}`);
  const files = new Map<string, Uint8Array>();
  for (const file of entry.files.keys()) files.set(file, await entry.read(file));
  return files;
}

/** Puts an entry in place, as whoever may write to the storage can. */
export async function put(
  storage: Storage,
  key: string,
  files: Iterable<readonly [string, Uint8Array]>,
): Promise<void> {
  await using draft = await storage.create(key);
  for (const [file, data] of files) await draft.write(file, data);
  await draft.commit();
}

/** What comes of an entry. */
export interface Outcome {
  readonly value: unknown;
  readonly isCached: boolean;
  readonly isListed: boolean;
  /** Why it was not trusted, as each of the calls said. */
  readonly refused: readonly Refusal[];
  /** What else was said of it. */
  readonly reported: readonly string[];
}

/** Tries all ways by which an entry is believed. */
export async function outcomeOf(
  storage: Storage,
  task: Task,
  signing: EntrySigning,
  cache: Cache = CACHE,
): Promise<Outcome> {
  const refused: Refusal[] = [];
  const reported: string[] = [];
  const call = {
    signing,
    refused: (_: string, why: Refusal) => refused.push(why),
    report: (problem: string) => reported.push(problem),
  };
  const key = keyOf(task, cache);
  const result = await cache.load(storage, key, task, call);
  return {
    value: result?.value,
    isCached: await cache.isCached(storage, key, call),
    isListed: await cache.loadTask(storage, task.type, key, call) !== undefined,
    refused,
    reported,
  };
}

/** What comes of an entry that is believed in no way, for one reason. */
export function refusedAs(why: Refusal): Outcome {
  return {
    value: undefined,
    isCached: false,
    isListed: false,
    refused: [why, why, why],
    reported: [],
  };
}

/** What comes of a trusted one. */
export function trusted(value: unknown): Outcome {
  return { value, isCached: true, isListed: true, refused: [], reported: [] };
}

/** A copy with one bit flipped. */
export function flipped(bytes: Uint8Array, bit: number): Uint8Array {
  const copy = bytes.slice();
  copy[bit >> 3]! ^= 1 << (bit & 7);
  return copy;
}
