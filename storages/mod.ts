/**
 * Storages: where results lie. Each keeps entries, which are a few named files under a key, and makes
 * them appear and vanish whole.
 *
 * `docs/storages.md` tells what a storage promises, and how to write one of one's own.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = new MemoryStorage();
 * for (const key of ["a-1", "a-2", "b-1"]) {
 *   await using draft = await storage.create(key);
 *   await draft.write("data.txt", new TextEncoder().encode(key));
 *   await draft.commit();
 * }
 * assertEquals(await Array.fromAsync(storage.findKeys({ prefix: "a-" })), ["a-1", "a-2"]);
 * ```
 *
 * @module
 */

export {
  type Call,
  type Claim,
  type CreateOptions,
  type Draft,
  type Entry,
  type Leftover,
  type LeftoverOptions,
  Storage,
  type StorageReach,
} from "./storage.ts";
export { LabtechError, StorageError } from "../errors.ts";
export type { PluginSpec } from "../plugin.ts";
export { checkFileName, checkKey } from "./names.ts";
export { LocalStorage, type LocalStorageOptions } from "./local.ts";
export { SqliteStorage, type SqliteStorageOptions } from "./sqlite.ts";
export { MemoryStorage, type MemoryStorageOptions } from "./memory.ts";
export { NullStorage } from "./null.ts";
export { type PushCount, TieredStorage, type TieredStorageOptions } from "./tiered.ts";
