import * as v from "valibot";
import type { Environment } from "../caches/environment.ts";
import { SerializationError } from "../errors.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import {
  MOST_TASKS,
  MOST_VERSION,
  MOST_WORKER,
  type RecordedState,
  type RecordedTask,
  RUN_FORMAT,
  type RunMetadata,
  TASKS_FILE,
} from "./run_record.ts";

/** No `run.json` is larger, in bytes: it has five tasks in words. */
export const HEAD_LIMIT = 2 ** 20;
/** No list of tasks is larger, in bytes. */
export const TASKS_LIMIT = 64 * 2 ** 20;
// A row has eight members and itself at most, and there are no more types than tasks.
const BOUNDS = { maxDepth: 8, maxItems: 2 * MOST_TASKS * 9 };

const number = v.pipe(v.number(), v.minValue(0));
const error = v.object({ name: v.string(), message: v.string() });
const label = v.object({ id: v.string(), type: v.string(), text: v.string() });
const file = v.object({ bytes: number, sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)) });
const time = v.pipe(
  v.string(),
  v.transform((text) => new Date(text)),
  v.check((date) => !Number.isNaN(date.getTime())),
);
const environment: v.GenericSchema<unknown, Environment> = v.object({
  labtech: v.string(),
  deno: v.string(),
  target: v.string(),
  host: v.optional(v.string()),
  commit: v.optional(v.string()),
});
const metadataSchema = v.object({
  key: v.string(),
  run: v.object({
    format: v.literal(RUN_FORMAT),
    id: v.string(),
    start: time,
    ending: v.picklist(["complete", "incomplete", "stopped", "broken"]),
    error: v.optional(error),
    summary: v.object({
      ...{ tasks: number, run: number, cached: number, failed: number, skipped: number },
      ...{ untrusted: v.optional(number), duration: number, saved: v.optional(number) },
      slowest: v.optional(v.array(v.object({ task: label, duration: number }))),
    }),
    environment,
    leftOut: number,
  }),
  files: v.object({ [TASKS_FILE]: file }),
});

const decoder = new TextDecoder();

/** Reads what a record says of its run; `undefined` when the bytes are not that. */
export function decodeRunMetadata(bytes: Uint8Array): RunMetadata | undefined {
  try {
    if (bytes.length > HEAD_LIMIT) return undefined;
    checkJsonBounds(bytes, BOUNDS);
    const read = v.safeParse(metadataSchema, JSON.parse(decoder.decode(bytes)));
    if (!read.success) return undefined;
    const { format: _, ...run } = read.output.run;
    return { ...read.output, run };
  } catch {
    return undefined;
  }
}

const digest = v.pipe(v.string(), v.regex(/^[0-9a-f]{40}$/));
const index = v.pipe(number, v.integer());
const times = v.optional(v.pipe(index, v.minValue(1)));
const worker = v.optional(index);
// They come to stand in each of the tasks, so that long ones would make much of little.
const short = (most: number) => v.pipe(v.string(), v.maxLength(most));
const tasksSchema = v.object({
  types: v.array(v.strictTuple([short(64), short(200), v.nullable(short(MOST_VERSION))])),
  workers: v.optional(v.array(short(MOST_WORKER)), []),
  failed: v.array(
    v.tuple([index, digest, digest, v.string(), v.string(), v.string(), times, worker]),
  ),
  skipped: v.array(v.tuple([index, digest, digest, v.string(), v.nullable(v.string())])),
  run: v.array(v.tuple([index, digest, digest, number, times, worker])),
  cached: v.array(v.tuple([index, digest, digest])),
});
type TasksJson = v.InferOutput<typeof tasksSchema>;

/**
 * Reads the tasks of a record.
 *
 * @throws {SerializationError} When the bytes are not that.
 */
export function decodeTasks(bytes: Uint8Array): RecordedTask[] {
  let json: TasksJson;
  try {
    if (bytes.length > TASKS_LIMIT) throw new RangeError(`it has ${bytes.length} bytes`);
    checkJsonBounds(bytes, BOUNDS);
    json = v.parse(tasksSchema, JSON.parse(decoder.decode(bytes)));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SerializationError(`${TASKS_FILE} is not one of this library: ${reason}`, { cause });
  }
  const task = (type: number, id: string, key: string, state: RecordedState): RecordedTask => {
    const row = json.types[type];
    if (!row) {
      throw new SerializationError(`${TASKS_FILE} refers to the type ${type}, which is not there`);
    }
    const [name, prefix, codeVersion] = row;
    const version = codeVersion === null ? {} : { codeVersion };
    return { id: `${name}__${id}`, key: `${prefix}${name}__${key}`, type: name, ...version, state };
  };
  const tried = (attempts: number | undefined, worker: number | undefined) => {
    const name = worker === undefined ? undefined : json.workers[worker];
    if (worker !== undefined && name === undefined) {
      throw new SerializationError(
        `${TASKS_FILE} refers to the worker ${worker}, which is not there`,
      );
    }
    return {
      ...(attempts !== undefined && attempts > 1 && { attempts }),
      ...(name !== undefined && { worker: name }),
    };
  };
  return [
    ...json.failed.map(([type, id, key, text, name, message, attempts, worker]) => (
      {
        ...task(type, id, key, "failed"),
        text,
        error: { name, message },
        ...tried(attempts, worker),
      }
    )),
    ...json.skipped.map(([type, id, key, text, cause]) => (
      { ...task(type, id, key, "skipped"), text, ...(cause === null ? {} : { cause }) }
    )),
    ...json.run.map(([type, id, key, duration, attempts, worker]) => (
      { ...task(type, id, key, "run"), duration, ...tried(attempts, worker) }
    )),
    ...json.cached.map(([type, id, key]) => task(type, id, key, "cached")),
  ];
}
