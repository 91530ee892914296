import type { Storage } from "../storages/storage.ts";
import type { Claims } from "./_bullmq_claims.ts";
import type { LocalWork, LogTaker, TimedOutcome } from "./_bullmq_local.ts";
import type { Returned, WorkerName } from "./_bullmq_messages.ts";
import type { ReadPayload } from "./_bullmq_payload.ts";
import type { GivenTask } from "./_bullmq_tasks.ts";
import { contextOf } from "./_in_thread.ts";
import type { Outcome } from "./runner.ts";

/** What tasks are worked at with. */
export interface TaskWorkOptions {
  /** How the worker and its machine are called. */
  readonly name: WorkerName;
  readonly storage: Storage;
  /** Variables for tasks that are given here; they go before those of the program that asks. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly local: LocalWork;
}

/** What a worker has done so far, in tasks. */
export interface Counts {
  active: number;
  done: number;
  failed: number;
  refused: number;
}

/** How a task is run. */
export interface TaskWorkCall {
  /** The token of the claim on its key, where there is one. */
  readonly claim: string | undefined;
  readonly signal: AbortSignal;
  /** How often the queue has begun it before, and it failed. */
  readonly attemptsMade: number;
  readonly log: LogTaker;
  /** Is told that it begins. */
  readonly began?: () => void;
}

/** Finds, or computes, the result of a task, whatever job it came by. */
export class TaskWork {
  /** What was done so far. */
  readonly counts: Counts = { active: 0, done: 0, failed: 0, refused: 0 };
  readonly #options: TaskWorkOptions;
  readonly #claims: Claims;

  constructor(options: TaskWorkOptions, claims: Claims) {
    this.#options = options;
    this.#claims = claims;
  }

  /** What somebody else has saved. */
  async found(
    { replaces }: ReadPayload,
    { task, key, cache }: GivenTask,
  ): Promise<Returned | undefined> {
    if (replaces) return undefined;
    const { storage, name } = this.#options;
    const result = await cache.load(storage, key, task);
    if (result === undefined) return undefined;
    const { start, duration } = result.meta;
    return { kind: "done", ...name, start: start.getTime(), duration, found: true };
  }

  /** Runs it. Never rejects. */
  run(payload: ReadPayload, given: GivenTask, call: TaskWorkCall): Promise<TimedOutcome> {
    const { claim, signal, attemptsMade, log, began } = call;
    return this.#options.local.run({
      ...given,
      ...{ wanted: false, shared: false, claim, signal },
      attempt: (payload.attempt ?? 1) + attemptsMade,
      ownContext: this.#contextFor(payload, given),
      ...(payload.replaces && { replaces: true }),
    }, { length: JSON.stringify(payload.table).length, log, began });
  }

  /** Says what it came to, where it did not fail. */
  told(
    { task }: GivenTask,
    { outcome, took }: TimedOutcome<Extract<Outcome, { kind: "done" | "missing" }>>,
  ): Exclude<Returned, { kind: "cancelled" }> {
    const { name } = this.#options;
    if (outcome.kind === "missing") return { kind: "missing", ...name, ids: outcome.ids };
    this.counts.done++;
    const { start, duration } = outcome.meta;
    this.#claims.learn(task.taskName, duration);
    return { kind: "done", ...name, start: start.getTime(), duration, took };
  }

  #contextFor({ context }: ReadPayload, { task }: GivenTask): Readonly<Record<string, unknown>> {
    const own = this.#options.context;
    if (Object.keys(own).length === 0) return context;
    const filtered = Object.entries(contextOf(task, own));
    return {
      ...context,
      ...Object.fromEntries(filtered.filter(([, value]) => value !== undefined)),
    };
  }
}
