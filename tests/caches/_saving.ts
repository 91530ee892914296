import type { Cache, Task, TaskResult } from "@labtech/lab";
import { task } from "@labtech/lab";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";

/** Any task. */
export const SOME: Task = task(null, { name: "Some", run: () => 0 })();
/** The key of everything that is saved here. */
export const KEY = "key";

/** A value as a result. */
export function resultWith(value: unknown, duration = 12.5): TaskResult {
  return { value, meta: { start: new Date(0), duration } };
}

/** Saves a value in a storage of its own, and gives that. */
export async function saved(cache: Cache, value: unknown): Promise<Storage> {
  const storage = new MemoryStorage();
  await cache.save(storage, KEY, SOME, resultWith(value));
  return storage;
}

/** Saves a value, and gives what comes back. */
export async function held(cache: Cache, value: unknown): Promise<unknown> {
  return (await cache.load(await saved(cache, value), KEY, SOME))?.value;
}

/** The one file of the entry that is no metadata, as text. */
export async function textOf(storage: Storage): Promise<string> {
  return new TextDecoder().decode(await dataOf(storage));
}

/** The one file of the entry that is no metadata. */
export async function dataOf(storage: Storage): Promise<Uint8Array> {
  const entry = (await storage.open(KEY))!;
  const [file, ...others] = [...entry.files.keys()].filter((name) => name !== "metadata.json");
  if (others.length > 0) throw new Error(`There are several files: ${file}, ${others}`);
  return await entry.read(file!);
}

/** The names of the files of the entry. */
export async function namesOf(storage: Storage): Promise<string[]> {
  return [...(await storage.open(KEY))!.files.keys()].sort();
}
