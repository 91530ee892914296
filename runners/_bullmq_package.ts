/**
 * The part of the npm package `bullmq`, and of the clients that it speaks by, that is used. All of it is
 * loaded by the first run or worker that needs it, and never before; so its specifiers stand here as data.
 *
 * @module
 */

import { RunnerError } from "../errors.ts";
import type { RawEvents } from "./_bullmq_sound_events.ts";

const SPECIFIERS = {
  bullmq: "npm:bullmq@^6.7.0",
  // The versions that BullMQ is tested with.
  redis: "npm:ioredis@^5.11.1",
  postgres: "npm:pg@^8.23.1",
} as const satisfies Record<string, `npm:${string}`>;

/**
 * Loads a package. `T` is what the caller uses of it.
 *
 * @throws {RunnerError} When it cannot be had.
 */
export async function importPackage<T>(name: keyof typeof SPECIFIERS): Promise<T> {
  const specifier = SPECIFIERS[name];
  try {
    return await import(specifier);
  } catch (cause) {
    throw new RunnerError(
      `Cannot load ${specifier}, which the runner "bullmq" needs: ${
        (cause as Error).message
      }. It is ` +
        `downloaded once, when first used; where that may not be, run \`deno cache ${specifier}\` before`,
      { cause },
    );
  }
}

/** How a job is added. */
export interface BullJobOptions {
  readonly jobId: string;
  readonly priority?: number;
  /** Whether it is the next one of its queue, in place of the last. */
  readonly lifo?: boolean;
  readonly attempts?: number;
  readonly backoff?: unknown;
  readonly removeOnComplete: boolean;
  readonly removeOnFail: { readonly age: number; readonly count: number };
  readonly stackTraceLimit: number;
}

/** A job, as BullMQ gives it. What it holds is not to be trusted. */
export interface BullJob {
  readonly id?: string;
  readonly queueName: string;
  readonly name: string;
  readonly data: unknown;
  readonly progress: unknown;
  readonly returnvalue: unknown;
  readonly failedReason?: string;
  /** When it was added, in ms since the epoch. */
  readonly timestamp: number;
  /** When it was begun last, in ms since the epoch. */
  readonly processedOn?: number;
  readonly finishedOn?: number;
  /** How often it was begun. */
  readonly attemptsStarted: number;
  /** How often it failed. */
  readonly attemptsMade: number;
  /** How often its worker was lost. */
  readonly stalledCounter: number;
  /** The name of the worker that began it last. */
  readonly processedBy?: string;
  updateProgress(progress: object): Promise<void>;
  moveToDelayed(timestamp: number, token: string): Promise<void>;
  moveToWait(token: string): Promise<unknown>;
  retry(state: "failed", options: object): Promise<void>;
}

/** The states of jobs that are told apart. */
export type BullState = "waiting" | "active" | "delayed" | "prioritized" | "failed";

/** A queue, as those see it who add jobs and look after them. */
export interface BullQueue {
  readonly name: string;
  on(event: "error", listener: (error: Error) => void): unknown;
  waitUntilReady(): Promise<unknown>;
  addBulk(
    jobs: { readonly name: string; readonly data: unknown; readonly opts: BullJobOptions }[],
  ): Promise<unknown>;
  getJob(id: string): Promise<BullJob | undefined>;
  getRanges(states: BullState[], start: number, end: number): Promise<string[]>;
  getJobCounts(...states: BullState[]): Promise<Record<string, number>>;
  getWorkersCount(): Promise<number>;
  remove(id: string): Promise<number>;
  drain(delayed: boolean): Promise<void>;
  setGlobalConcurrency(count: number): Promise<number>;
  removeGlobalConcurrency(): Promise<number>;
  close(): Promise<void>;
}

/** What happens to the jobs of a queue. */
export interface BullEvents {
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: string, listener: (args: BullEvent) => void): unknown;
  getBackend?(): {
    readEvents?(after: string, timeout: number): Promise<RawEvents>;
    close(): Promise<void>;
  };
  waitUntilReady(): Promise<unknown>;
  close(): Promise<void>;
}

/** Something that happened to a job. */
export interface BullEvent {
  readonly jobId?: string;
  readonly returnvalue?: unknown;
  readonly failedReason?: string;
  readonly data?: unknown;
  readonly nonce?: string;
  readonly run?: string;
  /** The state that it had before. */
  readonly prev?: string;
}

/** Tells all who listen to the events of a queue of something. */
export interface BullEventsProducer {
  on(event: "error", listener: (error: Error) => void): unknown;
  publishEvent(
    event: { readonly eventName: string; readonly [name: string]: string },
    maxEvents: number,
  ): Promise<
    unknown
  >;
  close(): Promise<void>;
}

/** What takes jobs from a queue. */
export interface BullWorker {
  concurrency: number;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "active" | "completed" | "failed", listener: () => void): unknown;
  on(event: "lockRenewalFailed", listener: (ids: string[]) => void): unknown;
  run(): Promise<void>;
  waitUntilReady(): Promise<unknown>;
  pause(doNotWaitActive: boolean): Promise<void>;
  resume(): void | Promise<void>;
  isPaused(): boolean;
  cancelJob(id: string, reason?: unknown): boolean;
  close(force?: boolean): Promise<void>;
}

/** Runs one job of a queue. The third parameter aborts when the job is to be left alone. */
export type BullProcessor = (
  job: BullJob,
  token: string,
  signal: AbortSignal,
) => Promise<unknown>;

/** How a worker is made, in ms. */
export interface BullWorkerOptions extends BullQueueOptions {
  readonly name: string;
  readonly concurrency: number;
  readonly autorun: boolean;
  readonly lockDuration: number;
  readonly stalledInterval: number;
  readonly maxStalledCount: number;
  /** After how long a broker that gave an error is asked for jobs again. */
  readonly runRetryDelay?: number;
  /** In s. */
  readonly drainDelay: number;
}

/** What all that BullMQ makes is made with. */
export interface BullQueueOptions {
  readonly connection: unknown;
  readonly streams?: { readonly events: { readonly maxLen: number } };
}

type Make<T, O, Rest extends unknown[] = []> = new (
  name: string,
  ...rest: [...Rest, options: O, backend: unknown]
) => T;

/** The package. */
export interface BullPackage {
  readonly Queue: Make<BullQueue, BullQueueOptions>;
  readonly QueueEvents: Make<BullEvents, BullQueueOptions>;
  readonly QueueEventsProducer: Make<BullEventsProducer, BullQueueOptions>;
  readonly Worker: Make<BullWorker, BullWorkerOptions, [processor: BullProcessor]>;
  readonly createPostgresBackend: unknown;
  readonly runMigrations: (client: unknown, schema: string) => Promise<unknown>;
}
