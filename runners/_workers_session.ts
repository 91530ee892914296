import type { Cache } from "../caches/cache.ts";
import { RunnerError } from "../errors.ts";
import { definitionOf, type TaskTypeInfo } from "../task.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import { labelOf } from "./_label.ts";
import type { Dependency, Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";
import {
  cacheRecipe,
  pack,
  type Recipe,
  storageRecipe,
  unpack,
  unpackError,
} from "./_transport.ts";
import type { FromWorker, OutcomeMessage, ResultMessage } from "./_worker_protocol.ts";
import type { PendingJob, ThreadListener, WorkerThread } from "./_worker_thread.ts";

/** Where a session has its threads from. */
export interface ThreadPool {
  /** Gives an idle thread, or a new one. */
  take(): WorkerThread;
  /** Takes a thread back. */
  giveBack(thread: WorkerThread): void;
}

interface Settled extends PendingJob {
  readonly resolve: (outcome: Outcome) => void;
}

type DoneMessage = Extract<OutcomeMessage, { kind: "done" }>;

const ANNOUNCE = 100;

/** A run on Web Workers. */
export class WorkersSession implements RunnerSession, ThreadListener {
  readonly #setting: RunSetting;
  readonly #pool: ThreadPool;
  readonly #storage: Recipe | undefined;
  readonly #sharesContext: boolean;
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #threads: WorkerThread[] = [];
  readonly #backlog: Settled[] = [];
  readonly #results = new Map<string, ResultMessage>();
  readonly #recipes = new Map<Cache, boolean>();
  readonly #timer: ReturnType<typeof setInterval>;
  #scheduled = false;
  #broken: Error | undefined;
  #closed = false;

  constructor(setting: RunSetting, types: readonly TaskTypeInfo[], pool: ThreadPool) {
    this.#setting = setting;
    this.#pool = pool;
    this.#storage = setting.storage === null ? undefined : storageRecipe(setting.storage);
    this.#sharesContext = types.some((type) => definitionOf(type).filterContext === undefined);
    this.#context = this.#sharesContext ? cloneable(setting.context) : {};
    this.#timer = setInterval(() => this.#announce(), ANNOUNCE);
    Deno.unrefTimer(this.#timer);
  }

  get slots(): number {
    const started = this.#threads.reduce((sum, { window }) => sum + window, 0);
    return started + 2 * (this.#setting.maxWorkers - this.#threads.length);
  }

  async run(job: Job): Promise<Outcome> {
    const { filterContext } = definitionOf(job.task.type);
    // A lost result may bring in types that nobody knew of when the run began.
    const isOwn = filterContext !== undefined || !this.#sharesContext;
    try {
      refuseWithoutModule(job.task.type);
      const context = isOwn ? cloneable(contextOf(job.task, this.#setting.context)) : undefined;
      const missing = await this.#prepare(job.dependencies);
      if (missing.length > 0) return { kind: "missing", ids: missing };
      if (this.#broken !== undefined) return { kind: "failed", error: this.#broken };
      const kept = this.#reachable(job.cache);
      const handOver = job.wanted || ((job.shared || job.cache !== null) && !kept);
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      this.#backlog.push({ job, context, handOver, announced: false, resolve });
      this.#schedule();
      return await promise;
    } catch (error) {
      return { kind: "failed", error: asError(error) };
    }
  }

  forget(id: string): void {
    this.#results.delete(id);
    for (const thread of this.#threads) thread.forget(id);
  }

  drop(): void {
    const unbegun = this.#backlog.splice(0);
    for (const thread of this.#threads) {
      for (let job = thread.takeBack(); job; job = thread.takeBack()) unbegun.push(job as Settled);
    }
    for (const { resolve } of unbegun) resolve({ kind: "dropped" });
  }

  message(thread: WorkerThread, message: FromWorker): void {
    if (message.kind === "broken") return this.#breakDown(unpackError(message.error));
    for (const { id, level, text, at } of message.logs) {
      const task = id === undefined ? undefined : this.#setting.labelOf(id);
      this.#setting.report({ kind: "log", at, task, level, text });
    }
    for (const { key, why } of message.refused) this.#setting.signing?.refused(key, why);
    for (const outcome of message.outcomes) this.#take(thread, outcome);
    this.#schedule();
  }

  died(thread: WorkerThread, reason: string): void {
    this.#threads.splice(this.#threads.indexOf(thread), 1);
    const begun = [...thread.begun()] as [Settled, number][];
    for (let job = thread.takeBack(); job; job = thread.takeBack()) {
      this.#backlog.unshift(job as Settled);
    }
    // A thread that dies before it ran anything will die again.
    if (begun.length === 0) {
      {
        const hint = "lab.permissionFlags() lists what the program needs";
        return this.#breakDown(
          new RunnerError(`A worker cannot start: ${firstLine(reason)}; ${hint}`),
        );
      }
    }
    for (const [{ job, resolve }] of begun) {
      const error = new RunnerError(`The worker that ran ${job.task} died: ${firstLine(reason)}`);
      resolve({ kind: "failed", error });
    }
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const thread of this.#threads) {
      if (thread.load > 0) thread.terminate();
      else {
        thread.leave();
        this.#pool.giveBack(thread);
      }
    }
    this.#threads.length = 0;
    await Promise.resolve();
  }

  /** Has the results at hand that no worker can load by itself; gives the ids of those that are not there. */
  async #prepare(dependencies: readonly Dependency[]): Promise<string[]> {
    const missing: string[] = [];
    for (const { task, key, cache } of dependencies) {
      if (this.#reachable(cache) || this.#results.has(task.id)) continue;
      const { storage, signal } = this.#setting;
      const result = cache && storage && await cache.load(storage, key, task, { signal });
      if (result) {
        const { value, meta: { start, duration } } = result;
        this.#results.set(task.id, { value: pack(value), start: start.getTime(), duration });
      } else missing.push(task.id);
    }
    return missing;
  }

  /** Whether workers can load from, and save by, a cache themselves. */
  #reachable(cache: Cache | null): boolean {
    if (cache === null || this.#storage === undefined) return false;
    let reachable = this.#recipes.get(cache);
    if (reachable === undefined) {
      this.#recipes.set(cache, reachable = cacheRecipe(cache) !== undefined);
    }
    return reachable;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#distribute();
    });
  }

  #distribute(): void {
    for (let at = 0; at < this.#backlog.length; at++) {
      const pending = this.#backlog[at]!;
      const thread = this.#threadFor(pending.job);
      if (thread === undefined) {
        this.#backlog.splice(0, at);
        return this.#send();
      }
      thread.give(pending, this.#results, (cache) => this.#reachable(cache));
    }
    this.#backlog.length = 0;
    this.#rebalance();
    this.#send();
  }

  #send(): void {
    for (const thread of this.#threads) thread.send();
  }

  // An idle thread first, that holds what the job needs if there is one; a new one before waiting in line.
  #threadFor(job: Job): WorkerThread | undefined {
    let best: WorkerThread | undefined;
    for (const thread of this.#threads) {
      if (thread.load >= thread.window) continue;
      if (best === undefined || isBetter(thread, best, job)) best = thread;
    }
    const idle = best !== undefined && best.load === 0;
    if (!idle && this.#threads.length < this.#setting.maxWorkers) return this.#start();
    return best;
  }

  #start(): WorkerThread {
    const thread = this.#pool.take();
    const { plugins, signing } = this.#setting;
    const [storage, context] = [this.#storage ?? null, this.#context];
    thread.join({ storage, plugins, context, signing: signing?.keys }, this);
    this.#threads.push(thread);
    return thread;
  }

  // Jobs that wait behind a long one go to a thread that has nothing to do.
  #rebalance(): void {
    for (const idle of this.#threads) {
      if (idle.load > 0) continue;
      const other = this.#threads.find((thread) => thread.load > 1);
      const pending = other?.takeBack();
      if (pending !== undefined) {
        idle.give(pending, this.#results, (cache) => this.#reachable(cache));
      }
    }
  }

  #take(thread: WorkerThread, outcome: OutcomeMessage): void {
    const at = thread.beginOf(outcome.place);
    const pending = thread.finish(
      outcome.place,
      outcome.kind === "done" ? outcome.took : undefined,
    ) as Settled | undefined;
    if (pending === undefined || outcome.kind === "passed") return;
    if (!pending.announced) this.#started(pending, at);
    const { resolve, job } = pending;
    switch (outcome.kind) {
      case "done":
        if (job.shared) thread.hold(job.task.id);
        this.#complete(pending, outcome).then(
          resolve,
          (error) => resolve({ kind: "failed", error: asError(error) }),
        );
        break;
      case "failed":
        resolve({ kind: "failed", error: unpackError(outcome.error) });
        break;
      case "missing":
        for (const id of outcome.ids) thread.forget(id); // what is made again is sent again
        resolve({ kind: "missing", ids: outcome.ids });
    }
  }

  /** Does what is left to do for a job in the Lab's own thread. */
  async #complete({ job, handOver }: PendingJob, outcome: DoneMessage): Promise<Outcome> {
    const { start, duration, value: packed } = outcome;
    const meta = { start: new Date(start), duration };
    if (!handOver) return { kind: "done", meta };
    const { storage, signal } = this.#setting;
    const { task, key, cache } = job;
    if (packed === undefined) {
      const result = await cache!.load(storage!, key, task, { signal });
      if (result === undefined) {
        throw new RunnerError(`The result of ${task} was saved, but cannot be loaded again`);
      }
      return { kind: "done", meta, value: result.value };
    }
    const value = unpack(packed);
    if (!this.#reachable(cache)) {
      if (job.shared) this.#results.set(task.id, { value: packed, start, duration });
      if (cache !== null && storage !== null) {
        await cache.save(storage, key, task, { value, meta }, { signal });
      }
    }
    return { kind: "done", meta, value };
  }

  #announce(): void {
    for (const thread of this.#threads) {
      for (const [pending, at] of thread.begun()) {
        if (!pending.announced) this.#started(pending, at);
      }
    }
  }

  #started(pending: PendingJob, at: number): void {
    pending.announced = true;
    this.#setting.report({ kind: "started", at, task: labelOf(pending.job.task) });
  }

  #breakDown(error: Error): void {
    this.#broken ??= error;
    this.drop();
    for (const thread of this.#threads.splice(0)) {
      for (const [{ resolve }] of thread.begun() as Iterable<[Settled, number]>) {
        resolve({ kind: "failed", error });
      }
      thread.terminate();
    }
  }
}

