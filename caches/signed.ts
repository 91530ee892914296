import type { EntrySigning, Refusal } from "../signing/entry_signing.ts";
import type { Storage } from "../storages/storage.ts";
import type { Task, TaskResult, TaskTypeInfo } from "../task.ts";
import type { Cache, CacheCall, LoadCall, SaveCall } from "./cache.ts";

/** Is told of an entry that is not trusted. */
export type Refused = (key: string, why: Refusal) => void;

/**
 * A cache bound to keys: whoever loads by it loads what is trusted, and whoever saves by it signs, though
 * they know nothing of signatures. It has no `spec`, so that another thread does not make the bare cache
 * in its place.
 */
export class SignedCache implements Cache {
  readonly name: string;
  readonly keyPrefix: string;
  readonly honoursSigning = true;
  readonly areCached?: Cache["areCached"];
  readonly isOnce?: Cache["isOnce"];
  /** The cache itself. */
  readonly bare: Cache;
  readonly #bound: Pick<CacheCall, "signing" | "refused">;

  constructor(bare: Cache, signing: EntrySigning, refused?: Refused) {
    this.name = bare.name;
    this.keyPrefix = bare.keyPrefix;
    this.bare = bare;
    this.#bound = { signing, refused };
    if (bare.areCached) {
      this.areCached = (storage, keys, call) => bare.areCached!(storage, keys, this.#with(call));
    }
    if (bare.isOnce) this.isOnce = (value) => bare.isOnce!(value);
  }

  isCached(storage: Storage, key: string, call?: CacheCall): Promise<boolean> {
    return this.bare.isCached(storage, key, this.#with(call));
  }

  save(
    storage: Storage,
    key: string,
    task: Task,
    result: TaskResult,
    call?: SaveCall,
  ): Promise<void> {
    return this.bare.save(storage, key, task, result, this.#with(call));
  }

  load(
    storage: Storage,
    key: string,
    task: Task,
    call?: LoadCall,
  ): Promise<TaskResult | undefined> {
    return this.bare.load(storage, key, task, this.#with(call));
  }

  loadTask(
    storage: Storage,
    type: TaskTypeInfo,
    key: string,
    call?: CacheCall,
  ): Promise<Task | undefined> {
    return this.bare.loadTask(storage, type, key, this.#with(call));
  }

  delete(storage: Storage, key: string, call?: CacheCall): Promise<boolean> {
    return this.bare.delete(storage, key, this.#with(call));
  }

  #with(call: SaveCall & LoadCall = {}): SaveCall & LoadCall {
    const { signing, refused } = this.#bound;
    return { ...call, signing, refused: call.refused ?? refused };
  }
}

/** Binds caches to keys, each once: the same cache always gives the same bound one. */
export function signedCaches(
  signing: EntrySigning,
  refused?: Refused,
): (bare: Cache) => SignedCache {
  const bound = new Map<Cache, SignedCache>();
  return (bare) => {
    let signed = bound.get(bare);
    if (signed === undefined) bound.set(bare, signed = new SignedCache(bare, signing, refused));
    return signed;
  };
}
