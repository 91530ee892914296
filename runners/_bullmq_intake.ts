import { aheadOf, learn, newPace, type Pace } from "./_bullmq_ahead.ts";
import { isGroup } from "./_bullmq_group_payload.ts";
import type { BrokerLink } from "./_bullmq_link.ts";
import type { Returned, ReturnedGroup } from "./_bullmq_messages.ts";
import type { BullJob, BullProcessor, BullWorker, BullWorkerOptions } from "./_bullmq_package.ts";
import { patiently } from "./_bullmq_patience.ts";

/** How jobs are taken in. */
export interface IntakeOptions {
  /** The names of all queues. */
  readonly queues: readonly string[];
  /** How many jobs may be in hand at once, from all queues together. */
  readonly concurrency: number;
  /** How long a hold on a job lasts without a sign of life, in ms. */
  readonly lease: number;
  /** How often a job may lose its worker before it fails. */
  readonly maxStalls: number;
  /** The name of the worker. */
  readonly name: string;
  /** Runs a job. */
  readonly process: (
    job: BullJob,
    token: string,
    signal: AbortSignal,
  ) => Promise<Returned | ReturnedGroup>;
  /** Is told of jobs whose hold was lost. */
  readonly lost: (ids: readonly string[]) => void;
  /** Gives jobs back that are in hand, and were not begun. */
  readonly drop: () => void;
}

/** For how long, in ms, a place is kept for the next job of the same queue at most. */
const KEPT = 1000;
/** For how long a worker waits to be told of jobs, in s. */
const LONGEST_BLIND = 5;
/** How often it is looked whether what is in hand is quick after all, and for how long it may be, in ms. */
const LOOK = 500;
const SLOW = 2000;

/** After how long a broker that is away is asked for jobs again, in ms. */
const ASK_AGAIN = 1000;

interface Source extends Pace {
  readonly worker: BullWorker;
  /** What a job in hand comes to, by its id: the later time, where it was lost and given again. */
  readonly latest: Map<string, Promise<unknown>>;
  /** When the jobs in hand were taken. */
  readonly since: Set<{ readonly at: number }>;
  /** Places of jobs that have ended, which the next job of the queue may take. */
  readonly leaving: Set<{ readonly at: number }>;
}

/**
 * Takes jobs from several queues, no more at a time than there are places for. BullMQ bounds what is taken from
 * one queue; where there are more, those of which nothing is in hand are paused while all places are taken,
 * so that no job waits here that another machine could run. Of jobs that take but a few ms, several share a
 * place: else more time would go by between them than in them.
 */
export class Intake {
  readonly #link: BrokerLink;
  readonly #options: IntakeOptions;
  readonly #inHand = new Set<Promise<unknown>>();
  readonly #sources: Source[];
  readonly #timer: ReturnType<typeof setInterval>;
  #isClosing = false;

