import type { Storage } from "../storages/storage.ts";
import type { Claims } from "./_bullmq_claims.ts";
import type { LocalWork } from "./_bullmq_local.ts";
import { JobLog } from "./_bullmq_log.ts";
import {
  cutRows,
  type GroupNews,
  readProgress,
  type Row,
  type WorkerName,
} from "./_bullmq_messages.ts";
import type { BullJob } from "./_bullmq_package.ts";
import { patiently } from "./_bullmq_patience.ts";
import type { ReadPayload } from "./_bullmq_payload.ts";
import type { RunningJob } from "./_bullmq_running.ts";
import type { TaskWork } from "./_bullmq_task_work.ts";
import { type GivenTask, givenTask, type Types } from "./_bullmq_tasks.ts";
import { packError } from "./_transport.ts";

/** How often it is looked whether tasks are quick after all, in ms. */
const LOOK = 40;
/** After so many looks in a row between which no task has ended, they are not: the one that runs takes long. */
const LONG = 4;
/** After so many at which none was begun, as other jobs keep all places: 2 s. */
const WAITED = 50;

/** What tasks that travel together are worked at with. */
export interface GroupWorkOptions {
  readonly name: WorkerName;
  readonly types: Types;
  readonly storage: Storage;
  readonly local: LocalWork;
  readonly claims: Claims;
  readonly work: TaskWork;
  readonly job: BullJob;
  /** The job in hand: its signal aborts when all is to stop. */
  readonly running: RunningJob;
}

const LEFT: Row = { kind: "left" };

/**
 * The tasks of one job, which a worker runs one after the other, in one place. What does not go well is left, for
 * a job of its own to deal with; and where one takes long, those that were not begun, at once.
 */
export class GroupWork {
  readonly #options: GroupWorkOptions;
  readonly #payloads: readonly ReadPayload[];
  readonly #rows: Row[];
  /** Positions of those that are to be begun, in order. */
  readonly #next: number[] = [];
  readonly #given = new Map<number, GivenTask>();
  readonly #logs = new Map<number, JobLog>();
  readonly #released: Set<number>;
  #present: ReadonlySet<string> = new Set();
  #begun = 0;
  #looks = 0;
  #isReleased = false;

  constructor(payloads: readonly ReadPayload[], options: GroupWorkOptions) {
    this.#payloads = payloads;
    this.#options = options;
    this.#rows = payloads.map(() => LEFT);
    // A worker that lost the job may have left some to others before.
    this.#released = new Set(readProgress(options.job.progress)?.released);
    options.running.news = this.#news;
  }

  /** Runs them; gives a row for each, where nothing has stopped all of them. */
  async run(): Promise<readonly Row[]> {
    const { local } = this.#options;
    if (!await this.#prepare()) return this.#rows;
    const timer = setInterval(() => this.#look(), LOOK);
    try {
      await Promise.all(Array.from({ length: local.share }, () => this.#runAll()));
    } finally {
      clearInterval(timer);
    }
    await Promise.all(Array.from(this.#logs.values(), (log) => patiently(log.flush())));
    return cutRows(this.#rows);
  }

  /** Makes the tasks, and looks which results are there; gives whether the storage could be asked. */
  async #prepare(): Promise<boolean> {
    const { types, storage, running: { signal } } = this.#options;
    for (const [at, payload] of this.#payloads.entries()) {
      if (this.#released.has(at)) continue;
      // Why it cannot be made is told by a job of its own.
      const given = await givenTask(payload, types).catch(() => undefined);
      if (given === undefined) continue;
      this.#given.set(at, given);
      this.#next.push(at);
    }
    const keys = Array.from(this.#given.values(), ({ key }) => key);
    try {
      this.#present = await storage.existsMany(keys, { signal });
      return true;
    } catch {
      return false;
    }
  }

  async #runAll(): Promise<void> {
    const { signal } = this.#options.running;
    for (let at = this.#next.shift(); at !== undefined; at = this.#next.shift()) {
      if (signal.aborted) return;
      try {
        this.#rows[at] = await this.#one(at, this.#given.get(at)!) ?? LEFT;
      } catch {
        // A storage that is in trouble is for those to tell of that are left.
        this.#next.length = 0;
      }
      this.#looks = 0;
    }
  }

  /** Gives what one came to; `undefined` where it is left. */
  async #one(at: number, given: GivenTask): Promise<Row | undefined> {
    const { claims, work, running, name } = this.#options;
    const { signal } = running;
    const payload = this.#payloads[at]!;
    const claim = await claims.take(given.task.taskName, given.key, { signal });
    if (claim === "elsewhere") return undefined;
    try {
      if (claim?.hasEntry || this.#present.has(given.key)) {
        const found = await work.found(payload, given);
        if (found !== undefined && found.kind !== "cancelled") return found;
      }
      const { outcome, took } = await work.run(payload, given, {
        ...{ claim: claim?.token, signal, attemptsMade: 0 },
        log: (level, text, when) => this.#logOf(at).add(level, text, when),
        began: () => void this.#begun++,
      });
      if (outcome.kind === "done" || outcome.kind === "missing") {
        return work.told(given, { outcome, took });
      }
      if (outcome.kind === "dropped") return void this.#dropped(at);
      if (signal.aborted) return undefined;
      if (outcome.error.name === "StorageError") throw outcome.error;
      return { kind: "failed", ...name, error: packError(outcome.error) };
    } finally {
      await claim?.[Symbol.asyncDispose]();
    }
  }

  /** One was taken back before it began: it is the next one again, unless others have it then. */
  #dropped(at: number): void {
    if (this.#options.running.signal.aborted) return;
    if (this.#isReleased) this.#tellReleased([at]);
    else this.#next.unshift(at);
  }

  #look(): void {
    this.#looks++;
    if (this.#isReleased || this.#looks < (this.#begun > 0 ? LONG : WAITED)) return;
    this.#isReleased = true;
    this.#tellReleased(this.#next.splice(0));
    // Behind the one that takes long others may wait in its thread.
    if (this.#options.local.share > 1) this.#options.local.drop();
  }

  #tellReleased(positions: readonly number[]): void {
    if (positions.length === 0) return;
    const { job, name, running } = this.#options;
    for (const at of positions) this.#released.add(at);
    running.news = this.#news;
    // Where that is lost, the rows say so in the end.
    job.updateProgress({ kind: "released", ...name, ...this.#news }).catch(() => {});
  }

  /** Goes with all that is told of the job: the broker keeps but the last of it. */
  get #news(): GroupNews {
    return this.#released.size > 0 ? { released: [...this.#released] } : {};
  }

  #logOf(at: number): JobLog {
    let log = this.#logs.get(at);
    if (log === undefined) {
      const { job, name } = this.#options;
      log = new JobLog(job, name, () => ({ at, ...this.#news }));
      this.#logs.set(at, log);
    }
    return log;
  }
}
