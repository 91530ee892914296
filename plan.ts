import type { Cache, CacheCall } from "./caches/cache.ts";
import { LabError } from "./lab_error.ts";
import { resultKey } from "./serialize.ts";
import type { Plan } from "./scheduler/scheduler.ts";
import type { EntrySigning } from "./signing/entry_signing.ts";
import type { Storage } from "./storages/storage.ts";
import type { Task, TaskTypeInfo } from "./task.ts";

/** Where the results of a Lab lie, and how they are formatted. */
export interface Place {
  /** Where results lie; `null` when nothing is kept. */
  readonly storage: Storage | null;
  /** How results of a type are formatted; `null` when they are not kept. */
  cacheOf(type: TaskTypeInfo): Cache | null;
}

/** A task of a run, and where its result lies. */
export interface PlannedTask {
  /** The task. */
  readonly task: Task;
  /** Where its result lies. */
  readonly key: string;
  /** How it is formatted; `null` when it is not kept. */
  readonly cache: Cache | null;
}

/** How a planner works. */
export interface PlannerOptions extends CacheCall {
  /** Whether results in the storage are left aside. */
  readonly bustCache: boolean;
  /** Gives those of the tasks that get a result of an earlier shape put under their keys. @default {none do} */
  readonly migrate?: (missing: readonly PlannedTask[]) => Promise<readonly PlannedTask[]>;
  /** Gives the keys of those that have a result, all of one cache. @default {as the cache says by the key} */
  readonly present?: (tasks: readonly PlannedTask[]) => Promise<ReadonlySet<string>>;
}

const BATCH = 10_000;

/** Finds out which tasks have to run, from those asked for downwards. */
export class Planner {
  /** All tasks that the run has to do with, by id. */
  readonly tasks = new Map<string, PlannedTask>();
  readonly #place: Place;
  readonly #call: CacheCall;
  readonly #bustCache: boolean;
  readonly #migrate: PlannerOptions["migrate"];
  readonly #present: PlannerOptions["present"];
  readonly #digests = new WeakMap<Task, string>();
  readonly #planned = new Set<string>();

  /** Begins with nothing planned. */
  constructor(place: Place, options: PlannerOptions) {
    this.#place = place;
    this.#bustCache = options.bustCache;
    this.#migrate = options.migrate;
    this.#present = options.present;
    this.#call = { signal: options.signal, report: options.report };
  }

