import type { Cache } from "./caches/cache.ts";
import type { CacheChoice } from "./definition.ts";
import { describe } from "./describe.ts";
import { TaskError } from "./errors.ts";
import type { PluginSpec } from "./plugin.ts";
import { caches } from "./registry.ts";
import type { TaskTypeInfo } from "./task.ts";

/** The caches of a Lab: its own, and those that task types name, each made once. */
export class LabCaches {
  readonly #own: Cache;
  readonly #isSigned: boolean;
  readonly #made = new Map<CacheChoice, Cache | null>();

  /** Types that name no cache have the Lab's own. */
  constructor(own: Cache, { isSigned }: { readonly isSigned: boolean }) {
    this.#own = own;
    this.#isSigned = isSigned;
  }

  /**
   * The cache of a type; `null` when its results are not kept.
   *
   * @throws {TaskError} When the type names no cache, or one that does not honour signing where there is some.
   */
  of(type: TaskTypeInfo): Cache | null {
    const choice = type.cache;
    if (choice === undefined) return this.#own.name === "null" ? null : this.#own;
    let cache = this.#made.get(choice);
    if (cache === undefined) {
      cache = madeCache(choice, type.taskName);
      if (cache && this.#isSigned && !cache.honoursSigning) {
        throw new TaskError(`Task type ${type.taskName}: ${unsignable(cache)}`);
      }
      this.#made.set(choice, cache);
    }
    return cache;
  }
}

/** Says that a cache cannot be used with signing. */
export function unsignable({ name }: Cache): string {
  return `the cache ${
    describe(name)
  } does not check signatures (it extends no BaseCache, and does not ` +
    `say honoursSigning), so it cannot be used with signing; take another one, or null`;
}

function madeCache(choice: CacheChoice, taskName: string): Cache | null {
  if (choice === null) return null;
  const isSpec = typeof choice === "string" || "type" in choice;
  const cache = isSpec
    ? caches.create(choice as string | PluginSpec, { path: `cache of task type ${taskName}` })
    : choice as Cache;
  if (typeof cache.load !== "function" || typeof cache.save !== "function") {
    throw new TaskError(`Task type ${taskName}: ${describe(cache)} is no Cache`);
  }
  return cache.name === "null" ? null : cache;
}
