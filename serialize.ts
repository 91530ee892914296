/**
 * Tasks in canonical form: what ids and keys are digests of, and the JSON that `metadata.json` and
 * other threads get. `docs/ids.md` describes both for other languages.
 *
 * @module
 */

import { describe, isPlainObject, setOwn } from "./describe.ts";
import { sha256Hex } from "./digest.ts";
import { SerializationError } from "./errors.ts";
import { MAX_BIGINT_DIGITS, MAX_PARAM_DEPTH, TaskNode } from "./params.ts";

const HASH_LENGTH = 40;

/** The id of a task: its type's name and 40 hex digits over name and canonical params. */
export function taskId(taskName: string, canonicalText: string): string {
  return `${taskName}__${sha256Hex(taskName + canonicalText).slice(0, HASH_LENGTH)}`;
}

/**
 * The 40 hex digits of a task's key: a digest over its id, its code version and the same digests of the
 * tasks nested in it. Linear in the graph; `memo` is shared between calls.
 */
export function keyDigest(task: TaskNode, memo: WeakMap<TaskNode, string>): string {
  const known = memo.get(task);
  if (known !== undefined) return known;
  const path: TaskNode[] = [task];
  while (path.length > 0) {
    const node = path[path.length - 1]!;
    if (memo.has(node)) {
      path.pop();
      continue;
    }
    const before = path.length;
    for (const dependency of node.dependencies) if (!memo.has(dependency)) path.push(dependency);
    if (path.length > before) continue;
    path.pop();
    const version = node.codeVersion === undefined ? "-" : JSON.stringify(node.codeVersion);
    const nested = node.dependencies.map((dependency) => memo.get(dependency)!);
    const digest = sha256Hex([node.id, version, ...nested].join("\n"));
    memo.set(node, digest.slice(0, HASH_LENGTH));
  }
  return memo.get(task)!;
}

/** The key under which a task's result lies: the cache's prefix, the type's name, the digest. */
export function resultKey(
  keyPrefix: string,
  task: TaskNode,
  memo: WeakMap<TaskNode, string> = new WeakMap(),
): string {
  return `${keyPrefix}${task.taskName}__${keyDigest(task, memo)}`;
}

/** One task in JSON; nested ones by id, as `{ "$task": id }`. */
export interface TaskJson {
  /** The name of the task's type. */
  readonly name: string;
  /** The version of the code, where there is one. */
  readonly codeVersion?: string;
  /** The params; what JSON lacks is written as `{ "$date": ms }` and so on. */
  readonly params: Record<string, unknown>;
}

/** A task and all that is nested in it, each once, by id. */
export interface TaskTableJson {
  /** The id of the task. */
  readonly id: string;
  /** All tasks by id, the task itself among them. */
  readonly tasks: Readonly<Record<string, TaskJson>>;
}

/** Writes one task's own params as JSON, nested tasks by id only. */
export function taskToJson(task: TaskNode): TaskJson {
  return {
    name: task.taskName,
    ...(task.codeVersion === undefined ? {} : { codeVersion: task.codeVersion }),
    params: toJson(task.params) as Record<string, unknown>,
  };
}

/** Writes a task and all that is nested in it; linear in the graph. */
export function taskTableToJson(task: TaskNode): TaskTableJson {
  const tasks: Record<string, TaskJson> = {};
  const pending: TaskNode[] = [task];
  const seen = new Set<string>([task.id]);
  for (let node = pending.pop(); node; node = pending.pop()) {
    tasks[node.id] = taskToJson(node);
    for (const dependency of node.dependencies) {
      if (!seen.has(dependency.id)) {
        seen.add(dependency.id);
        pending.push(dependency);
      }
    }
  }
  return { id: task.id, tasks };
}

/**
 * Rebuilds a task from its table, innermost tasks first.
 *
 * @param table What {@linkcode taskTableToJson} wrote, from an untrusted place.
 * @param make Makes one task from its name, version and rebuilt params; `undefined` when it cannot.
 * @returns The task; `undefined` when `make` could not make it or one of those nested in it.
 * @throws {SerializationError} When the table is malformed: a task missing, cyclic or unreadable, or
 *   one whose id is not that of its content.
 */
export function taskFromJson<T extends TaskNode>(
  table: TaskTableJson,
  make: (name: string, codeVersion: string | undefined, params: object) => T | undefined,
): T | undefined {
  const done = new Map<string, T | undefined>();
  const open = new Set<string>();
  const path = [table.id];
  while (path.length > 0) {
    const id = path[path.length - 1]!;
    if (done.has(id)) {
      path.pop();
      continue;
    }
    const json = entryOf(table, id);
    const missing = [...nestedIds(json.params)].filter((nested) => !done.has(nested));
    if (missing.length > 0) {
      if (open.has(id)) throw new SerializationError(`Task ${id} depends on itself`);
      open.add(id);
      for (const nested of missing) path.push(nested); // may be more than arguments can be
      continue;
    }
    path.pop();
    done.set(id, rebuilt(id, json, done, make));
  }
  return done.get(table.id);
}