  /** The task with where its result lies. */
  describe(task: Task): PlannedTask {
    let planned = this.tasks.get(task.id);
    if (planned === undefined) {
      const cache = this.#place.storage === null ? null : this.#place.cacheOf(task.type);
      const key = resultKey(cache?.keyPrefix ?? "", task, this.#digests);
      this.tasks.set(task.id, planned = { task, key, cache });
    }
    return planned;
  }

  /**
   * Plans tasks that have to run, and all below them that have to as well. What was planned before is
   * left out.
   */
  async plan(missing: Iterable<Task>): Promise<Plan[]> {
    const plans: Plan[] = [];
    let level = this.#fresh(missing);
    while (level.length > 0) {
      for (const { task } of level) plans.push(toRun(task));
      const below = this.#fresh(level.flatMap(({ task }) => task.dependencies));
      const cached = await this.cached(below);
      for (const { task } of below) if (cached.has(task.id)) plans.push(isThere(task));
      level = below.filter(({ task }) => !cached.has(task.id));
    }
    return plans;
  }

  /** Plans anew a task whose result was thought to be there, and what it takes to make it. */
  async replan(ids: readonly string[]): Promise<{ readonly added: Plan[]; readonly lost: Plan[] }> {
    const lost = ids.map((id) => this.tasks.get(id)!.task);
    const below = this.#fresh(lost.flatMap((task) => task.dependencies));
    const cached = await this.cached(below);
    const added = below.filter(({ task }) => cached.has(task.id)).map(({ task }) => isThere(task));
    const uncached = below.filter(({ task }) => !cached.has(task.id)).map(({ task }) => task);
    for (const task of uncached) this.#planned.delete(task.id);
    return { added: added.concat(await this.plan(uncached)), lost: lost.map(toRun) };
  }

  /** Which of the tasks have a result in the storage, as it seems. */
  async cached(tasks: readonly PlannedTask[]): Promise<Set<string>> {
    const found = new Set<string>();
    const { storage } = this.#place;
    if (this.#bustCache || storage === null) return found;
    for (const [cache, ofCache] of Map.groupBy(tasks, ({ cache }) => cache)) {
      if (cache === null) continue;
      for (let i = 0; i < ofCache.length; i += BATCH) {
        const batch = ofCache.slice(i, i + BATCH);
        const present = await this.#present?.(batch) ??
          await presentKeys(cache, storage, batch.map(({ key }) => key), this.#call);
        for (const { task, key } of batch) if (present.has(key)) found.add(task.id);
      }
    }
    const missing = tasks.filter(({ task }) => !found.has(task.id));
    for (const { task } of await this.#migrate?.(missing) ?? []) found.add(task.id);
    return found;
  }

  #fresh(tasks: Iterable<Task>): PlannedTask[] {
    const fresh: PlannedTask[] = [];
    for (const task of tasks) {
      if (this.#planned.has(task.id)) continue;
      this.#planned.add(task.id);
      fresh.push(this.describe(task));
    }
    return fresh;
  }
}

/** Which of the keys a cache has an entry for. */
export async function presentKeys(
  cache: Cache,
  storage: Storage,
  keys: readonly string[],
  call: CacheCall,
): Promise<Set<string>> {
  if (cache.areCached !== undefined) return await cache.areCached(storage, keys, call);
  const present = new Set<string>();
  for (const key of keys) if (await cache.isCached(storage, key, call)) present.add(key);
  return present;
}

/**
 * Why nothing would be run: what has to be computed is to be kept, and there is no key to sign it by.
 * `undefined` where that is not so.
 */
export function unsignable(
  toRun: readonly PlannedTask[],
  storage: Storage | null,
  signing: Pick<EntrySigning, "signs"> | undefined,
): string | undefined {
  if (storage === null || signing === undefined || signing.signs) return undefined;
  const [first, ...more] = toRun.filter(({ cache }) => cache !== null);
  if (first === undefined) return undefined;
  const others = more.length > 0 ? ` and ${more.length} more` : "";
  return `No trusted result of ${first.task}${others} is in the storage, and none is computed: the Lab ` +
    `has keys to trust, but none to sign by. Give it one as signing.key (lab keygen makes it and ` +
    `its file), or let it keep nothing by the storage null`;
}

/**
 * Refuses tasks that were loaded from a cache and whose code has moved on since, at any depth.
 *
 * @throws {LabError} Names the first such task.
 */
export function refuseStale(
  tasks: Iterable<Task>,
  versionOf: (type: TaskTypeInfo) => string | undefined,
): void {
  const seen = new Set<Task>();
  const pending = [...tasks];
  for (let task = pending.pop(); task; task = pending.pop()) {
    if (seen.has(task)) continue;
    seen.add(task);
    const current = versionOf(task.type);
    if (task.codeVersion !== current) {
      throw new LabError(
        `${task} was loaded from results of code version ${
          shown(task.codeVersion)
        }, but its type is ` +
          `at ${shown(current)} now; make a new task of the same params to run it`,
      );
    }
    for (const dependency of task.dependencies) pending.push(dependency);
  }
}

function shown(version: string | undefined): string {
  return version === undefined ? "none" : JSON.stringify(version);
}

function toRun(task: Task): Plan {
  return {
    id: task.id,
    type: task.taskName,
    limit: task.type.maxParallel,
    dependencies: task.dependencies.map(({ id }) => id),
  };
}

function isThere(task: Task): Plan {
  return { id: task.id, type: task.taskName, limit: Infinity, dependencies: undefined };
}
