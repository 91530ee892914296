import { LabtechError } from "../errors.ts";
import type { Claim } from "../storages/storage.ts";
import { Claims } from "./_bullmq_claims.ts";
import { isGroup, readGroup } from "./_bullmq_group_payload.ts";
import { GroupWork } from "./_bullmq_group_work.ts";
import { final, giveBack, postpone } from "./_bullmq_intake.ts";
import { JobLog } from "./_bullmq_log.ts";
import {
  cut,
  cutError,
  type Failure,
  readProgress,
  type Returned,
  type ReturnedGroup,
} from "./_bullmq_messages.ts";
import type { BullJob } from "./_bullmq_package.ts";
import { patiently } from "./_bullmq_patience.ts";
import { type ReadPayload, readPayload } from "./_bullmq_payload.ts";
import { type RunningJob, RunningJobs } from "./_bullmq_running.ts";
import { type Counts, TaskWork, type TaskWorkOptions } from "./_bullmq_task_work.ts";
import { type GivenTask, givenTask, Refusal, type Types } from "./_bullmq_tasks.ts";
import { asError } from "./_executor.ts";
import { packError } from "./_transport.ts";

/** What jobs are processed with. */
export interface ProcessorOptions extends TaskWorkOptions {
  readonly types: Types;
  /** Which tasks are claimed. */
  readonly singleFlight: boolean | "auto";
  /** How long a hold on a job lasts without a sign of life, in ms. */
  readonly lease: number;
  /** How long a job is refused before it fails, in ms. */
  readonly refusalTimeout: number;
  /** Aborts when what runs is to stop at once. */
  readonly stop: AbortSignal;
}

/** For how long a job is put off that another worker has to take, or somebody else computes, in ms. */
const PUT_OFF = 1000;

/** Does what a job asks for, and says what came of it. */
export class Processor implements Disposable {
  /** What was done so far. */
  readonly counts: Counts;
  readonly #options: ProcessorOptions;
  readonly #claims: Claims;
  readonly #work: TaskWork;
  readonly #running: RunningJobs;

  constructor(options: ProcessorOptions) {
    const { storage, singleFlight, name, stop } = options;
    this.#options = options;
    this.#claims = new Claims(storage, singleFlight);
    this.#work = new TaskWork(options, this.#claims);
    this.counts = this.#work.counts;
    this.#running = new RunningJobs(name, stop);
  }

  /** Nothing is processed any more. */
  [Symbol.dispose](): void {
    this.#running[Symbol.dispose]();
  }

  /** Whether what a job gives is saved under a claim, so that who has lost the job replaces nothing. */
  isFenced(id: string): boolean {
    return this.#running.isFenced(id);
  }

  /** Stops what a run asked for that was stopped. */
  cancel(run: string): void {
    this.#running.cancel(run);
  }

