import { decode, encode } from "../caches/cbor/mod.ts";
import { isPlainObject } from "../describe.ts";
import { RunnerError } from "../errors.ts";
import { type Failure, readFailure } from "./_bullmq_messages.ts";
import { type TaskTableJson, taskTableToJson } from "../serialize.ts";
import type { Task } from "../task.ts";

/** The version of the form that jobs have in the queue. */
export const FORMAT = 1;

/** How large a job may be in the queue, in bytes. */
export const MOST_BYTES = 256 * 1024;

/** What the queue carries of a job: what a worker needs to know, and no result. */
export interface Payload {
  readonly format: typeof FORMAT;
  /** Who asks for it: a random UUID for each run. */
  readonly run: string;
  /** Where the result is to lie. */
  readonly key: string;
  /** The task, and all that is nested in it: names, code versions and params. */
  readonly table: TaskTableJson;
  /** The part of the Lab's context that the task gets: the structured format, in Base64. */
  readonly context?: string;
  /** Which attempt of the Lab it is, from 1. */
  readonly attempt?: number;
  /** Whether a result that is there is to be replaced. */
  readonly replaces?: true;
  /**
   * That it failed, where it travelled with others: it is not run, but told, and kept, as one that failed by
   * itself. Begun again, it is run.
   */
  readonly failure?: Failure;
}

/** What is asked for by a run. */
export interface Request {
  readonly run: string;
  readonly task: Task;
  readonly key: string;
  readonly context: Readonly<Record<string, unknown>>;
  readonly attempt: number | undefined;
  readonly replaces: boolean;
}

/** What the queue is to carry, and its length as JSON, in UTF-16 code units. */
export interface SizedPayload {
  readonly payload: Payload;
  readonly length: number;
}

/** No key of a result and no id of a run has more UTF-16 code units. */
const MOST_KEY = 1000;

const encoder = new TextEncoder();

/**
 * Writes what the queue carries of a job.
 *
 * @throws {RunnerError} When it is too large, or the context cannot be sent.
 */
export function payloadOf({ run, task, key, context, attempt, replaces }: Request): SizedPayload {
  const payload: Payload = {
    format: FORMAT,
    run,
    key,
    table: taskTableToJson(task),
    ...(Object.keys(context).length > 0 && { context: contextText(context) }),
    ...(attempt !== undefined && attempt > 1 && { attempt }),
    ...(replaces && { replaces }),
  };
  const text = JSON.stringify(payload);
  // No code unit takes more than three bytes.
  const bytes = 3 * text.length <= MOST_BYTES ? 0 : encoder.encode(text).length;
  if (bytes > MOST_BYTES) {
    throw new RunnerError(
      `${task} is too large for the queue: its params, those of the tasks nested in them and its context ` +
        `take ${bytes} bytes there, and ${MOST_BYTES} is the most. Make large data the result of a task, ` +
        `and give that task as param: results go through the storage`,
    );
  }
  return { payload, length: text.length };
}

function contextText(context: Readonly<Record<string, unknown>>): string {
  for (const [name, value] of Object.entries(context)) {
    try {
      encode(value, { root: "context" });
    } catch (error) {
      throw new RunnerError(
        `context.${name} cannot be sent to a worker (${
          (error as Error).message
        }); leave it out by ` +
          `filterContext, or give it in the configuration of the workers`,
        { cause: error },
      );
    }
  }
  return encode(context, { root: "context" }).toBase64();
}

/** What a worker reads of a job. */
export interface ReadPayload extends Omit<Payload, "context"> {
  readonly context: Readonly<Record<string, unknown>>;
}

/**
 * Reads what a queue carries, which anybody may have put there. The tasks are not looked at yet.
 *
 * @throws {RunnerError} When it is no job of this library.
 */
export function readPayload(data: unknown): ReadPayload {
  const { format, run, key, table, context, attempt, replaces, failure: told } = Object(data);
  const failure = readFailure(told);
  const isTable = isPlainObject(table) && typeof table.id === "string" &&
    isPlainObject(table.tasks);
  const isSound = isPlainObject(data) && format === FORMAT && isShort(run, MOST_KEY) &&
    isShort(key, MOST_KEY) && isTable && isOr(context, isShort(context, MOST_BYTES)) &&
    isOr(attempt, Number.isSafeInteger(attempt) && attempt > 0) &&
    isOr(replaces, replaces === true) && isOr(told, failure !== undefined);
  if (!isSound) throw noJob();
  const tasks = table as unknown as TaskTableJson;
  const read = { format, run, key, table: tasks, attempt, replaces, failure };
  return { ...read, context: readContext(context) };
}

/** What is said of a job that is none. */
export function noJob(): RunnerError {
  return new RunnerError(
    "This is no job of this library, or one of another version of it; a queue is for one program",
  );
}

function readContext(text: string | undefined): Readonly<Record<string, unknown>> {
  if (text === undefined) return {};
  try {
    const context = decode(Uint8Array.fromBase64(text));
    if (isPlainObject(context)) return context;
  } catch (cause) {
    throw new RunnerError("The context of a job cannot be read", { cause });
  }
  throw new RunnerError("The context of a job is no object");
}

function isShort(value: unknown, most: number): boolean {
  return typeof value === "string" && value.length <= most;
}

function isOr(value: unknown, isSound: boolean): boolean {
  return value === undefined || isSound;
}
