import { assert } from "@std/assert";
import type { Cache } from "../caches/cache.ts";
import { resultKey } from "../serialize.ts";
import { MemoryStorage } from "../storages/memory.ts";
import type { CreateOptions, Draft, Storage } from "../storages/storage.ts";
import { type Task, task, type TaskResult, type TaskType } from "../task.ts";
import { rejection } from "./_storage_scene.ts";

export { rejection };

/** A storage in memory that can be told to fail, and knows which drafts were left open. */
export class WatchedStorage extends MemoryStorage {
  /** What `create` rejects with, if anything. */
  failure: Error | undefined;
  /** How many drafts were begun, and neither committed nor disposed. */
  drafts = 0;

  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    if (this.failure !== undefined) throw this.failure;
    const draft = await super.create(key, options);
    this.drafts++;
    return {
      key,
      write: (file, data, call) => draft.write(file, data, call),
      commit: (call) => draft.commit(call),
      [Symbol.asyncDispose]: async () => {
        this.drafts--;
        await draft[Symbol.asyncDispose]();
      },
    };
  }
}

/** What one case of the contract plays with. */
export interface CacheScene {
  /** A cache that nothing was saved by. */
  readonly cache: Cache;
  /** An empty storage. */
  readonly storage: WatchedStorage;
  /** Values that the cache holds; at least one. */
  readonly values: readonly unknown[];
  /** Values that the cache refuses. */
  readonly refused: readonly unknown[];
  /** A task with another nested in its params. */
  readonly task: Task;
  /** Another task of the same type. */
  readonly other: Task;
  /** The type of a task of another type. */
  readonly otherType: TaskType;
  /** The key of a task. */
  keyOf(task: Task): string;
}

/** One promise, and how it is tried. */
export interface CacheCase {
  /** The promise. */
  readonly name: string;
  /** Which caches promise it: those that keep what they are given, those that never do; all when left out. */
  readonly by?: "keeping" | "forgetting";
  /** Tries it; throws when it is broken. */
  readonly run: (scene: CacheScene) => Promise<void>;
}

/** Sets a scene for a cache. */
export function cacheScene(
  cache: Cache,
  { values, refused }: Pick<CacheScene, "values" | "refused">,
): CacheScene {
  // Without a module, a type may be defined again by the next case.
  const Inner = task(null, { name: "ContractInner", codeVersion: "7", run: () => 0 });
  const Outer = task(null, {
    name: "ContractOuter",
    run: (_: { readonly inner: Task<number>; readonly when: Date; readonly list: number[] }) => 0,
  });
  const when = new Date(86_400_000);
  return {
    cache,
    storage: new WatchedStorage(),
    values,
    refused,
    task: Outer({ inner: Inner(), when, list: [1, -0, NaN] }),
    other: Outer({ inner: Inner(), when, list: [2] }),
    otherType: Inner as TaskType,
    keyOf: (of) => resultKey(cache.keyPrefix, of),
  };
}

/** A value as the result of a task. */
export function resultWith(value: unknown): TaskResult {
  return { value, meta: { start: new Date("2024-02-29T12:34:56.789Z"), duration: 12.5 } };
}

/** Saves a value under a task's key. */
export async function saveValue(scene: CacheScene, value: unknown, of = scene.task): Promise<void> {
  await scene.cache.save(scene.storage, scene.keyOf(of), of, resultWith(value));
}

/** Loads what lies under a task's key, which must be there. */
export async function loadThere(scene: CacheScene, of = scene.task): Promise<TaskResult> {
  const result = await scene.cache.load(scene.storage, scene.keyOf(of), of);
  assert(result, "There is no result where one was saved");
  return result;
}

/** The files of an entry. */
export async function filesOf(storage: Storage, key: string): Promise<Map<string, Uint8Array>> {
  const entry = await storage.open(key);
  assert(entry, `There is no entry "${key}"`);
  const files = new Map<string, Uint8Array>();
  for (const file of entry.files.keys()) files.set(file, await entry.read(file));
  return files;
}

/** A copy of bytes with the lowest bit of one of them flipped. */
export function flip(bytes: Uint8Array, at: number): Uint8Array {
  const flipped = bytes.slice();
  if (at >= 0 && at < flipped.length) flipped[at]! ^= 1;
  return flipped;
}

/** Makes an entry of files, in place of an earlier one. */
export async function putFiles(
  storage: Storage,
  key: string,
  files: ReadonlyMap<string, Uint8Array>,
): Promise<void> {
  await using draft = await storage.create(key);
  for (const [file, data] of files) await draft.write(file, data);
  await draft.commit();
}
