import type { TaskTypeInfo } from "../task.ts";
import { isAway } from "./_bullmq_away.ts";
import type { Grouping } from "./_bullmq_grouping.ts";
import type { BrokerLink } from "./_bullmq_link.ts";
import type { BullEvent } from "./_bullmq_package.ts";
import type { Pending, Queued } from "./_bullmq_pending.ts";
import { OpenQueue, type QueueEventName } from "./_bullmq_queue.ts";

/** How many jobs are added by one call. */
const BATCH = 500;
/** After how long a broker that is away is asked again, in ms. */
const AWAY = 500;

/** What jobs are added with. */
export interface AddingOptions {
  readonly link: BrokerLink;
  /** What the names of all queues begin with. */
  readonly base: string;
  /** How long the broker may take to answer, in ms. */
  readonly timeout: number;
  /** Aborts when nothing is to be waited for any more. */
  readonly signal: AbortSignal;
  /** Is told of what happens in a queue. */
  readonly heard: (queue: string, event: QueueEventName, args: BullEvent) => void;
  /** Decides which tasks travel together. */
  readonly grouping: Grouping;
  /** Whether a job is not over. */
  readonly isPending: (queued: Queued) => boolean;
  /** Is told of jobs that cannot be added. */
  readonly failed: (jobs: readonly Queued[], error: unknown) => void;
}

/** Adds the jobs of a run to their queues, and opens these. */
export class Adding {
  readonly #options: AddingOptions;
  readonly #queues = new Map<string, Promise<OpenQueue>>();
  #fresh: Pending[] = [];
  /** What was made jobs of, and is to be added. */
  #ready: Queued[] = [];
  #adding: Promise<void> = Promise.resolve();
  #isAdding = false;
  #isClosed = false;

  constructor(options: AddingOptions) {
    this.#options = options;
  }

  /** Adds a task; what is asked for in one go is added by one call. */
  add(pending: Pending): void {
    if (this.#isClosed) return;
    this.#fresh.push(pending);
    this.#begin();
  }

  /** Adds jobs. */
  addReady(queued: readonly Queued[]): void {
    if (this.#isClosed) return;
    this.#ready = this.#ready.concat(queued);
    this.#begin();
  }

  /** Takes out what is not on its way yet. */
  takeFresh(): Queued[] {
    return [
      ...this.#ready.splice(0),
      ...this.#fresh.splice(0),
      ...this.#options.grouping.takeHeld(),
    ];
  }

  /** The queue that a job was added to. */
  async queueOf({ queue }: Queued): Promise<OpenQueue> {
    return await this.#queues.get(queue)!;
  }

  /** Adds nothing more, and waits for what is on its way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#adding;
  }

  /** Waits for queues that are being opened. */
  async opened(): Promise<void> {
    await Promise.allSettled(this.#queues.values());
  }

  #begin(): void {
    if (this.#isAdding) return;
    this.#isAdding = true;
    this.#adding = Promise.resolve().then(() => this.#addAll());
  }

  async #addAll(): Promise<void> {
    const { grouping, failed } = this.#options;
    while (this.#fresh.length + this.#ready.length > 0) {
      if (this.#fresh.length > 0) {
        this.#ready = this.#ready.concat(grouping.take(this.#fresh.splice(0)));
      }
      const batch = Map.groupBy(this.#ready.splice(0, BATCH), ({ queue }) => queue);
      await Promise.all(
        batch.values().map((jobs) => this.#addTo(jobs).catch((error) => failed(jobs, error))),
      );
    }
    this.#isAdding = false;
  }

  async #addTo(jobs: readonly Queued[]): Promise<void> {
    const [{ queue, type }] = jobs as [Queued];
    const open = await this.#patiently(() => this.#open(queue, type));
    for (const queued of jobs) {
      queued.adds++;
      queued.since = performance.now();
    }
    await this.#patiently(async () => {
      // What was added by a call whose answer was lost is there already, or even over.
      const left = jobs.filter(this.#options.isPending);
      const added = left.map(({ payload, options }) => ({ type: type.taskName, payload, options }));
      if (added.length > 0) await open.add(added);
    });
  }

  /** Does something once more as long as the broker is away. */
  async #patiently<T>(act: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await act();
      } catch (error) {
        if (this.#isClosed || this.#options.signal.aborted || !isAway(error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, AWAY));
      }
    }
  }

  #open(name: string, { maxParallel: limit }: TaskTypeInfo): Promise<OpenQueue> {
    let opening = this.#queues.get(name);
    if (opening === undefined) {
      const { link, base, timeout, signal, heard } = this.#options;
      opening = OpenQueue.open(link, {
        ...{ base, name, limit, timeout, signal },
        on: (event, args) => heard(name, event, args),
      });
      // Whose jobs wait for it are told; those that come later try again.
      opening.catch(() => this.#queues.delete(name));
      this.#queues.set(name, opening);
    }
    return opening;
  }
}
