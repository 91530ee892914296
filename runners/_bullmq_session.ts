import { Adding } from "./_bullmq_adding.ts";
import { cancel } from "./_bullmq_cancelling.ts";
import { Fates } from "./_bullmq_fates.ts";
import { Grouping } from "./_bullmq_grouping.ts";
import { type Group, Groups } from "./_bullmq_groups.ts";
import { BrokerLink } from "./_bullmq_link.ts";
import { Lookout } from "./_bullmq_lookout.ts";
import { readProgress, readReturned } from "./_bullmq_messages.ts";
import type { BullEvent, BullJob } from "./_bullmq_package.ts";
import { type Pending, pendingOf, type Queued } from "./_bullmq_pending.ts";
import type { BullmqPlace } from "./_bullmq_place.ts";
import { DRAINED, type QueueEventName } from "./_bullmq_queue.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import type { Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";

/** A run whose tasks are run by workers elsewhere. */
export class BullmqSession implements RunnerSession {
  readonly slots: number;
  readonly #place: BullmqPlace;
  readonly #setting: RunSetting;
  readonly #link: BrokerLink;
  readonly #run = crypto.randomUUID();
  readonly #grouping: Grouping;
  readonly #adding: Adding;
  readonly #fates: Fates;
  readonly #groups: Groups;
  readonly #lookout: Lookout;

