import type { Cache } from "../caches/cache.ts";
import { RunnerError } from "../errors.ts";
import type { Dependency, Job, Outcome, RunSetting } from "./runner.ts";
import type { HandedOver, PendingJob, SeatGroup } from "./_seat.ts";
import { packShared } from "./_shared_memory.ts";
import { SharedResults } from "./_shared_results.ts";
import { cacheRecipe, pack, type Recipe, storageRecipe, unpackOwn } from "./_transport.ts";
import type { OutcomeMessage, ResultMessage } from "./_worker_protocol.ts";

type DoneMessage = Extract<OutcomeMessage, { kind: "done" }>;

/**
 * Where the results of a run on workers are: in the storage, as far as workers reach it by themselves, else
 * with the Lab, which hands them over.
 */
export class SessionResults {
  /** How workers make the storage; `undefined` where they cannot. */
  readonly storage: Recipe | undefined;
  /** The large ones that threads share. */
  readonly shared = new SharedResults();
  readonly #setting: RunSetting;
  readonly #results = new Map<string, ResultMessage>();
  readonly #recipes = new Map<Cache, boolean>();

  constructor(setting: RunSetting) {
    this.#setting = setting;
    this.storage = setting.storage === null ? undefined : storageRecipe(setting.storage);
  }

  /** Those that the Lab has at hand. */
  get handedOver(): HandedOver {
    return this.#results;
  }

  /** Lets go of a result that no job needs any more. */
  forget(id: string): void {
    this.#results.delete(id);
    this.shared.forget(id);
  }

  /** Whether the outcome of a job must carry the value. */
  mustHandOver(job: Job, group: SeatGroup): boolean {
    const isKept = this.reachable(job.cache, group);
    return job.wanted || ((job.shared || job.cache !== null) && !isKept);
  }

  /** Has the results at hand that no worker can load by itself; gives the ids of those that are not there. */
  async prepare(
    dependencies: readonly Dependency[],
    group: SeatGroup,
  ): Promise<string[]> {
    const missing: string[] = [];
    for (const { task, key, cache } of dependencies) {
      if (this.reachable(cache, group) || this.#results.has(task.id)) continue;
      const { storage, signal } = this.#setting;
      const result = cache && storage && await cache.load(storage, key, task, { signal });
      if (result) {
        const { value, meta: { start, duration } } = result;
        const packed = (group.sharesMemory ? packShared(value) : undefined) ?? pack(value);
        this.#results.set(task.id, { value: packed, start: start.getTime(), duration });
      } else missing.push(task.id);
    }
    return missing;
  }

  /** Whether workers of a kind can load from, and save by, a cache themselves. */
  reachable(cache: Cache | null, group: SeatGroup): boolean {
    if (cache === null || this.storage === undefined || !group.opensStorage) return false;
    let reachable = this.#recipes.get(cache);
    if (reachable === undefined) {
      this.#recipes.set(cache, reachable = cacheRecipe(cache) !== undefined);
    }
    return reachable;
  }

  /** Does what is left to do for a job in the Lab's own thread. */
  async complete({ job, group, handOver }: PendingJob, outcome: DoneMessage): Promise<Outcome> {
    const { start, duration, value: packed } = outcome;
    const { attempt = 1 } = job;
    const attempts = attempt > 1 ? { attempts: attempt } : {};
    const meta = { start: new Date(start), duration, ...attempts };
    if (!handOver) return { kind: "done", meta };
    const { storage, signal } = this.#setting;
    const { task, key, cache } = job;
    if (packed === undefined) {
      if (!this.reachable(cache, group)) {
        throw new RunnerError(`The worker that ran ${task} did not hand its result over`);
      }
      const result = await cache!.load(storage!, key, task, { signal });
      if (result === undefined) {
        throw new RunnerError(`The result of ${task} was saved, but cannot be loaded again`);
      }
      return { kind: "done", meta, value: result.value };
    }
    const isKept = cache !== null && storage !== null && !this.reachable(cache, group);
    const value = job.wanted || isKept ? unpackOwn(packed) : undefined;
    if (!this.reachable(cache, group) && job.shared) {
      this.#results.set(task.id, { value: packed, start, duration });
    }
    if (isKept) await cache.save(storage, key, task, { value, meta }, { signal, claim: job.claim });
    return { kind: "done", meta, value };
  }
}
