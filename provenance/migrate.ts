import { openEntry } from "../caches/_opening.ts";
import type { Cache, CacheCall } from "../caches/cache.ts";
import type { EntryMetadata } from "../caches/metadata.ts";
import { isPlainObject } from "../describe.ts";
import { StorageError } from "../errors.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import type { PlannedTask } from "../plan.ts";
import { taskTableToJson } from "../serialize.ts";
import type { Storage } from "../storages/storage.ts";
import { definitionOf, type Task, type TaskTypeInfo } from "../task.ts";
import { Migrator, type Unmigratable } from "./migrator.ts";
import { rebuiltTask } from "./rebuilt_task.ts";
import { rekey, type Rekeyed } from "./rekey.ts";

/** What looking for earlier results needs to know of a run. */
export interface MigrationSetting extends CacheCall {
  /** Where results lie. */
  readonly storage: Storage;
  /** How results of a type are formatted; `null` when they are not kept. */
  readonly cacheOf: (type: TaskTypeInfo) => Cache | null;
  /** The version of a type's code as it is now. */
  readonly versionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
}

/** A result of an earlier shape of a task. */
export interface EarlierResult {
  /** The key under which it lies. */
  readonly key: string;
  /** The task as it was then. */
  readonly task: Task;
  /** When it was computed. */
  readonly cached: Date;
  /** How long that took, in ms. */
  readonly duration: number;
}

/** What was not taken over, and why. */
export interface MigrationProblem {
  /** The name of the task type. */
  readonly type: string;
  /** Why, in words. */
  readonly reason: string;
  /** How many results. */
  readonly count: number;
}

const AT_ONCE = 16;
const DIGEST = /^[0-9a-f]{40}$/;

const OUTCOMES: Readonly<Partial<Record<Rekeyed, string>>> = {
  damaged: "the entry is damaged",
  gone: "the entry was removed meanwhile",
  signed: "the entry is signed, and the Lab has no key to sign it anew by",
};

/** Whether a type says which earlier results are its own. */
function migrates(type: TaskTypeInfo): boolean {
  const { migrate, formerly = [] } = definitionOf(type);
  return formerly.length > 0 || (Array.isArray(migrate) ? migrate.length > 0 : !!migrate);
}

/**
 * The earlier results that types claim by `migrate` and `formerly`. The metadata of a type's entries is read
 * when a task is asked for of which that type, or one nested in it, says something; once.
 */
export class Migrations {
  readonly #setting: MigrationSetting;
  readonly #migrator: Migrator;
  readonly #found = new Map<TaskTypeInfo, Promise<Map<string, EarlierResult>>>();
  readonly #concerned = new WeakMap<Task, boolean>();
  readonly #asked = new Set<string>();
  readonly #problems = new Map<string, { type: string; reason: string; count: number }>();

  /** Begins with nothing looked for. */
  constructor(setting: MigrationSetting) {
    this.#setting = setting;
    this.#migrator = new Migrator(setting.versionOf);
  }

