import { RunnerError } from "../errors.ts";
import type { TaskTypeInfo } from "../task.ts";
import { isAway } from "./_bullmq_away.ts";
import { cancel } from "./_bullmq_cancelling.ts";
import { BrokerLink } from "./_bullmq_link.ts";
import {
  type Progress,
  readProgress,
  readReturned,
  type Returned,
  workerText,
} from "./_bullmq_messages.ts";
import type { BullEvent, BullJobOptions } from "./_bullmq_package.ts";
import { type Payload, payloadOf } from "./_bullmq_payload.ts";
import type { BullmqPlace } from "./_bullmq_place.ts";
import { DRAINED, jobOptions, OpenQueue, type QueueEventName } from "./_bullmq_queue.ts";
import { queueName } from "./_bullmq_queues.ts";
import { taskOptions } from "./_bullmq_task_options.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import { labelOf } from "./_label.ts";
import type { Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";
import { type PackedError, unpackError } from "./_transport.ts";

/** How many jobs are added by one call. */
const BATCH = 500;
/** After how long without news a job is looked after, and how often, in ms. */
const CHECK = 2000;
/** How many are looked after at a time. */
const CHECKED = 500;
/** How long to wait for a result that was saved and is not seen yet, as on network file systems, in ms. */
const PAUSES = [50, 200, 1000];
/** After how long a broker that is away is asked again, in ms. */
const AWAY = 500;
/** Of so many reasons why jobs were refused a run is told. */
const MOST_TOLD = 100;
/** How often a job that vanished is added again. */
const MOST_ADDS = 10;

/** A job that is on its way, or in the queue. */
interface Pending {
  readonly job: Job;
  readonly queue: string;
  readonly payload: Payload;
  readonly options: BullJobOptions;
  readonly resolve: (outcome: Outcome) => void;
  /** When it was last heard of. */
  since: number;
  /** How often it was added. */
  adds: number;
  announced: boolean;
  dropping: boolean;
  /** Why it failed, in full. */
  error: PackedError | undefined;
  /** Who had it last, as far as that is known. */
  worker: string | undefined;
}

/**
 * Refuses a type whose tasks no other machine can run.
 *
 * @throws {RunnerError} When it has no module, or keeps no results.
 */
export function refuseType({ taskName, module, cache }: TaskTypeInfo): void {
  if (module === undefined) {
    throw new RunnerError(
      `The task type ${taskName} has no module that a worker could import (it was defined in a REPL or ` +
        'notebook); define it in a file, or take the runner "serial" or "async"',
    );
  }
  if (cache === null) throw uncached(taskName);
}

function uncached(name: string): RunnerError {
  return new RunnerError(
    `The results of ${name} are not kept (its cache is null), and the runner "bullmq" hands results over ` +
      "by the storage; give it a cache, or run it by another runner",
  );
}

/** A run whose tasks are run by workers elsewhere. */
export class BullmqSession implements RunnerSession {
  readonly slots: number;
  readonly #place: BullmqPlace;
  readonly #setting: RunSetting;
  readonly #link: BrokerLink;
  readonly #run = crypto.randomUUID();
  readonly #pending = new Map<string, Pending>();
  readonly #queues = new Map<string, Promise<OpenQueue>>();
  readonly #timer: ReturnType<typeof setInterval>;
  #fresh: Pending[] = [];
  #adding: Promise<void> = Promise.resolve();
  #isAdding = false;
  #checking: Promise<void> | undefined;
  #closed = false;
  readonly #lonely = new Set<string>();
  /** Why jobs were refused: told once each. */
  readonly #told = new Set<string>();

  private constructor(place: BullmqPlace, setting: RunSetting, link: BrokerLink) {
    this.#place = place;
    this.#setting = setting;
    this.#link = link;
    this.slots = setting.maxWorkers;
    this.#timer = setInterval(() => this.#check(), CHECK);
  }

  /** Connects to the broker. */
  static async open(place: BullmqPlace, setting: RunSetting): Promise<BullmqSession> {
    const { timeout, broker } = place;
    const told = { isDown: false };
    const link = await BrokerLink.open(broker, { timeout, signal: setting.signal }, (error) => {
      if (told.isDown) return;
      told.isDown = true;
      setting.report({
        kind: "log",
        at: Date.now(),
        level: "warn",
        text: `The broker ${broker.server} is in trouble, and is waited for: ${error.message}`,
      });
    });
    return new BullmqSession(place, setting, link);
  }

  async run(job: Job): Promise<Outcome> {
    try {
      const { task, cache, key } = job;
      refuseType(task.type);
      if (cache === null || cache.name === "null") throw uncached(task.taskName);
      const { tags, ...wishes } = taskOptions(task);
      const payload = payloadOf({
        ...{ run: this.#run, task, key, attempt: job.attempt, replaces: job.replaces ?? false },
        context: job.ownContext ?? contextOf(task, this.#setting.context),
      });
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const pending: Pending = {
        ...{ job, payload, resolve },
        queue: queueName(this.#place.queue, task.taskName, tags),
        options: { ...wishes, ...jobOptions(key) },
        ...{ since: performance.now(), adds: 0 },
        ...{
          announced: false,
          dropping: false,
          error: undefined,
          worker: undefined,
        },
      };
      this.#pending.set(key, pending);
      this.#add(pending);
      return await promise;
    } catch (error) {
      return { kind: "failed", error: asError(error) };
    }
  }

  forget(): void {
    // Workers have results from the storage.
  }

  drop(): void {
    for (const pending of this.#fresh.splice(0)) this.#settle(pending, { kind: "dropped" });
    this.#dropQueued("unbegun").catch(() => {}); // a broker that is away keeps it
  }

  /** Takes what was not begun from the queue; where the run was stopped, workers stop what was. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    for (const pending of this.#fresh.splice(0)) this.#settle(pending, { kind: "dropped" });
    await this.#adding;
    await this.#checking;
    await this.#leave().catch(() => {});
    for (const pending of this.#pending.values()) this.#settle(pending, { kind: "dropped" });
    await Promise.allSettled(this.#queues.values());
    await this.#link[Symbol.asyncDispose]();
  }

  async #leave(): Promise<void> {
    const isStopped = this.#setting.signal.aborted;
    await this.#dropQueued(isStopped ? "all" : "unbegun");
    if (isStopped && this.#pending.size > 0) {
      await cancel(this.#link, this.#place.queue, this.#run);
    }
  }

  /** Takes out what waits: all of it, or what was not begun before either. */
  async #dropQueued(which: "all" | "unbegun"): Promise<void> {
    const waiting = Iterator.from(this.#pending.values())
      .filter(({ adds, announced }) => adds > 0 && !(announced && which === "unbegun")).toArray();
    await Promise.allSettled(waiting.map(async (pending) => {
      pending.dropping = true;
      try {
        const { queue } = await this.#queues.get(pending.queue)!;
        // One that was begun is locked, and stays.
        const removed = await queue.remove(pending.options.jobId);
        if (removed === 1) this.#settle(pending, { kind: "dropped" });
      } finally {
        pending.dropping = false;
      }
    }));
  }

  #add(pending: Pending): void {
    this.#fresh.push(pending);
    if (this.#isAdding) return;
    this.#isAdding = true;
    // What is asked for in one go is added by one call.
    this.#adding = Promise.resolve().then(() => this.#addAll());
  }

  async #addAll(): Promise<void> {
    while (this.#fresh.length > 0) {
      const batch = this.#fresh.splice(0, BATCH);
      await Promise.all(
        Map.groupBy(batch, ({ queue }) => queue).entries().map(async ([name, jobs]) => {
          try {
            const { type } = jobs[0]!.job.task;
            const open = await this.#patiently(() => this.#queueOf(name, type));
            for (const pending of jobs) {
              pending.adds++;
              pending.since = performance.now();
            }
            const added = jobs.map(({ job, payload, options }) => ({
              ...{ type: job.task.taskName, payload, options },
            }));
            // What was added by a call whose answer was lost is there already.
            await this.#patiently(() => open.add(added));
          } catch (error) {
            const outcome = { kind: "failed", error: asError(error) } as const;
            for (const pending of jobs) this.#settle(pending, outcome);
          }
        }),
      );
    }
    this.#isAdding = false;
  }

  /** Does something once more as long as the broker is away. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (this.#closed || this.#setting.signal.aborted || !isAway(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, AWAY));
      }
    }
  }

  #queueOf(name: string, { maxParallel: limit }: TaskTypeInfo): Promise<OpenQueue> {
    let opening = this.#queues.get(name);
    if (opening === undefined) {
      opening = OpenQueue.open(this.#link, {
        ...{
          base: this.#place.queue,
          name,
          limit,
          timeout: this.#place.timeout,
          signal: this.#setting.signal,
        },
        on: (event, args) => this.#heard(name, event, args),
      });
      // Whose jobs wait for it are told; those that come later try again.
      opening.catch(() => this.#queues.delete(name));
      this.#queues.set(name, opening);
    }
    return opening;
  }

  #heard(queue: string, event: QueueEventName, args: BullEvent): void {
    if (event === DRAINED) {
      this.#drained(queue).catch(() => {}); // what is gone is looked after in any case
      return;
    }
    const pending = this.#pending.get(String(args.jobId));
    if (pending === undefined || pending.queue !== queue || pending.adds === 0) return;
    pending.since = performance.now();
    switch (event) {
      case "active":
        return this.#announce(pending);
      case "progress":
        return this.#progress(pending, readProgress(args.data));
      case "completed":
        this.#complete(pending, args.returnvalue);
        return;
      case "failed":
        return this.#fail(pending, args.failedReason);
      case "stalled":
        return this.#warn(`${pending.job.task} lost its worker, and goes to another one`, pending);
      case "removed":
        // Another program gave it up that had asked for it as well; one that failed was put aside to be added.
        if (!pending.dropping && args.prev !== "failed") this.#again(pending);
    }
  }

  /** Asks for what this run still needs. */
  #again(pending: Pending): void {
    if (!this.#closed) this.#add(pending);
  }

  #announce(pending: Pending, at = Date.now()): void {
    if (pending.announced) return;
    pending.announced = true;
    this.#setting.report({ kind: "started", at, task: labelOf(pending.job.task) });
  }

  #progress(pending: Pending, progress: Progress | undefined): void {
    if (progress === undefined) return;
    const [task, worker] = [labelOf(pending.job.task), workerText(progress)];
    if (progress.kind === "held") return;
    if (progress.kind !== "refused") pending.worker = worker;
    switch (progress.kind) {
      case "runs":
        this.#announce(pending);
        return this.#setting.report({ kind: "usage", at: Date.now(), task, worker });
      case "logs": {
        this.#announce(pending);
        for (const [level, text, at] of progress.rows) {
          this.#setting.report({ kind: "log", at, task, level, text, worker });
        }
        if (progress.lost) this.#warn(`${progress.lost} lines of its log were left out`, pending);
        return;
      }
      case "error":
        pending.error = progress.error;
        return;
      case "refused":
        if (this.#told.has(progress.why) || this.#told.size >= MOST_TOLD) return;
        this.#told.add(progress.why);
        this.#warn(progress.why, pending);
    }
  }

  async #complete(pending: Pending, value: unknown): Promise<void> {
    const returned = readReturned(value);
    // Another program was stopped that had asked for it as well.
    if (returned?.kind === "cancelled") return this.#again(pending);
    try {
      this.#settle(pending, await this.#outcomeOf(pending, returned));
    } catch (error) {
      this.#settle(pending, { kind: "failed", error: asError(error) });
    }
  }

  async #outcomeOf({ job }: Pending, returned: Returned | undefined): Promise<Outcome> {
    const { task, key, cache, dependencies, attempt = 1 } = job;
    if (returned?.kind === "missing") {
      const { ids } = returned;
      if (ids.every((id) => dependencies.some(({ task }) => task.id === id))) {
        return { kind: "missing", ids };
      }
    }
    if (returned?.kind !== "done") {
      throw new RunnerError(`The worker that ran ${task} gave an answer that no worker gives`);
    }
    const { start, duration } = returned;
    const attempts = attempt > 1 ? { attempts: attempt } : {};
    const done = {
      kind: "done",
      meta: { start: new Date(start), duration, ...attempts },
      worker: workerText(returned),
    } as const;
    if (!job.wanted) return done;
    const { storage, signal } = this.#setting;
    for (const pause of [0, ...PAUSES]) {
      if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
      const result = await cache!.load(storage!, key, task, { signal });
      if (result !== undefined) return { ...done, value: result.value };
    }
    throw new RunnerError(
      `The worker ${done.worker} says that it saved the result of ${task}, and it cannot be loaded ` +
        "here: do program and worker name the same storage, and the same cache?",
    );
  }

  #fail(pending: Pending, reason: string | undefined): void {
    const { task } = pending.job;
    const error = pending.error === undefined
      ? new RunnerError(reason || `${task} failed, and nobody says why`)
      : unpackError(pending.error);
    this.#settle(pending, { kind: "failed", error, worker: pending.worker });
  }

  #settle(pending: Pending, outcome: Outcome): void {
    const { jobId } = pending.options;
    if (this.#pending.get(jobId) !== pending) return;
    this.#pending.delete(jobId);
    const isBegun = outcome.kind === "done" || outcome.kind === "failed";
    if (isBegun && pending.adds > 0) this.#announce(pending);
    pending.resolve(outcome);
  }

  /** Looks after jobs that nothing was heard of: events may be lost, as when a broker is started again. */
  #check(): void {
    this.#checking ??= this.#checkAll().catch(() => {}).finally(() => {
      this.#checking = undefined;
    });
  }

  async #checkAll(): Promise<void> {
    for (let vanished = true; vanished && !this.#closed;) {
      const now = performance.now();
      const due = Iterator.from(this.#pending.values())
        .filter(({ since, adds }) => adds > 0 && now - since > CHECK).take(CHECKED).toArray();
      vanished = false;
      await Promise.all(due.map(async (pending) => {
        pending.since = now;
        if (await this.#look(pending)) vanished = true;
      }));
      if (due.length > 0) await this.#tellLonely(due);
    }
  }

  /** Looks after one; gives whether it was gone. */
  async #look(pending: Pending): Promise<boolean> {
    const { queue } = await this.#queues.get(pending.queue)!;
    const found = await queue.getJob(pending.options.jobId);
    if (found === undefined) {
      await this.#vanished(pending);
      return true;
    }
    const { finishedOn, failedReason, returnvalue, processedOn } = found;
    if (processedOn !== undefined) this.#announce(pending);
    if (finishedOn === undefined) return false;
    const progress = readProgress(found.progress);
    if (progress?.kind === "error") pending.error = progress.error;
    if (failedReason) this.#fail(pending, failedReason);
    else await this.#complete(pending, returnvalue);
    return false;
  }

  /** It is not in the queue any more: it is done, or the broker lost it. */
  async #vanished(pending: Pending): Promise<void> {
    const { job, adds } = pending;
    const { storage, signal } = this.#setting;
    // One that is to be replaced may be the one from before.
    const result = job.replaces
      ? undefined
      : await job.cache!.load(storage!, job.key, job.task, { signal });
    if (!this.#isPending(pending)) return;
    if (result !== undefined) {
      const { value, meta } = result;
      this.#settle(pending, { kind: "done", meta, ...(job.wanted && { value }) });
    } else if (adds < MOST_ADDS) this.#add(pending);
    else this.#fail(pending, `${job.task} vanished from the queue ${adds} times`);
  }

  /** A person has emptied the queue: what was not begun is not asked for again. */
  async #drained(name: string): Promise<void> {
    const { queue } = await this.#queues.get(name)!;
    for (const pending of [...this.#pending.values()]) {
      if (pending.queue !== name || pending.announced || pending.adds === 0) continue;
      if (await queue.getJob(pending.options.jobId) !== undefined) continue;
      if (!this.#isPending(pending)) continue;
      this.#fail(pending, `${pending.job.task} was taken from the queue ${name} (lab queue drain)`);
    }
  }

  #isPending(pending: Pending): boolean {
    return this.#pending.get(pending.options.jobId) === pending;
  }

  /** Tells once of each queue that nobody takes jobs from. */
  async #tellLonely(due: readonly Pending[]): Promise<void> {
    for (const pending of due) {
      const { queue: name, announced } = pending;
      if (announced || this.#lonely.has(name) || !this.#isPending(pending)) continue;
      this.#lonely.add(name);
      const { queue } = await this.#queues.get(name)!;
      if (await queue.getWorkersCount() > 0) continue;
      this.#warn(
        `No worker takes jobs from the queue ${name}; start one by lab worker, with the module that ` +
          `defines ${pending.job.task.taskName}${
            name.includes("@") ? " and the tags after the @" : ""
          }`,
      );
    }
  }

  #warn(text: string, pending?: Pending): void {
    const task = pending && labelOf(pending.job.task);
    this.#setting.report({ kind: "log", at: Date.now(), task, level: "warn", text });
  }
}