  private constructor(place: BullmqPlace, setting: RunSetting, link: BrokerLink) {
    this.#place = place;
    this.#setting = setting;
    this.#link = link;
    this.slots = setting.maxWorkers;
    const add = (pending: Pending) => this.#adding.add(pending);
    const queueOf = (queued: Queued) => this.#adding.queueOf(queued);
    const grouping: Grouping = this.#grouping = new Grouping({
      open: (queue) => fates.open(queue),
      form: (tasks) => groups.form(tasks),
      ready: (queued) => this.#adding.addReady(queued),
    });
    const fates: Fates = this.#fates = new Fates({ setting, grouping, add });
    const groups: Groups = this.#groups = new Groups({
      ...{ fates, grouping, add, queueOf },
      addAgain: (group) => this.#adding.addReady([group]),
    });
    const isPending = (queued: Queued) =>
      isTask(queued) ? fates.isPending(queued) : groups.isPending(queued);
    this.#adding = new Adding({
      ...{ link, base: place.queue, timeout: place.timeout, signal: setting.signal, grouping },
      ...{ isPending, heard: (queue, event, args) => this.#heard(queue, event, args) },
      failed: (jobs, error) => this.#settle(jobs, { kind: "failed", error: asError(error) }),
    });
    this.#lookout = new Lookout({
      ...{ queued: () => this.#queued(), queueOf, isPending },
      found: (queued, job) => this.#found(queued, job),
      gone: (queued) => isTask(queued) ? fates.vanished(queued) : groups.vanished(queued as Group),
      warn: (text) => fates.warn(text),
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
      this.#fates.begin(pending);
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
    this.#settle(this.#adding.takeFresh(), { kind: "dropped" });
    this.#dropQueued("unbegun").catch(() => {}); // a broker that is away keeps it
  }

  /** Takes what was not begun from the queue; where the run was stopped, workers stop what was. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#settle(this.#adding.takeFresh(), { kind: "dropped" });
    this.#grouping[Symbol.dispose]();
    await this.#link.whileAnswered(this.#leave());
    this.#settle([...this.#fates.all], { kind: "dropped" });
    await this.#link[Symbol.asyncDispose]();
  }

  async #leave(): Promise<void> {
    await this.#adding.close();
    await this.#lookout.close();
    await this.#adding.opened();
    const isStopped = this.#setting.signal.aborted;
    await this.#dropQueued(isStopped ? "all" : "unbegun");
    if (isStopped && this.#fates.size > 0) {
      await cancel(this.#link, this.#place.queue, this.#run);
    }
  }

  /** What is in queues, or on its way there. */
  *#queued(): Generator<Queued> {
    for (const pending of this.#fates.all) if (pending.group === undefined) yield pending;
    yield* this.#groups.all;
  }

  #settle(jobs: readonly Queued[], outcome: Outcome): void {
    for (const queued of jobs) {
      if (isTask(queued)) this.#fates.settle(queued, outcome);
      else this.#groups.settle(queued as Group, outcome);
    }
  }

  /** Takes out what waits: all of it, or what was not begun before either. */
  async #dropQueued(which: "all" | "unbegun"): Promise<void> {
    const waiting = Iterator.from(this.#queued())
      .filter(({ adds, announced }) => adds > 0 && !(announced && which === "unbegun")).toArray();
    await Promise.allSettled(waiting.map(async (queued) => {
      queued.dropping = true;
      try {
        const { queue } = await this.#adding.queueOf(queued);
        // One that was begun is locked, and stays.
        const removed = await queue.remove(queued.options.jobId);
        if (removed === 1) this.#settle([queued], { kind: "dropped" });
      } finally {
        queued.dropping = false;
      }
    }));
  }

  #heard(queue: string, event: QueueEventName, args: BullEvent): void {
    if (event === DRAINED) {
      this.#drained(queue).catch(() => {}); // what is gone is looked after in any case
      return;
    }
    const id = String(args.jobId);
    const group = this.#groups.get(id);
    if (group !== undefined) return this.#groups.heard(group, event, args);
    const pending = this.#fates.get(id);
    // A job of that id is another program's, where ours travels with others.
    if (pending === undefined || pending.group !== undefined) return;
    if (pending.queue !== queue || pending.adds === 0) return;
    this.#heardOf(pending, event, args);
  }

  #heardOf(pending: Pending, event: QueueEventName, args: BullEvent): void {
    const fates = this.#fates;
    pending.since = performance.now();
    switch (event) {
      case "active":
        this.#grouping.began(pending.queue);
        return fates.announce(pending);
      case "progress": {
        const progress = readProgress(args.data);
        return progress && fates.progress(pending, progress);
      }
      case "completed":
        fates.complete(pending, readReturned(args.returnvalue));
        return;
      case "failed":
        return fates.fail(pending, args.failedReason);
      case "stalled":
        this.#grouping.doubt(pending.queue);
        return fates.warn(`${pending.job.task} lost its worker, and goes to another one`, pending);
      case "removed":
        // Another program gave it up that had asked for it as well; one that failed was put aside to be added.
        if (!pending.dropping && args.prev !== "failed") this.#adding.add(pending);
    }
  }

  /** It is in the queue; how it ended may have been told while nobody heard. */
  async #found(queued: Queued, job: BullJob): Promise<void> {
    if (!isTask(queued)) return this.#groups.found(queued as Group, job);
    const { finishedOn, failedReason, returnvalue, processedOn } = job;
    if (processedOn !== undefined) this.#fates.announce(queued);
    if (finishedOn === undefined) return;
    const progress = readProgress(job.progress);
    if (progress?.kind === "error") queued.error = progress.error;
    if (failedReason) this.#fates.fail(queued, failedReason);
    else await this.#fates.complete(queued, readReturned(returnvalue));
  }

  /** A person has emptied the queue: what was not begun is not asked for again. */
  async #drained(name: string): Promise<void> {
    for (const pending of [...this.#fates.all]) {
      const { queue: of, announced, job: { task } } = pending;
      const carrier = pending.group ?? pending;
      if (of !== name || announced || carrier.adds === 0) continue;
      const { queue } = await this.#adding.queueOf(pending);
      if (await queue.getJob(carrier.options.jobId) !== undefined) continue;
      if (!this.#fates.isPending(pending) || (pending.group ?? pending) !== carrier) continue;
      this.#fates.fail(pending, `${task} was taken from the queue ${name} (lab queue drain)`);
    }
  }
}

function isTask(queued: Queued): queued is Pending {
  return "job" in queued;
}
