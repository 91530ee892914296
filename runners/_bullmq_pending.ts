import { RunnerError } from "../errors.ts";
import type { TaskTypeInfo } from "../task.ts";
import type { BullJobOptions } from "./_bullmq_package.ts";
import { type Payload, payloadOf } from "./_bullmq_payload.ts";
import { jobOptions } from "./_bullmq_queue.ts";
import { queueName } from "./_bullmq_queues.ts";
import { taskOptions } from "./_bullmq_task_options.ts";
import type { Job, Outcome } from "./runner.ts";
import type { PackedError } from "./_transport.ts";

/** A job that is on its way, or in the queue. */
export interface Pending {
  readonly job: Job;
  /** The name of the queue. */
  readonly queue: string;
  readonly payload: Payload;
  readonly options: BullJobOptions;
  readonly resolve: (outcome: Outcome) => void;
  /** When it was last heard of. */
  since: number;
  /** How often it was added. */
  adds: number;
  /** Whether it was told that it began. */
  announced: boolean;
  /** Whether it is being taken out by this run. */
  dropping: boolean;
  /** Why it failed, in full. */
  error: PackedError | undefined;
  /** Who had it last, as far as that is known. */
  worker: string | undefined;
}

/** Who asks for a job. */
export interface Asking {
  /** A random UUID for each run. */
  readonly run: string;
  /** What the names of all queues begin with. */
  readonly base: string;
  /** What the task gets of the context. */
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Readies a job for its queue.
 *
 * @throws {RunnerError} When no other machine can run it, it is too large, or its type wants what is not known.
 */
export function pendingOf(
  job: Job,
  { run, base, context }: Asking,
  resolve: (outcome: Outcome) => void,
): Pending {
  const { task, cache, key, attempt, replaces = false } = job;
  refuseType(task.type);
  if (cache === null || cache.name === "null") throw uncached(task.taskName);
  const { tags, ...wishes } = taskOptions(task);
  return {
    ...{ job, resolve },
    payload: payloadOf({ run, task, key, attempt, replaces, context }),
    queue: queueName(base, task.taskName, tags),
    options: { ...wishes, ...jobOptions(key) },
    ...{ since: performance.now(), adds: 0, announced: false, dropping: false },
    ...{ error: undefined, worker: undefined },
  };
}

/**
 * Refuses a type whose tasks no other machine can run.
 *
 * @throws {RunnerError} When it has no module, or keeps no results.
 */
export function refuseType({ taskName, module, cache }: TaskTypeInfo): void {
  if (module === undefined) {
    throw new RunnerError(
      `The task type ${taskName} has no module that a worker could import (it was defined in a REPL or ` +
        'notebook); define it in a file, or take the runner "serial" or "async"',
    );
  }
  if (cache === null) throw uncached(taskName);
}

function uncached(name: string): RunnerError {
  return new RunnerError(
    `The results of ${name} are not kept (its cache is null), and the runner "bullmq" hands results over ` +
      "by the storage; give it a cache, or run it by another runner",
  );
}
