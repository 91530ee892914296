import { StoredTask } from "../maintenance/stored_task.ts";
import { isGroup, readGroup, sizeOf } from "./_bullmq_group_payload.ts";
import { BrokerLink, EVENTS } from "./_bullmq_link.ts";
import { readProgress, workerText } from "./_bullmq_messages.ts";
import type { BullJob, BullQueue, BullState } from "./_bullmq_package.ts";
import { type ReadPayload, readPayload } from "./_bullmq_payload.ts";
import type { BullmqPlace } from "./_bullmq_place.ts";
import { DRAINED, queueIndex } from "./_bullmq_queue.ts";
import { splitQueueName } from "./_bullmq_queues.ts";

/** What a queue is called, and whom it is for. */
export interface QueueName {
  readonly name: string;
  /** The type whose tasks are in it. */
  readonly type: string;
  /** What a worker must have for them. */
  readonly tags: readonly string[];
}

/** How many tasks there are. */
export interface QueueCounts {
  readonly waiting: number;
  readonly active: number;
  readonly failed: number;
  /** How many workers take jobs from it; `undefined` where the broker does not tell. */
  readonly workers: number | undefined;
}

/** A task, as a person is told of it. What it says is not to be trusted; texts are safe to print. */
export interface QueuedJob {
  readonly state: "waiting" | "active" | "failed";
  /** The key of the result. */
  readonly key: string;
  readonly type: string;
  /** The task in words; the key, where it cannot be read. */
  readonly task: string;
  /** The worker that has it, or had it last. */
  readonly worker?: string;
  /** Since when it is as it is, where that can be read. */
  readonly since?: Date;
  /** Why it failed, or that nobody can read it. */
  readonly reason?: string;
}

const WAITING: BullState[] = ["waiting", "prioritized", "delayed"];
const UNREADABLE = "It cannot be read: no program of this library has written it so";
/** How many jobs are tried again at once. */
const AT_ONCE = 500;

/** Looks after queues: what a person asks of them by the command line. */
export class QueueCare implements AsyncDisposable {
  readonly #place: BullmqPlace;
  readonly #link: BrokerLink;

  private constructor(place: BullmqPlace, link: BrokerLink) {
    this.#place = place;
    this.#link = link;
  }

  /**
   * Connects to the broker.
   *
   * @throws {RunnerError} When it cannot be reached.
   */
  static async open(place: BullmqPlace): Promise<QueueCare> {
    return new QueueCare(place, await BrokerLink.open(place.broker, place, () => {}));
  }

  /** The queues that programs have put jobs into, in the order of their names. */
  async queues(types?: readonly string[]): Promise<QueueName[]> {
    const { queue: base } = this.#place;
    const ids = await queueIndex(this.#link, base).getRanges(["waiting"], 0, -1);
    return ids.sort().flatMap((name) => {
      const parts = splitQueueName(base, name);
      return parts && (types?.includes(parts.type) ?? true) ? [{ name, ...parts }] : [];
    });
  }

  /** How many tasks there are in a queue, of which several may travel in one job. */
  async counts({ name }: QueueName): Promise<QueueCounts> {
    const queue = this.#link.queue(name);
    const count = async (...states: BullState[]) => tasksOf(await queue.getRanges(states, 0, -1));
    const waiting = await count(...WAITING);
    const [active, failed] = [await count("active"), await count("failed")];
    const workers = await queue.getWorkersCount().catch(() => undefined);
    return { waiting, active, failed, workers };
  }

  /** The tasks of a queue in a state, so many at most. */
  async jobs(
    { name, type }: QueueName,
    state: QueuedJob["state"],
    limit: number,
  ): Promise<QueuedJob[]> {
    const states: BullState[] = state === "waiting" ? WAITING : [state];
    const queue = this.#link.queue(name);
    const found = await read(queue, await queue.getRanges(states, 0, limit - 1));
    return found.flatMap(({ id, job }) =>
      job === undefined
        ? [{ state, key: id, type, task: id, reason: UNREADABLE }]
        : shown(job, type, state)
    ).slice(0, limit);
  }

  /** Has all tasks of a queue that failed tried again; gives how many. */
  async retry({ name }: QueueName): Promise<number> {
    const queue = this.#link.queue(name);
    let [retried, passed, tasks] = [0, 0, 0];
    // Those that fail once more are not tried for ever.
    const { failed = 0 } = await queue.getJobCounts("failed");
    while (retried + passed < failed) {
      const found = await read(
        queue,
        await queue.getRanges(["failed"], passed, passed + AT_ONCE - 1),
      );
      const jobs = found.flatMap(({ job }) => job ?? []);
      passed += found.length - jobs.length;
      // Who else looks after them may have tried one again meanwhile.
      const tried = await Promise.allSettled(
        jobs.map((job) => job.retry("failed", { resetAttemptsMade: true })),
      );
      const again = jobs.filter((_, at) => tried[at]!.status === "fulfilled");
      if (again.length === 0 && jobs.length === found.length) break;
      retried += again.length;
      tasks += tasksOf(again.map(({ id = "" }) => id));
    }
    return tasks;
  }

  /** Takes all tasks of a queue out that wait; programs that wait for them are told. Gives how many. */
  async drain(queueName: QueueName): Promise<number> {
    const { waiting } = await this.counts(queueName);
    await this.#link.queue(queueName.name).drain(true);
    const told = { eventName: DRAINED, jobId: "" };
    await this.#link.producer(queueName.name).publishEvent(told, EVENTS);
    return waiting;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}

/** A job of an id; `undefined` where what is kept of it cannot be read. */
interface Found {
  readonly id: string;
  readonly job: BullJob | undefined;
}

/** Reads jobs, as far as they are there. Anybody may have put one there: one that is none hides no others. */
async function read(queue: BullQueue, ids: readonly string[]): Promise<Found[]> {
  const found = await Promise.all(ids.map(async (id): Promise<Found[]> => {
    try {
      const job = await queue.getJob(id);
      return job === undefined ? [] : [{ id, job }];
    } catch (error) {
      // What BullMQ says of what is no JSON, or other than it should be.
      if (error instanceof SyntaxError || error instanceof TypeError) {
        return [{ id, job: undefined }];
      }
      throw error;
    }
  }));
  return found.flat();
}

/** How many tasks jobs of these ids carry. */
function tasksOf(ids: readonly string[]): number {
  return ids.reduce((sum, id) => sum + sizeOf(id), 0);
}

function shown(job: BullJob, type: string, state: QueuedJob["state"]): QueuedJob[] {
  const { id = "", failedReason, processedOn, finishedOn, timestamp, processedBy } = job;
  const progress = readProgress(job.progress);
  const worker = processedBy ?? (progress && workerText(progress));
  const since = { waiting: timestamp, active: processedOn, failed: finishedOn }[state] ?? timestamp;
  const payloads = payloadsOf(job);
  const tasks = payloads.length > 0 ? payloads.map(named) : [{ key: id, task: id }];
  return tasks.map(({ key, task = id }) => ({
    ...{ state, key, type, task, since: new Date(since) },
    ...(state !== "waiting" && worker !== undefined && { worker }),
    ...(state === "failed" && { reason: failedReason ?? "" }),
  }));
}

function payloadsOf({ data }: BullJob): ReadPayload[] {
  try {
    return isGroup(data) ? readGroup(data) : [readPayload(data)];
  } catch {
    return [];
  }
}

function named({ key, table }: ReadPayload): { readonly key: string; readonly task?: string } {
  try {
    return { key, task: String(new StoredTask(table)) };
  } catch {
    return { key };
  }
}
