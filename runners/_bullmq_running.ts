import { RunnerError } from "../errors.ts";
import type { GroupNews, WorkerName } from "./_bullmq_messages.ts";
import type { BullJob } from "./_bullmq_package.ts";

/** From when on it is told who runs a task, in ms. */
const WORTH_TELLING = 1000;
/** Of so many runs that were stopped it is known. */
const STOPPED_RUNS = 1000;

/** Why a task is stopped whose result nobody waits for. */
class CancelledError extends Error {
  override readonly name = "AbortError";

  constructor() {
    super("The program that asked for the task was stopped");
  }
}

/** Why a job is stopped that is another worker's now: what it gives is not saved. */
export function lost(): RunnerError {
  return new RunnerError("The worker lost the job to another one");
}

/** A job that a worker has in hand. Disposed of when it is over. */
export class RunningJob implements Disposable {
  /** The id of the job: the key of its result, where it carries one task. */
  readonly id: string;
  /** The name of its queue. */
  readonly queue: string;
  /** Who asks for it. */
  readonly run: string;
  readonly #job: BullJob;
  readonly #stop = new AbortController();
  readonly #over: () => void;
  readonly #since = performance.now();
  #isTold = false;
  /** Whether its result is saved under a claim, so that who has lost the job replaces nothing. */
  isFenced = false;
  /** Goes with what is told of it, where it carries several tasks. */
  news: GroupNews = {};

  /** `over` is called when it is over. */
  constructor(job: BullJob, run: string, over: () => void) {
    this.#job = job;
    this.id = job.id ?? "";
    this.queue = job.queueName;
    this.run = run;
    this.#over = over;
  }

  /** Aborts when it is to stop, for whatever reason. */
  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** Whether nobody waits for it any more. */
  get isCancelled(): boolean {
    return this.signal.reason instanceof CancelledError;
  }

  /** Nobody waits for it any more. */
  cancel(): void {
    this.#stop.abort(new CancelledError());
  }

  /** Stops it when a signal aborts that is its own. */
  follow(signal: AbortSignal): void {
    if (signal.aborted) this.stop(signal.reason);
    else signal.addEventListener("abort", () => this.stop(signal.reason), { once: true });
  }

  /** Stops it. */
  stop(reason: unknown): void {
    this.#stop.abort(reason);
  }

  /** Tells once who has it, if it takes a while: for people. */
  tell(name: WorkerName): void {
    if (this.#isTold || performance.now() - this.#since < WORTH_TELLING) return;
    this.#isTold = true;
    this.#job.updateProgress({ kind: "runs", ...name, ...this.news }).catch(() => {});
  }

  /** It is over. */
  [Symbol.dispose](): void {
    this.#over();
  }
}

/** The jobs that a worker has in hand. */
export class RunningJobs implements Disposable {
  /** In the order in which they were begun. One that was lost may be here twice: it was given again. */
  readonly #jobs = new Set<RunningJob>();
  /** Runs that were stopped: a job that was being taken at that moment is begun after. */
  readonly #stopped = new Set<string>();
  readonly #stop: AbortSignal;
  readonly #timer: ReturnType<typeof setInterval>;

  /**
   * @param name Who has them.
   * @param stop Aborts when all that runs is to stop.
   */
  constructor(name: WorkerName, stop: AbortSignal) {
    this.#stop = stop;
    // One listener and one timer for all: signals and timers for each would cost as much as a quick task.
    stop.addEventListener("abort", () => {
      for (const job of this.#jobs) job.stop(stop.reason);
    });
    this.#timer = setInterval(() => {
      for (const job of this.#jobs) job.tell(name);
    }, WORTH_TELLING);
  }

  /**
   * Begins one that `run` asks for. Where it is in hand already, it was lost and given to this worker again; BullMQ
   * tells of a loss by the id, so that nobody else would stop what runs without a claim.
   */
  begin(job: BullJob, run: string): RunningJob {
    const running = new RunningJob(job, run, () => this.#jobs.delete(running));
    for (const each of this.#jobs) {
      const isSame = each.id === running.id && each.queue === running.queue;
      if (isSame && !each.isFenced) each.stop(lost());
    }
    this.#jobs.add(running);
    if (this.#stop.aborted) running.stop(this.#stop.reason);
    if (this.#stopped.has(run)) running.cancel();
    return running;
  }

  /** Stops all that a run asked for, now and later: it was stopped. */
  cancel(run: string): void {
    this.#stopped.add(run);
    const [oldest] = this.#stopped;
    if (this.#stopped.size > STOPPED_RUNS) this.#stopped.delete(oldest!);
    for (const job of this.#jobs) if (job.run === run) job.cancel();
  }

  /** Whether what a job gives is saved under a claim: of one that is in hand twice, the later time. */
  isFenced(id: string): boolean {
    return Array.from(this.#jobs).findLast((job) => job.id === id)?.isFenced ?? false;
  }

  /** No more is begun. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
