import type { MemorySharing } from "../caches/cache.ts";
import type { TaskLog } from "../definition.ts";
import { CacheError } from "../errors.ts";
import type { LogLevel } from "../progress/events.ts";
import type { Storage } from "../storages/storage.ts";
import { bindResults, definitionOf, type Task, type TaskResult } from "../task.ts";
import { type Clock, PROGRAM_CLOCK } from "./_clock.ts";
import { Overtime, TimeLimit } from "./_time_limit.ts";
import { captureConsole, formatLine, type LineSink, taskEnded, withConsole } from "./_console.ts";
import type { LargeResults } from "./_large_results.ts";
import type { Dependency, Job, Outcome } from "./runner.ts";

/** What an executor works with. */
export interface ExecutorSetting {
  /** Where results lie. */
  readonly storage: Storage | null;
  /** Aborts when tasks are to stop at once. */
  readonly signal: AbortSignal;
  /** What loads the results of tasks, where threads share large ones. @default {each job's cache alone} */
  readonly large?: LargeResults | undefined;
  /** What tasks are timed by. @default {the clock of the program} */
  readonly clock?: Clock;
  /** Takes log lines, labelled with the task, and (without task) warnings of the library. */
  readonly log: (task: Task | undefined, level: LogLevel, text: string) => void;
}

/** A job, with the part of the context that its task gets. */
export interface ExecutorJob extends Job {
  /** Gives the part of the context that the task gets. */
  readonly context: () => Readonly<Record<string, unknown>>;
  /** Whether the run was stopped while the thread was too busy to hear of it. */
  readonly stopped?: () => boolean;
  /** Is told when the task has to be done, in ms since the epoch, and that it is (0). */
  readonly due?: (at: number) => void;
}

/** Runs jobs in this thread: loads what they need, binds it, runs, saves, and remembers what is shared. */
export class Executor implements Disposable {
  readonly #setting: ExecutorSetting;
  readonly #console = captureConsole();
  readonly #results = new Map<string, TaskResult>();
  readonly #loading = new Map<string, Promise<TaskResult | undefined>>();
  /** What stops a job, by its own signal. */
  readonly #signals = new WeakMap<AbortSignal, AbortSignal>();

  constructor(setting: ExecutorSetting) {
    this.#setting = setting;
  }

  /** Runs a job. Never rejects. */
  async execute(job: ExecutorJob): Promise<Outcome> {
    try {
      const own = new Map<string, TaskResult>();
      const missing = await this.#loadAll(job.dependencies, own);
      if (missing.length > 0) return { kind: "missing", ids: missing };
      const computed = await this.#run(job, own);
      const result = await this.#save(job, computed);
      if (job.shared && result === computed) this.#results.set(job.task.id, result);
      return { kind: "done", meta: result.meta, value: result.value };
    } catch (error) {
      if (error instanceof Overtime) {
        return { kind: "failed", error: error.error, abandoned: error.goesOn };
      }
      return { kind: "failed", error: asError(error) };
    }
  }

  /** Whether the result of a task is at hand. */
  has(id: string): boolean {
    return this.#results.has(id);
  }

  /** Keeps a result that came from elsewhere, until it is forgotten. */
  keep(id: string, result: TaskResult): void {
    this.#results.set(id, result);
  }

  /** Lets go of a result that no further job needs. */
  forget(id: string): void {
    this.#results.delete(id);
  }

  /** Gives the console back, and lets go of everything. */
  [Symbol.dispose](): void {
    this.#console[Symbol.dispose]();
    this.#results.clear();
  }