// The rest is a stack of the library's own calls.
function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

/**
 * Refuses a type that no worker can import.
 *
 * @throws {RunnerError} When the type has no module.
 */
export function refuseWithoutModule({ taskName, module }: TaskTypeInfo): void {
  if (module !== undefined) return;
  throw new RunnerError(
    `The task type ${taskName} has no module that a worker could import (it was defined in a REPL ` +
      `or notebook); define it in a file by task(import.meta, …), or take the runner "serial" or ` +
      `"async"`,
  );
}

function isBetter(thread: WorkerThread, best: WorkerThread, job: Job): boolean {
  if ((thread.load === 0) !== (best.load === 0)) return thread.load === 0;
  const [ours, theirs] = [thread, best].map((each) =>
    job.dependencies.slice(0, 8).filter(({ task }) => each.holds(task.id)).length
  ) as [number, number];
  return ours !== theirs ? ours > theirs : thread.load < best.load;
}

function cloneable(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  for (const [name, value] of Object.entries(context)) {
    try {
      structuredClone(value);
    } catch (error) {
      throw new RunnerError(
        `context.${name} cannot be sent to a worker (${asError(error).message}); leave it out by ` +
          `filterContext and make it within run, or take the runner "serial" or "async"`,
        { cause: error },
      );
    }
  }
  return context;
}