  /** Processes a job, as BullMQ wants it: gives what came of it, or throws. */
  async process(
    job: BullJob,
    token: string,
    signal: AbortSignal,
  ): Promise<Returned | ReturnedGroup> {
    const before = readProgress(job.progress);
    try {
      if (this.#options.stop.aborted) return await giveBack(job, token);
      return await (isGroup(job.data)
        ? this.#processGroup(job, token, signal)
        : this.#processTask(job, token, signal));
    } catch (error) {
      // It may be this worker's again, which took it anew: a loss is no failure of the task.
      if (signal.aborted) return await giveBack(job, token);
      const { name, message } = asError(error);
      if (name !== "StorageError") throw error;
      // It may be there again soon, as a network that is mended, or be there for others.
      return await this.#refuse(job, token, `has trouble with the storage: ${message}`, before);
    }
  }

  async #processGroup(
    job: BullJob,
    token: string,
    signal: AbortSignal,
  ): Promise<Returned | ReturnedGroup> {
    const { name } = this.#options;
    let payloads: readonly ReadPayload[];
    try {
      payloads = readGroup(job.data);
    } catch (error) {
      return this.#unsound(error);
    }
    const [{ run }] = payloads as [ReadPayload];
    this.counts.active += payloads.length;
    using running = this.#running.begin(job, run);
    running.follow(signal);
    try {
      const [claims, work] = [this.#claims, this.#work];
      const group = new GroupWork(payloads, { ...this.#options, claims, work, job, running });
      const rows = await group.run();
      if (running.isCancelled) return { kind: "cancelled", ...name };
      // What is done is found by who takes it next.
      if (running.signal.aborted) return await giveBack(job, token);
      return { kind: "group", rows };
    } finally {
      this.counts.active -= payloads.length;
    }
  }

  async #processTask(job: BullJob, token: string, signal: AbortSignal): Promise<Returned> {
    this.counts.active++;
    try {
      return await this.#process(job, token, signal);
    } finally {
      this.counts.active--;
    }
  }

  async #process(job: BullJob, token: string, signal: AbortSignal): Promise<Returned> {
    const { types } = this.#options;
    let payload: ReadPayload;
    try {
      payload = readPayload(job.data);
    } catch (error) {
      return this.#unsound(error);
    }
    const { failure } = payload;
    // Told already, it is begun again by who wants it tried; else a worker has only given it back.
    const isTold = readProgress(job.progress)?.kind === "error";
    if (failure !== undefined && !isTold) return await this.#fail(job, failure);
    using running = this.#running.begin(job, payload.run);
    running.follow(signal);
    let given: GivenTask;
    try {
      given = await givenTask(payload, types);
    } catch (error) {
      if (error instanceof Refusal) return await this.#refuse(job, token, error.message);
      // Code that was changed under a running worker is for one that is started again.
      if (error instanceof LabtechError && error.name === "LabError") {
        return await this.#refuse(job, token, error.message);
      }
      return this.#unsound(error);
    }
    const claim = await this.#claims.take(given.task.taskName, given.key, { signal });
    try {
      const mayBeThere = claim === "elsewhere" || claim?.hasEntry || job.attemptsStarted > 1;
      const found = mayBeThere ? await this.#work.found(payload, given) : undefined;
      if (found !== undefined) return found;
      if (claim === "elsewhere") await this.#wait(job, token, signal);
      const held = claim === "elsewhere" ? undefined : claim;
      return await this.#compute({ job, token, running, payload, given, claim: held });
    } finally {
      if (claim !== "elsewhere") await claim?.[Symbol.asyncDispose]();
    }
  }

  /**
   * Puts off a job that somebody else computes. Where that is a worker that lost it and does not end, as one that
   * is frozen, no longer than a while, unless its claim ends by itself: then it could still replace the result.
   */
  async #wait(job: BullJob, token: string, signal: AbortSignal): Promise<void> {
    const { name, lease } = this.#options;
    const before = readProgress(job.progress);
    const since = before?.kind === "held" ? before.since : Date.now();
    const isLate = job.stalledCounter > 0 && Date.now() - since > lease;
    if (isLate && !await this.#claims.areTimed({ signal })) return;
    await patiently(job.updateProgress({ kind: "held", ...name, since }));
    await postpone(job, token, PUT_OFF);
  }

  /** A job that will not be sound for anybody else. */
  #unsound(error: unknown): never {
    this.counts.failed++;
    throw final(cut(asError(error).message));
  }

  async #compute({ job, token, running, payload, given, claim }: {
    readonly job: BullJob;
    readonly token: string;
    readonly running: RunningJob;
    readonly payload: ReadPayload;
    readonly given: GivenTask;
    readonly claim: Claim | undefined;
  }): Promise<Returned> {
    const { name } = this.#options;
    running.isFenced = claim?.token !== undefined;
    const log = new JobLog(job, name);
    const { outcome, took } = await this.#work.run(payload, given, {
      ...{ claim: claim?.token, signal: running.signal, attemptsMade: job.attemptsMade },
      log: (level, text, at) => log.add(level, text, at),
    });
    await patiently(log.flush());
    // It is no failure, and leaves no trace in the queue; who else asked for it asks again.
    if (outcome.kind !== "done" && running.isCancelled) return { kind: "cancelled", ...name };
    if (outcome.kind === "dropped") return await giveBack(job, token);
    if (outcome.kind !== "failed") return this.#work.told(given, { outcome, took });
    if (running.signal.aborted) return await giveBack(job, token);
    if (outcome.error.name === "StorageError") throw outcome.error;
    return await this.#fail(job, { ...name, error: packError(outcome.error) });
  }

  async #fail(job: BullJob, { error: packed, ...name }: Failure): Promise<never> {
    this.counts.failed++;
    const error = cutError(packed);
    await patiently(job.updateProgress({ kind: "error", ...name, error }));
    // BullMQ tells the message in any case; some names and messages are commands to it.
    throw new Error(`${error.name}: ${error.message}`);
  }

  /** Leaves a job to others; after some time it fails, as there seem to be none. */
  async #refuse(
    job: BullJob,
    token: string,
    reason: string,
    before = readProgress(job.progress),
  ): Promise<never> {
    const { name, refusalTimeout } = this.#options;
    this.counts.refused++;
    const why = `Worker ${name.worker} on ${name.host} ${reason}`;
    const since = before?.kind === "refused" ? before.since : Date.now();
    if (Date.now() - since > refusalTimeout) {
      throw final(`${why}; no other worker took the task within ${refusalTimeout / 1000} s`);
    }
    await patiently(job.updateProgress({ kind: "refused", ...name, why, since }));
    return await postpone(job, token, PUT_OFF);
  }
}
