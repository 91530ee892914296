import type { BullJob } from "./_bullmq_package.ts";
import type { Queued } from "./_bullmq_pending.ts";
import type { OpenQueue } from "./_bullmq_queue.ts";

/** After how long without news a job is looked after, and how often, in ms. */
const CHECK = 2000;
/** How many are looked after at a time. */
const CHECKED = 500;

/** What jobs are looked after with. */
export interface LookoutOptions {
  /** The jobs of the run. */
  readonly queued: () => Iterable<Queued>;
  /** Whether a job is not over. */
  readonly isPending: (queued: Queued) => boolean;
  readonly queueOf: (queued: Queued) => Promise<OpenQueue>;
  /** Is told of a job that is in the queue. */
  readonly found: (queued: Queued, job: BullJob) => void | Promise<void>;
  /** Is told of a job that is not in the queue any more: it is done, or the broker lost it. */
  readonly gone: (queued: Queued) => Promise<void>;
  /** Is told of what a person should know. */
  readonly warn: (text: string) => void;
}

/** Looks after jobs that nothing was heard of: events may be lost, as when a broker is started again. */
export class Lookout {
  readonly #options: LookoutOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #lonely = new Set<string>();
  /** Jobs that were not in the queue when they were looked after last, and when that was. */
  readonly #missed = new WeakMap<Queued, number>();
  #checking: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#check(), CHECK);
  }

  /** Looks no more, and waits for the look that it is at. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    await this.#checking;
  }

  #check(): void {
    // A broker that is away is asked again the next time.
    this.#checking ??= this.#checkAll().catch(() => {}).finally(() => {
      this.#checking = undefined;
    });
  }

  async #checkAll(): Promise<void> {
    for (let vanished = true; vanished && !this.#isClosed;) {
      const now = performance.now();
      // Those first that were not looked after for longest: else the first ones would keep others from their turn.
      const due = Iterator.from(this.#options.queued())
        .filter(({ since, adds }) => adds > 0 && now - since > CHECK).toArray()
        .sort((a, b) => a.since - b.since).slice(0, CHECKED);
      vanished = false;
      await Promise.all(due.map(async (queued) => {
        const { since } = queued;
        queued.since = now;
        if (!await this.#look(queued, since)) vanished = true;
      }));
      await this.#tellLonely(due);
    }
  }

  /**
   * Looks after one; gives whether it was there. Of one that is not, what is told of it may be on its way, with what
   * it logged: it is gone when nothing was heard by the next time either.
   */
  async #look(queued: Queued, since: number): Promise<boolean> {
    const { queueOf, found, gone } = this.#options;
    const { queue } = await queueOf(queued);
    const job = await queue.getJob(queued.options.jobId);
    if (job !== undefined) await found(queued, job);
    else if (this.#missed.get(queued) === since) await gone(queued);
    else this.#missed.set(queued, queued.since);
    return job !== undefined;
  }

  /** Tells once of each queue that nobody takes jobs from. */
  async #tellLonely(due: readonly Queued[]): Promise<void> {
    const { isPending, queueOf, warn } = this.#options;
    for (const queued of due) {
      const { queue: name, announced, type } = queued;
      if (announced || this.#lonely.has(name) || !isPending(queued)) continue;
      this.#lonely.add(name);
      const { queue } = await queueOf(queued);
      if (await queue.getWorkersCount() > 0) continue;
      warn(
        `No worker takes jobs from the queue ${name}; start one by lab worker, with the module that ` +
          `defines ${type.taskName}${name.includes("@") ? " and the tags after the @" : ""}`,
      );
    }
  }
}
