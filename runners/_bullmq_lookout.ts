import { afterBeats } from "../patience.ts";
import type { BullJob } from "./_bullmq_package.ts";
import type { Queued } from "./_bullmq_pending.ts";
import type { OpenQueue } from "./_bullmq_queue.ts";

/** After how long without news a job is looked after, and how often, in ms. */
const CHECK = 2000;
/** How many are looked after at a time. */
const CHECKED = 500;
/**
 * Where jobs are over, so many beats of so many ms are waited for what may be on its way: a program that stood still
 * has not read yet what was told meanwhile, and that has more in it, such as logs.
 */
const MOMENT = { beats: 5, ms: 50 };

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

/** What was found of a job that was last heard of, or looked after, at some time. */
interface Look {
  readonly queued: Queued;
  readonly since: number;
  readonly job: BullJob | undefined;
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
  #waitNoMore = () => {};

  constructor(options: LookoutOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#check(), CHECK);
  }

  /** Looks no more, and waits for the look that it is at. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearInterval(this.#timer);
    this.#waitNoMore();
    await this.#checking;
  }

  #check(): void {
    // A broker that is away is asked again the next time.
    this.#checking ??= this.#checkAll().catch(() => {}).finally(() => {
      this.#checking = undefined;
    });
  }

  async #checkAll(): Promise<void> {
    let hasWaited = false;
    for (let vanished = true; vanished && !this.#isClosed;) {
      const now = performance.now();
      // Those first that were not looked after for longest: else the first ones would keep others from their turn.
      const due = Iterator.from(this.#options.queued())
        .filter(({ since, adds }) => adds > 0 && now - since > CHECK).toArray()
        .sort((a, b) => a.since - b.since).slice(0, CHECKED);
      const looks = (await Promise.all(due.map((queued) => this.#lookAt(queued, now)))).flat();
      const isOver = looks.some(({ job }) => job === undefined || job.finishedOn !== undefined);
      if (isOver && !hasWaited) await this.#moment();
      hasWaited ||= isOver;
      if (this.#isClosed) return;
      // Of what was told meanwhile nothing more needs to be found.
      await Promise.all(looks.map((look) => look.queued.since === now && this.#tell(look)));
      vanished = looks.some(({ job }) => job === undefined);
      await this.#tellLonely(due);
    }
  }

  /** Gives nothing where the broker does not answer, or has something else in the place of the job. */
  async #lookAt(queued: Queued, now: number): Promise<Look[]> {
    const { since } = queued;
    queued.since = now;
    try {
      const { queue } = await this.#options.queueOf(queued);
      return [{ queued, since, job: await queue.getJob(queued.options.jobId) }];
    } catch {
      return [];
    }
  }

  /** What is told of one that is not there may take longer still: it is gone when it was not there twice. */
  async #tell({ queued, since, job }: Look): Promise<void> {
    const { found, gone } = this.#options;
    if (job !== undefined) await found(queued, job);
    else if (this.#missed.get(queued) === since) await gone(queued);
    else this.#missed.set(queued, queued.since);
  }

  async #moment(): Promise<void> {
    if (this.#isClosed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = afterBeats(MOMENT.beats, MOMENT.ms, resolve);
    this.#waitNoMore = resolve;
    await promise;
    clearInterval(timer);
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
