import { RunnerError } from "../errors.ts";
import type { Grouping } from "./_bullmq_grouping.ts";
import { type Progress, type Returned, workerText } from "./_bullmq_messages.ts";
import { outcomeOf } from "./_bullmq_outcome.ts";
import type { Pending } from "./_bullmq_pending.ts";
import { asError } from "./_executor.ts";
import { labelOf } from "./_label.ts";
import type { Outcome, RunSetting } from "./runner.ts";
import { unpackError } from "./_transport.ts";

/** Of so many reasons why jobs were refused a run is told. */
const MOST_TOLD = 100;
/** How often a job that vanished is added again. */
export const MOST_ADDS = 10;

/** What the tasks of a run are followed with. */
export interface FatesOptions {
  readonly setting: RunSetting;
  readonly grouping: Pick<Grouping, "learn">;
  /** Adds a task to its queue, once more. */
  readonly add: (pending: Pending) => void;
}

/** The tasks of a run that are not over, and what becomes of each. */
export class Fates {
  readonly #options: FatesOptions;
  /** By the key of the result, which is the id of a job that carries the task alone. */
  readonly #pending = new Map<string, Pending>();
  /** How many there are, by the queue. */
  readonly #counts = new Map<string, number>();
  /** Why jobs were refused: told once each. */
  readonly #told = new Set<string>();

  constructor(options: FatesOptions) {
    this.#options = options;
  }

  /** All of them. */
  get all(): Iterable<Pending> {
    return this.#pending.values();
  }

  /** How many there are. */
  get size(): number {
    return this.#pending.size;
  }

  /** The one of a key. */
  get(key: string): Pending | undefined {
    return this.#pending.get(key);
  }

  /** How many there are of a queue. */
  open(queue: string): number {
    return this.#counts.get(queue) ?? 0;
  }

  /** Follows a task from now on. */
  begin(pending: Pending): void {
    this.#pending.set(pending.job.key, pending);
    this.#counts.set(pending.queue, this.open(pending.queue) + 1);
  }

  /** Whether a task is not over. */
  isPending(pending: Pending): boolean {
    return this.#pending.get(pending.job.key) === pending;
  }

  /** It began. */
  announce(pending: Pending, at = Date.now()): void {
    if (pending.announced) return;
    pending.announced = true;
    this.#options.setting.report({ kind: "started", at, task: labelOf(pending.job.task) });
  }

  /** A worker tells of it. */
  progress(pending: Pending, progress: Progress): void {
    const { setting } = this.#options;
    const [task, worker] = [labelOf(pending.job.task), workerText(progress)];
    if (progress.kind === "held" || progress.kind === "released") return;
    if (progress.kind !== "refused") pending.worker = worker;
    switch (progress.kind) {
      case "runs":
        this.announce(pending);
        return setting.report({ kind: "usage", at: Date.now(), task, worker });
      case "logs": {
        this.announce(pending);
        for (const [level, text, at] of progress.rows) {
          setting.report({ kind: "log", at, task, level, text, worker });
        }
        if (progress.lost) this.warn(`${progress.lost} lines of its log were left out`, pending);
        return;
      }
      case "error":
        pending.error = progress.error;
        return;
      case "refused":
        if (this.#told.has(progress.why) || this.#told.size >= MOST_TOLD) return;
        this.#told.add(progress.why);
        this.warn(progress.why, pending);
    }
  }

  /** A worker says what it came to; `undefined` for what none says. */
  async complete(pending: Pending, returned: Returned | undefined): Promise<void> {
    // Another program was stopped that had asked for it as well.
    if (returned?.kind === "cancelled") return this.#options.add(pending);
    if (returned !== undefined) this.#options.grouping.learn(pending, returned);
    try {
      this.settle(pending, await outcomeOf(pending.job, returned, this.#options.setting));
    } catch (error) {
      this.settle(pending, { kind: "failed", error: asError(error) });
    }
  }

  /** It failed. */
  fail(pending: Pending, reason: string | undefined): void {
    const { task } = pending.job;
    const error = pending.error === undefined
      ? new RunnerError(reason || `${task} failed, and nobody says why`)
      : unpackError(pending.error);
    this.settle(pending, { kind: "failed", error, worker: pending.worker });
  }

  /** It is over. */
  settle(pending: Pending, outcome: Outcome): void {
    if (!this.isPending(pending)) return;
    this.#pending.delete(pending.job.key);
    this.#counts.set(pending.queue, this.open(pending.queue) - 1);
    const isBegun = outcome.kind === "done" || outcome.kind === "failed";
    if (isBegun && pending.adds > 0) this.announce(pending);
    pending.resolve(outcome);
  }

  /** It is not in the queue any more: it is done, or the broker lost it. */
  async vanished(pending: Pending): Promise<void> {
    const { job: { task }, adds } = pending;
    if (await this.lookFor(pending)) return;
    if (adds < MOST_ADDS) this.#options.add(pending);
    else this.fail(pending, `${task} vanished from the queue ${adds} times`);
  }

  /** Looks whether its result is there, and it is over therefore; gives whether it is over. */
  async lookFor(pending: Pending): Promise<boolean> {
    const { job } = pending;
    const { storage, signal } = this.#options.setting;
    // One that is to be replaced may be the one from before.
    const result = job.replaces
      ? undefined
      : await job.cache!.load(storage!, job.key, job.task, { signal });
    if (result === undefined) return !this.isPending(pending);
    const { value, meta } = result;
    this.settle(pending, { kind: "done", meta, ...(job.wanted && { value }) });
    return true;
  }

  /** Tells what a person should know. */
  warn(text: string, pending?: Pending): void {
    const task = pending && labelOf(pending.job.task);
    this.#options.setting.report({ kind: "log", at: Date.now(), task, level: "warn", text });
  }
}
