import { RunnerError } from "../errors.ts";
import type { TaskTypeInfo } from "../task.ts";
import type { GroupPayload } from "./_bullmq_group_payload.ts";
import type { BullJobOptions } from "./_bullmq_package.ts";
import { type Payload, payloadOf } from "./_bullmq_payload.ts";
import { jobOptions } from "./_bullmq_queue.ts";
import { queueName } from "./_bullmq_queues.ts";
import { taskOptions } from "./_bullmq_task_options.ts";
import type { Job, Outcome } from "./runner.ts";
import type { PackedError } from "./_transport.ts";

/** What is on its way to a queue, or there: a task, or several that travel together. */
export interface Queued {
  /** The type of what it carries. */
  readonly type: TaskTypeInfo;
  /** The name of the queue. */
  readonly queue: string;
  readonly payload: Payload | GroupPayload;
  readonly options: BullJobOptions;
  /** When it was last heard of. */
  since: number;
  /** How often it was added. */
  adds: number;
  /** Whether it is known that it began. */
  announced: boolean;
  /** Whether it is being taken out by this run. */
  dropping: boolean;
}

/** A task that was asked for, and is not over. */
export interface Pending extends Queued {
  readonly job: Job;
  /** By itself. */
  payload: Payload;
  /** The length of its payload as JSON, in UTF-16 code units. */
  readonly length: number;
  options: BullJobOptions;
  readonly resolve: (outcome: Outcome) => void;
  /** The job in which it travels with others, if it does. */
  group: Queued | undefined;
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
    ...{ job, resolve, type: task.type, group: undefined },
    ...payloadOf({ run, task, key, attempt, replaces, context }),
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
