import { RunnerError } from "../errors.ts";
import type { GroupPayload } from "./_bullmq_group_payload.ts";
import type { BrokerLink } from "./_bullmq_link.ts";
import { EVENTS } from "./_bullmq_link.ts";
import type { BullEvent, BullJobOptions, BullQueue } from "./_bullmq_package.ts";
import type { Payload } from "./_bullmq_payload.ts";

/** The events of a queue that a run listens to. */
export const QUEUE_EVENTS = [
  "active",
  "progress",
  "completed",
  "failed",
  "stalled",
  "removed",
] as const;

/** One of them. */
export type QueueEventName = typeof QUEUE_EVENTS[number] | typeof DRAINED;

/** Told to all who listen when a person has emptied a queue. */
export const DRAINED = "lab:drained";
const HELLO = "lab:hello";
/** How often one who begins to listen asks whether it is heard, in ms. */
const ASK = 25;

/** What a queue is opened with. */
export interface OpenQueueOptions {
  /** What the names of all queues begin with. */
  readonly base: string;
  readonly name: string;
  /** How many of its jobs may run at once, on all machines. */
  readonly limit: number;
  /** How long the broker may take, in ms. */
  readonly timeout: number;
  readonly signal: AbortSignal;
  readonly on: (event: QueueEventName, args: BullEvent) => void;
}

/**
 * The queue that lists all others, for whoever looks after them: each is the id of a job there, which nobody
 * takes.
 */
export function queueIndex(link: BrokerLink, base: string): BullQueue {
  return link.queue(base);
}

/** A job to add. */
export interface NewJob {
  readonly type: string;
  readonly payload: Payload | GroupPayload;
  readonly options: BullJobOptions;
}

/** For how long jobs that failed are kept in the queue, for a person to look at: a week, in seconds. */
const KEEP_FAILED = { age: 7 * 86_400, count: 10_000 };

/** How a job is added whose id is given; what is done leaves no trace, as its result lies elsewhere. */
export function jobOptions(jobId: string): BullJobOptions {
  return { jobId, removeOnComplete: true, removeOnFail: KEEP_FAILED, stackTraceLimit: 1 };
}

/** A queue that a run adds jobs to, and hears of. */
export class OpenQueue {
  /** The queue, as BullMQ has it. */
  readonly queue: BullQueue;
  /** The ids of jobs that failed before, whoever asked for them: they lie there until they are removed. */
  readonly #failed: Set<string>;

  private constructor(queue: BullQueue, failed: Set<string>) {
    this.queue = queue;
    this.#failed = failed;
  }

  /** Opens a queue; what happens to jobs that are added from then on is heard. */
  static async open(link: BrokerLink, options: OpenQueueOptions): Promise<OpenQueue> {
    const { base, name, limit, on } = options;
    const queue = link.queue(name);
    await queue.waitUntilReady();
    await queueIndex(link, base).addBulk([{ name: "queue", data: {}, opts: jobOptions(name) }]);
    await (limit === Infinity
      ? queue.removeGlobalConcurrency()
      : queue.setGlobalConcurrency(limit));
    const failed = new Set<string>();
    const opened = new OpenQueue(queue, failed);
    const events = link.events(name);
    for (const event of [...QUEUE_EVENTS, DRAINED] as const) {
      events.on(event, (args) => {
        if (event === "failed" && args.jobId !== undefined) failed.add(args.jobId);
        on(event, args);
      });
    }
    await isHeard(link, events, options);
    // Not before: of one that fails in between nobody would know.
    const { failed: count = 0 } = await queue.getJobCounts("failed");
    if (count > 0) { for (const id of await queue.getRanges(["failed"], 0, -1)) failed.add(id); }
    return opened;
  }

  /** Adds jobs. One of an id that is there already is that one, unless it failed: then it is begun anew. */
  async add(jobs: readonly NewJob[]): Promise<void> {
    const failed = jobs.filter(({ options }) => this.#failed.has(options.jobId));
    await Promise.all(failed.map(async ({ options: { jobId } }) => {
      await this.queue.remove(jobId);
      this.#failed.delete(jobId);
    }));
    await this.queue.addBulk(
      jobs.map(({ type, payload, options }) => ({ name: type, data: payload, opts: options })),
    );
  }
}

/** Waits until what is told is heard: BullMQ begins to listen at some time after it was told to. */
async function isHeard(
  link: BrokerLink,
  events: ReturnType<BrokerLink["events"]>,
  { name, timeout, signal }: OpenQueueOptions,
): Promise<void> {
  const nonce = crypto.randomUUID();
  const { promise: heard, resolve } = Promise.withResolvers<true>();
  events.on(HELLO, (args) => {
    if (args.nonce === nonce) resolve(true);
  });
  const producer = link.producer(name);
  const until = performance.now() + timeout;
  for (let pause = ASK;; pause = Math.min(2 * pause, 10 * ASK)) {
    signal.throwIfAborted();
    await producer.publishEvent({ eventName: HELLO, nonce }, EVENTS);
    if (await Promise.race([heard, rest(pause)])) return;
    if (performance.now() < until) continue;
    throw new RunnerError(`The broker tells nothing of the queue ${name} within ${timeout} ms`);
  }
}

function rest(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}