  /** What was not taken over so far, though its type says that it could be. */
  get problems(): readonly MigrationProblem[] {
    return [...this.#problems.values()];
  }

  /** Which of the tasks, by id, have an earlier result. Nothing is changed. */
  async find(tasks: Iterable<PlannedTask>): Promise<Map<string, EarlierResult>> {
    const earlier = new Map<string, EarlierResult>();
    for (const { task, key, cache } of tasks) {
      if (cache === null || !this.#isConcerned(task)) continue;
      const { type } = task;
      if (!this.#found.has(type)) this.#found.set(type, this.#look(type, cache));
      const result = (await this.#found.get(type)!).get(task.id);
      if (result !== undefined && result.key !== key) earlier.set(task.id, result);
    }
    return earlier;
  }

  /**
   * Puts earlier results under the keys of those tasks that have any, each once. Gives the tasks that have
   * one now. What fails is a problem, and no more.
   */
  async take(tasks: readonly PlannedTask[]): Promise<PlannedTask[]> {
    const { storage, signing } = this.#setting;
    if (signing && !signing.signs) return [];
    const fresh = tasks.filter(({ task }) => !this.#asked.has(task.id));
    for (const { task } of fresh) this.#asked.add(task.id);
    const earlier = await this.find(fresh);
    const taken: PlannedTask[] = [];
    await atOnce(fresh, AT_ONCE, async (planned) => {
      const from = earlier.get(planned.task.id);
      if (from === undefined) return;
      const revise = (metadata: EntryMetadata) => revised(metadata, planned, from);
      const rekeying = { from: from.key, to: planned.key, revise };
      const outcome = await rekey(storage, rekeying, this.#setting).catch(failureOf);
      if (outcome === "rekeyed" || outcome === "present") taken.push(planned);
      const reason = typeof outcome === "string" ? OUTCOMES[outcome] : outcome.message;
      if (reason !== undefined) this.#passOver(planned.task.taskName, reason);
    });
    return taken;
  }

  /** Whether the type of the task, or of one nested in it, says something. Linear in the graph. */
  #isConcerned(task: Task): boolean {
    const known = this.#concerned;
    const path = [task];
    for (let node = path.at(-1); node; node = path.at(-1)) {
      const open = known.has(node) ? [] : node.dependencies.filter((each) => !known.has(each));
      if (open.length > 0) {
        for (const dependency of open) path.push(dependency);
        continue;
      }
      path.pop();
      if (known.has(node)) continue;
      known.set(node, migrates(node.type) || node.dependencies.some((each) => known.get(each)));
    }
    return known.get(task)!;
  }

  /** Reads what earlier results there are of a type, by the ids that their tasks have now. */
  async #look(type: TaskTypeInfo, cache: Cache): Promise<Map<string, EarlierResult>> {
    const { storage, signal } = this.#setting;
    const results = new Map<string, EarlierResult>();
    const { formerly = [] } = definitionOf(type);
    for (const name of new Set([type.taskName, ...formerly])) {
      const prefix = `${cache.keyPrefix}${name}__`;
      await atOnce(storage.findKeys({ prefix, signal }), AT_ONCE, async (key) => {
        if (!DIGEST.test(key.slice(prefix.length))) return;
        const found = await this.#read(type, key, cache);
        if (found === undefined) return;
        const other = results.get(found.id);
        if (!other || other.cached < found.result.cached) results.set(found.id, found.result);
      });
    }
    return results;
  }

  async #read(
    type: TaskTypeInfo,
    key: string,
    cache: Cache,
  ): Promise<{ readonly id: string; readonly result: EarlierResult } | undefined> {
    const metadata = (await openEntry(this.#setting.storage, key, this.#setting))?.metadata;
    if (metadata?.cache.name !== cache.name) return undefined;
    const rebuilt = rebuiltTask(metadata.task, key);
    if (rebuilt?.keyPrefix !== cache.keyPrefix) return undefined;
    const { task } = rebuilt;
    const now = await this.#migrator.migrate(task, type);
    if (isUnmigratable(now)) {
      if (now.fault !== undefined) this.#passOver(type.taskName, now.fault);
      return undefined;
    }
    const { start, duration } = metadata;
    const cached = new Date(Date.parse(start) + duration);
    return { id: now.id, result: { key, task, cached, duration } };
  }

  #passOver(type: string, reason: string): void {
    const key = JSON.stringify([type, reason]);
    const count = (this.#problems.get(key)?.count ?? 0) + 1;
    this.#problems.set(key, { type, reason, count });
  }
}

/** A storage that takes nothing more does not keep a run from computing. */
function failureOf(error: unknown): StorageError {
  if (error instanceof StorageError) return error;
  throw error;
}

function isUnmigratable(now: Task | Unmigratable): now is Unmigratable {
  return isPlainObject(now);
}

function revised(
  metadata: EntryMetadata,
  { task, key }: PlannedTask,
  from: EarlierResult,
): EntryMetadata | undefined {
  if (metadata.task.id !== from.task.id) return undefined;
  const source = { key: from.key, id: from.task.id, task: String(from.task) };
  const migrated = [...metadata.migrated ?? [], { ...source, at: new Date().toISOString() }];
  return { ...metadata, key, task: taskTableToJson(task), migrated };
}