function entryOf(table: TaskTableJson, id: string): TaskJson {
  const json = isPlainObject(table.tasks) && Object.hasOwn(table.tasks, id)
    ? table.tasks[id]
    : undefined;
  if (
    !isPlainObject(json) || typeof json.name !== "string" || !isPlainObject(json.params) ||
    !(json.codeVersion === undefined || typeof json.codeVersion === "string")
  ) throw new SerializationError(`Task ${id} is missing from its table, or malformed`);
  return json as unknown as TaskJson;
}

function rebuilt<T extends TaskNode>(
  id: string,
  json: TaskJson,
  done: ReadonlyMap<string, T | undefined>,
  make: (name: string, codeVersion: string | undefined, params: object) => T | undefined,
): T | undefined {
  for (const nested of nestedIds(json.params)) {
    if (done.get(nested) === undefined) return undefined;
  }
  const params = fromJson(json.params, (nested) => done.get(nested)!) as object;
  const task = make(json.name, json.codeVersion, params);
  if (task !== undefined && task.id !== id) {
    throw new SerializationError(`Task ${id} does not have the params that its id stands for`);
  }
  return task;
}

// In JSON an object with one key that starts with a single "$" stands for what JSON lacks; keys of
// params that start with "$" get a second one.
function toJson(value: unknown): unknown {
  switch (typeof value) {
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $bigint: String(value) };
    case "undefined":
      return { $undefined: true };
    case "object":
      break;
    default:
      return value;
  }
  if (value === null) return null;
  if (value instanceof TaskNode) return { $task: value.id };
  if (value instanceof Date) {
    const ms = value.getTime();
    return { $date: Number.isNaN(ms) ? null : ms };
  }
  if (Array.isArray(value)) return value.map(toJson);
  const json: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    setOwn(json, key.startsWith("$") ? `$${key}` : key, toJson(entry));
  }
  return json;
}

/**
 * Reads what {@linkcode taskToJson} wrote of params.
 *
 * @throws {SerializationError} When it holds what params cannot hold.
 */
export function paramsFromJson(json: unknown, taskOf: (id: string) => unknown): object {
  return fromJson(json, taskOf) as object;
}

function fromJson(json: unknown, taskOf: (id: string) => unknown, depth = 0): unknown {
  if (typeof json !== "object" || json === null) return json;
  if (depth > MAX_PARAM_DEPTH + 1) throw new SerializationError("Params are nested too deep");
  if (Array.isArray(json)) return json.map((entry) => fromJson(entry, taskOf, depth + 1));
  const tag = jsonTag(json);
  if (tag !== undefined) return fromTag(tag, (json as Record<string, unknown>)[tag], taskOf);
  const value: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(json)) {
    setOwn(value, key.startsWith("$") ? key.slice(1) : key, fromJson(entry, taskOf, depth + 1));
  }
  return value;
}

/** The tag of a JSON object that stands for what JSON lacks, such as `$date`; `undefined` for all others. */
export function jsonTag(json: object): string | undefined {
  const keys = Object.keys(json);
  const key = keys[0];
  return keys.length === 1 && key!.startsWith("$") && !key!.startsWith("$$") ? key : undefined;
}

function fromTag(tag: string, content: unknown, taskOf: (id: string) => unknown): unknown {
  if (tag === "$task" && typeof content === "string") return taskOf(content);
  if (tag === "$date" && content === null) return new Date(NaN);
  if (tag === "$date" && typeof content === "number") return new Date(content);
  if (tag === "$bigint" && typeof content === "string" && isBigint(content)) return BigInt(content);
  if (tag === "$undefined") return undefined;
  if (tag === "$number" && typeof content === "string" && content in NUMBERS) {
    return NUMBERS[content as keyof typeof NUMBERS];
  }
  throw new SerializationError(`Params hold an unknown ${tag}: ${describe(content)}`);
}

function isBigint(text: string): boolean {
  return text.length <= MAX_BIGINT_DIGITS && /^-?\d+$/.test(text);
}

const NUMBERS = { __proto__: null, "-0": -0, NaN, Infinity, "-Infinity": -Infinity };

/** The ids of the tasks that JSON params refer to: each once, in the order in which they stand there. */
export function nestedIds(json: unknown): Set<string> {
  const ids = new Set<string>();
  const path = [[json].values()];
  while (path.length > 0) {
    const { done, value } = path[path.length - 1]!.next();
    if (done) path.pop();
    if (typeof value !== "object" || value === null) continue;
    if (Array.isArray(value)) {
      path.push(value.values());
      continue;
    }
    const id = jsonTag(value) === "$task" ? (value as { $task: unknown }).$task : undefined;
    if (typeof id === "string") ids.add(id);
    else path.push(Object.values(value).values());
  }
  return ids;
}
