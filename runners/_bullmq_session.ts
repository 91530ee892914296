import { RunnerError } from "../errors.ts";
import { Adding } from "./_bullmq_adding.ts";
import { cancel } from "./_bullmq_cancelling.ts";
import { BrokerLink } from "./_bullmq_link.ts";
import { Lookout } from "./_bullmq_lookout.ts";
import { type Progress, readProgress, readReturned, workerText } from "./_bullmq_messages.ts";
import { outcomeOf } from "./_bullmq_outcome.ts";
import type { BullEvent, BullJob } from "./_bullmq_package.ts";
import { type Pending, pendingOf } from "./_bullmq_pending.ts";
import type { BullmqPlace } from "./_bullmq_place.ts";
import { DRAINED, type QueueEventName } from "./_bullmq_queue.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import { labelOf } from "./_label.ts";
import type { Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";
import { unpackError } from "./_transport.ts";

/** Of so many reasons why jobs were refused a run is told. */
const MOST_TOLD = 100;
/** How often a job that vanished is added again. */
const MOST_ADDS = 10;

/** A run whose tasks are run by workers elsewhere. */
export class BullmqSession implements RunnerSession {
  readonly slots: number;
  readonly #place: BullmqPlace;
  readonly #setting: RunSetting;
  readonly #link: BrokerLink;
  readonly #run = crypto.randomUUID();
  readonly #pending = new Map<string, Pending>();
  readonly #adding: Adding;
  readonly #lookout: Lookout;
  /** Why jobs were refused: told once each. */
  readonly #told = new Set<string>();

  private constructor(place: BullmqPlace, setting: RunSetting, link: BrokerLink) {
    this.#place = place;
    this.#setting = setting;
    this.#link = link;
    this.slots = setting.maxWorkers;
    this.#adding = new Adding({
      ...{ link, base: place.queue, timeout: place.timeout, signal: setting.signal },
      heard: (queue, event, args) => this.#heard(queue, event, args),
      failed: (jobs, error) => {
        const outcome = { kind: "failed", error: asError(error) } as const;
        for (const pending of jobs) this.#settle(pending, outcome);
      },
    });
    this.#lookout = new Lookout({
      pending: this.#pending,
      queueOf: (pending) => this.#adding.queueOf(pending),
      found: (pending, job) => this.#found(pending, job),
      gone: (pending) => this.#vanished(pending),
      warn: (text) => this.#warn(text),
    });
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
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const context = job.ownContext ?? contextOf(job.task, this.#setting.context);
      const pending = pendingOf(job, { run: this.#run, base: this.#place.queue, context }, resolve);
      this.#pending.set(job.key, pending);
      this.#adding.add(pending);
      return await promise;
    } catch (error) {
      return { kind: "failed", error: asError(error) };
    }
  }

  forget(): void {
    // Workers have results from the storage.
  }

  drop(): void {
    for (const pending of this.#adding.takeFresh()) this.#settle(pending, { kind: "dropped" });
    this.#dropQueued("unbegun").catch(() => {}); // a broker that is away keeps it
  }

  /** Takes what was not begun from the queue; where the run was stopped, workers stop what was. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const pending of this.#adding.takeFresh()) this.#settle(pending, { kind: "dropped" });
    await this.#link.whileAnswered(this.#leave());
    for (const pending of this.#pending.values()) this.#settle(pending, { kind: "dropped" });
    await this.#link[Symbol.asyncDispose]();
  }

  async #leave(): Promise<void> {
    await this.#adding.close();
    await this.#lookout.close();
    await this.#adding.opened();
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
        const { queue } = await this.#adding.queueOf(pending);
        // One that was begun is locked, and stays.
        const removed = await queue.remove(pending.options.jobId);
        if (removed === 1) this.#settle(pending, { kind: "dropped" });
      } finally {
        pending.dropping = false;
      }
    }));
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
        if (!pending.dropping && args.prev !== "failed") this.#adding.add(pending);
    }
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
    if (returned?.kind === "cancelled") return this.#adding.add(pending);
    try {
      this.#settle(pending, await outcomeOf(pending.job, returned, this.#setting));
    } catch (error) {
      this.#settle(pending, { kind: "failed", error: asError(error) });
    }
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

  /** It is in the queue; how it ended may have been told while nobody heard. */
  async #found(
    pending: Pending,
    { finishedOn, failedReason, returnvalue, processedOn, progress: told }: BullJob,
  ): Promise<void> {
    if (processedOn !== undefined) this.#announce(pending);
    if (finishedOn === undefined) return;
    const progress = readProgress(told);
    if (progress?.kind === "error") pending.error = progress.error;
    if (failedReason) this.#fail(pending, failedReason);
    else await this.#complete(pending, returnvalue);
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
    } else if (adds < MOST_ADDS) this.#adding.add(pending);
    else this.#fail(pending, `${job.task} vanished from the queue ${adds} times`);
  }

  /** A person has emptied the queue: what was not begun is not asked for again. */
  async #drained(name: string): Promise<void> {
    for (const pending of [...this.#pending.values()]) {
      if (pending.queue !== name || pending.announced || pending.adds === 0) continue;
      const { queue } = await this.#adding.queueOf(pending);
      if (await queue.getJob(pending.options.jobId) !== undefined) continue;
      if (!this.#isPending(pending)) continue;
      this.#fail(pending, `${pending.job.task} was taken from the queue ${name} (lab queue drain)`);
    }
  }

  #isPending(pending: Pending): boolean {
    return this.#pending.get(pending.options.jobId) === pending;
  }

  #warn(text: string, pending?: Pending): void {
    const task = pending && labelOf(pending.job.task);
    this.#setting.report({ kind: "log", at: Date.now(), task, level: "warn", text });
  }
}
