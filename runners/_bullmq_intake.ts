import type { BrokerLink } from "./_bullmq_link.ts";
import type { BullJob, BullProcessor, BullWorker, BullWorkerOptions } from "./_bullmq_package.ts";

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
  readonly process: BullProcessor;
  /** Is told of jobs whose hold was lost. */
  readonly lost: (ids: readonly string[]) => void;
}

/** For how long, in ms, a place is kept for the next job of the same queue at most. */
const KEPT = 1000;

interface Source {
  readonly worker: BullWorker;
  active: number;
  /** Places of jobs that have ended, which the next job of the queue may take. */
  readonly leaving: Set<object>;
}

/**
 * Takes jobs from several queues, no more at a time than there are places for. BullMQ bounds what is taken from
 * one queue; where there are more, those of which nothing is in hand are paused while all places are taken,
 * so that no job waits here that another machine could run.
 */
export class Intake {
  readonly #options: IntakeOptions;
  readonly #sources: Source[];
  #taken = 0;
  #isClosing = false;

  /** Makes what takes jobs in; nothing is taken before {@linkcode Intake.run}. */
  constructor(link: BrokerLink, options: IntakeOptions) {
    this.#options = options;
    const { name, concurrency, lease, maxStalls } = options;
    const made: Omit<BullWorkerOptions, "connection"> = {
      ...{ name, concurrency, autorun: false },
      ...{ lockDuration: lease, stalledInterval: lease / 2, maxStalledCount: maxStalls },
    };
    this.#sources = options.queues.map((queue) => {
      // BullMQ counts the parameters: with three, it hands over a signal.
      const process: BullProcessor = (job, token, signal) =>
        this.#process(source, job, token, signal);
      const worker = link.worker(queue, process, made);
      const source: Source = { worker, active: 0, leaving: new Set() };
      worker.on("lockRenewalFailed", options.lost);
      if (options.queues.length > 1) {
        worker.on("active", () => this.#took(source));
        for (const event of ["completed", "failed"] as const) {
          worker.on(event, () => setTimeout(() => this.#left(source), 0));
        }
      }
      return source;
    });
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

  /** Takes no more, and waits for what is in hand. */
  async close(): Promise<void> {
    this.#isClosing = true;
    await Promise.all(this.#sources.map(({ worker }) => worker.close()));
  }

  async #process(
    source: Source,
    job: BullJob,
    token: string,
    signal: AbortSignal,
  ): Promise<unknown> {
    const { concurrency, process } = this.#options;
    const isOver = this.#taken > concurrency;
    if (this.#sources.length === 1) return await process(job, token, signal);
    try {
      if (isOver) await giveBack(job, token);
      return await process(job, token, signal);
    } finally {
      source.active--;
      const place = {};
      source.leaving.add(place);
      setTimeout(() => this.#left(source, place), isOver ? 0 : KEPT);
    }
  }

  #took(source: Source): void {
    source.active++;
    const [place] = source.leaving;
    if (place !== undefined) source.leaving.delete(place);
    else this.#taken++;
    this.#rebalance();
  }

  #left(source: Source, place = source.leaving.values().next().value): void {
    if (place === undefined || !source.leaving.delete(place)) return;
    this.#taken--;
    this.#rebalance();
  }

  #rebalance(): void {
    if (this.#isClosing) return;
    const { concurrency } = this.#options;
    const isFull = this.#taken >= concurrency;
    for (const { worker, active, leaving } of this.#sources) {
      const held = active + leaving.size;
      worker.concurrency = isFull ? Math.max(1, held) : concurrency;
      if (isFull && held === 0) {
        if (!worker.isPaused()) worker.pause(true);
      } else if (worker.isPaused()) worker.resume();
    }
  }
}

/** Puts a job back into its queue, for another worker. Always throws, as BullMQ wants it. */
export async function giveBack(job: BullJob, token: string): Promise<never> {
  await job.moveToWait(token);
  throw named("WaitingError", "The job is for another worker");
}

/** Puts a job back into its queue for a while. Always throws, as BullMQ wants it. */
export async function postpone(job: BullJob, token: string, ms: number): Promise<never> {
  await job.moveToDelayed(Date.now() + ms, token);
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