  /** Loads what a job needs: into what all share, or, if it can be used once only, into the job's own. */
  async #loadAll(
    dependencies: readonly Dependency[],
    own: Map<string, TaskResult>,
  ): Promise<string[]> {
    const missing: string[] = [];
    for (const dependency of dependencies) {
      const { id } = dependency.task;
      if (this.#results.has(id)) continue;
      let result = await this.#load(dependency);
      if (result !== undefined && !this.#results.has(id)) {
        result = await this.#loadAnew(dependency);
        if (result !== undefined) own.set(id, result);
      }
      if (result === undefined) missing.push(id);
    }
    return missing;
  }

  // Jobs at work at the same time load a shared dependency once.
  #load(dependency: Dependency): Promise<TaskResult | undefined> {
    const { id } = dependency.task;
    let loading = this.#loading.get(id);
    if (loading === undefined) {
      loading = this.#loadShared(dependency);
      this.#loading.set(id, loading);
    }
    return loading;
  }

  async #loadShared(dependency: Dependency): Promise<TaskResult | undefined> {
    const { id } = dependency.task;
    try {
      const result = await this.#loadAnew(dependency);
      const once = result !== undefined && dependency.cache?.isOnce?.(result.value);
      if (result !== undefined && !once) this.#results.set(id, result);
      return result;
    } finally {
      this.#loading.delete(id);
    }
  }

  async #loadAnew({ cache, key, task }: Dependency): Promise<TaskResult | undefined> {
    const { storage, signal } = this.#setting;
    if (cache === null || storage === null) return undefined;
    const load = (sharing?: MemorySharing) =>
      cache.load(storage, key, task, {
        signal,
        report: (problem) => this.#setting.log(undefined, "warn", problem),
        sharing,
      });
    const { large } = this.#setting;
    return await (large === undefined ? load() : large.load(task.id, load));
  }

  async #run(job: ExecutorJob, own: ReadonlyMap<string, TaskResult>): Promise<TaskResult> {
    const signal = this.#signalOf(job);
    signal.throwIfAborted();
    const { task } = job;
    const { run, timeout } = definitionOf(task.type);
    using limit = timeout === undefined ? undefined : new TimeLimit(task, timeout);
    const bound = bindResults(task, {
      get: (id) => own.get(id) ?? this.#results.get(id),
    });
    const sink: LineSink = (level, text) => this.#setting.log(task, level, text);
    const ctx = {
      log: taskLog(sink),
      context: job.context(),
      signal: limit === undefined ? signal : AbortSignal.any([signal, limit.signal]),
      task: bound,
      seed: seedOf(task),
    };
    const { elapsed, now } = this.#setting.clock ?? PROGRAM_CLOCK;
    const start = new Date(now());
    const began = elapsed();
    try {
      if (timeout !== undefined) job.due?.(start.getTime() + timeout);
      const running = withConsole(sink, () => run(bound.params, ctx));
      const value = await (limit === undefined ? running : limit.hold(running));
      const duration = elapsed() - began;
      const { attempt = 1 } = job;
      return { value, meta: { start, duration, ...(attempt > 1 && { attempts: attempt }) } };
    } finally {
      job.due?.(0);
      taskEnded(sink);
    }
  }

  async #save(
    job: ExecutorJob,
    result: TaskResult,
  ): Promise<TaskResult> {
    const { task, key, cache, claim, stopped } = job;
    const { storage } = this.#setting;
    const signal = this.#signalOf(job);
    // What was stopped is not saved: its result may come of being stopped.
    signal.throwIfAborted();
    if (stopped?.()) throw new DOMException("The run was stopped", "AbortError");
    if (cache === null || storage === null) return result;
    await cache.save(storage, key, task, result, { signal, claim });
    if (!cache.isOnce?.(result.value)) return result;
    const saved = await cache.load(storage, key, task, { signal });
    if (saved === undefined) {
      throw new CacheError(`The result of ${task} was saved, but cannot be loaded again`);
    }
    return saved;
  }

  // Several jobs may have the same one, and to put two together takes as long as a quick task.
  #signalOf({ signal: own }: Job): AbortSignal {
    const { signal } = this.#setting;
    if (own === undefined) return signal;
    let both = this.#signals.get(own);
    if (both === undefined) this.#signals.set(own, both = AbortSignal.any([signal, own]));
    return both;
  }
}

function taskLog(sink: LineSink): TaskLog {
  const method = (level: LogLevel) => (...values: unknown[]) => sink(level, formatLine(values));
  return {
    debug: method("debug"),
    info: method("info"),
    warn: method("warn"),
    error: method("error"),
  };
}

// The first 32 bits of the digest in the id.
function seedOf({ id }: Task): number {
  const digest = id.slice(-40);
  return parseInt(digest.slice(0, 8), 16);
}

/** What was thrown, as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(formatLine([thrown]), { cause: thrown });
}
