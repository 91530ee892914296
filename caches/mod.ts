/**
 * Caches: how results are formatted. `docs/caches.md` tells how to write one of one's own.
 *
 * @module
 */

export {
  BaseCache,
  type Cache,
  type CacheCall,
  type LoadCall,
  type MemorySharing,
  type ResultDraft,
  type SaveCall,
} from "./cache.ts";
export { StructuredCache, type StructuredCacheOptions } from "./structured.ts";
export { JsonCache, type JsonCacheOptions } from "./json.ts";
export { BytesCache, type BytesCacheOptions } from "./bytes.ts";
export { V8Cache } from "./v8.ts";
export { NullCache } from "./null.ts";
export type { Draft, Entry } from "../storages/storage.ts";
export type { Compression } from "./_compression.ts";
export type { AcceptedChange, EntryMetadata, FileRecord, MigratedFrom } from "./metadata.ts";
export type { Environment } from "./environment.ts";
export type { TaskJson, TaskTableJson } from "../serialize.ts";
export * from "./cbor/mod.ts";