  /** Makes what takes jobs in; nothing is taken before {@linkcode Intake.run}. */
  constructor(link: BrokerLink, options: IntakeOptions) {
    this.#link = link;
    this.#options = options;
    const { name, concurrency, lease, maxStalls } = options;
    const made: Omit<BullWorkerOptions, "connection"> = {
      ...{ name, concurrency, autorun: false },
      ...{ lockDuration: lease, stalledInterval: lease / 2, maxStalledCount: maxStalls },
      runRetryDelay: ASK_AGAIN,
      // Who waits for jobs is not told of those that lost their worker, and looks after so many seconds.
      drainDelay: Math.min(LONGEST_BLIND, lease / 2000),
    };
    this.#sources = options.queues.map((queue) => {
      // BullMQ counts the parameters: with three, it hands over a signal.
      const process: BullProcessor = (job, token, signal) => {
        const processing = this.#onceAt(source, job, this.#process(source, job, token, signal));
        const ended = processing.catch(() => {}).finally(() => this.#inHand.delete(ended));
        this.#inHand.add(ended);
        return processing;
      };
      const worker = link.worker(queue, process, made);
      const source: Source = {
        ...{ worker, latest: new Map(), since: new Set(), leaving: new Set() },
        ...newPace(),
      };
      worker.on("lockRenewalFailed", options.lost);
      worker.on("active", () => this.#took(source));
      for (const event of ["completed", "failed"] as const) {
        if (options.queues.length === 1) continue;
        worker.on(event, () => setTimeout(() => this.#left(source), 0));
      }
      return source;
    });
    this.#timer = setInterval(() => this.#look(), LOOK);
  }

  /** Begins. */
  async run(onError: (error: Error) => void): Promise<void> {
    await Promise.all(this.#sources.map(({ worker }) => worker.waitUntilReady()));
    for (const { worker } of this.#sources) worker.run().catch(onError);
  }

  /** Leaves a job alone that is in hand: its signal aborts. */
  cancel(id: string, reason: Error): void {
    for (const { worker } of this.#sources) worker.cancelJob(id, reason);
  }

  /** Takes no more, and waits for what is in hand; then, that the broker knows, if it is not away. */
  async close(): Promise<void> {
    this.#isClosing = true;
    clearInterval(this.#timer);
    const closed = Promise.all(this.#sources.map(({ worker }) => worker.close()));
    closed.catch(() => {}); // whoever waits for it is told
    while (this.#inHand.size > 0) await Promise.all(this.#inHand);
    await this.#link.whileAnswered(closed);
  }

  async #process(
    source: Source,
    job: BullJob,
    token: string,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { concurrency, process } = this.#options;
    const mark = { at: performance.now() };
    source.since.add(mark);
    const groups = isGroup(job.data) ? 1 : 0;
    source.groups += groups;
    if (groups > 0) {
      source.grouped = mark.at;
      this.#rebalance();
    }
    // Several queues may have given a job at the same moment; and as many groups as of jobs that are taken ahead.
    const isOver = (groups > 0 && source.groups > concurrency) ||
      (this.#sources.length > 1 && source.ahead === 1 && this.#taken() >= concurrency + 1);
    try {
      if (isOver) await giveBack(job, token);
      const returned = await process(job, token, signal);
      if (returned.kind === "done" && !returned.found) learn(source, returned.duration);
      return returned;
    } finally {
      source.since.delete(mark);
      source.groups -= groups;
      if (!isOver && this.#sources.length > 1) source.leaving.add({ at: performance.now() });
    }
  }

  /**
   * A job that was lost and given again is over when the later time is: BullMQ renews holds by the id, and would
   * renew that of the later time no more, once an earlier one has ended.
   */
  async #onceAt(
    { latest }: Source,
    { id = "" }: BullJob,
    processing: Promise<unknown>,
  ): Promise<unknown> {
    latest.set(id, processing);
    try {
      return await processing;
    } finally {
      if (latest.get(id) === processing) latest.delete(id);
      for (let later = latest.get(id); later !== undefined; later = latest.get(id)) {
        await later.catch(() => {});
      }
    }
  }

  /** How many places are taken; one that quick jobs share counts in part. */
  #taken(): number {
    return this.#sources.reduce((sum, source) => {
      const { groups, ahead } = source;
      return sum + groups + (heldOf(source) - groups) / ahead;
    }, 0);
  }

  // The next job of a queue takes the place of the one that has just ended.
  #took(source: Source): void {
    const [place] = source.leaving;
    if (place !== undefined) source.leaving.delete(place);
    queueMicrotask(() => this.#rebalance());
  }

  #left({ leaving }: Source): void {
    const [place] = leaving;
    if (place !== undefined && leaving.delete(place)) this.#rebalance();
  }

  /** Gives back what was taken ahead, where jobs are not as quick as those before. */
  #look(): void {
    const now = performance.now();
    for (const source of this.#sources) {
      // Of some that end nobody is told: those that were put off, or lost.
      for (const place of source.leaving) {
        if (now - place.at > KEPT) source.leaving.delete(place);
      }
      this.#rebalance();
      const [oldest] = source.since;
      if (source.ahead === 1 || oldest === undefined || now - oldest.at < SLOW) continue;
      source.ahead = 1;
      source.length = SLOW;
      this.#rebalance();
      this.#options.drop();
    }
  }

  #rebalance(): void {
    if (this.#isClosing) return;
    const { concurrency } = this.#options;
    const isFull = this.#sources.length > 1 && this.#taken() >= concurrency;
    for (const source of this.#sources) {
      const { worker } = source;
      const ahead = aheadOf(source);
      const held = heldOf(source);
      worker.concurrency = isFull ? Math.max(1, held) : concurrency * ahead;
      if (isFull && held === 0) {
        if (!worker.isPaused()) worker.pause(true);
      } else if (worker.isPaused()) worker.resume();
    }
  }
}

function heldOf({ since, leaving }: Source): number {
  return since.size + leaving.size;
}

/**
 * Puts a job back into its queue, for another worker. Always throws, as BullMQ wants it. A broker that is away
 * is no failure of the job: it goes to another worker when its hold ends.
 */
export async function giveBack(job: BullJob, token: string): Promise<never> {
  await patiently(job.moveToWait(token));
  throw named("WaitingError", "The job is for another worker");
}

/** Puts a job back into its queue for a while, as {@linkcode giveBack} does. Always throws. */
export async function postpone(job: BullJob, token: string, ms: number): Promise<never> {
  await patiently(job.moveToDelayed(Date.now() + ms, token));
  throw named("DelayedError", "The job is put off");
}

/** An error after which a job is not tried again. */
export function final(message: string): Error {
  return named("UnrecoverableError", message);
}

// BullMQ knows errors by their names.
function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
