import type { Cache } from "../caches/cache.ts";
import { SerializationError } from "../errors.ts";
import { isPlainObject } from "../describe.ts";
import { resultKey, taskFromJson } from "../serialize.ts";
import { createTask, findTaskType, type Task, type TaskTypeInfo } from "../task.ts";
import type { ReadPayload } from "./_bullmq_payload.ts";
import type { Dependency } from "./runner.ts";

/** What a worker knows of task types. */
export interface Types {
  /** The names of those whose jobs it takes. */
  readonly served: ReadonlySet<string>;
  /** How results of a type are formatted; `null` when they are not kept. */
  readonly cacheOf: (type: TaskTypeInfo) => Cache | null;
  /** The version of a type's code, as it is here. */
  readonly versionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
}

/** Another worker may take the job: this one must not. */
export class Refusal extends Error {
  /** The name by which it is told apart. */
  override readonly name = "Refusal";
}

/** A task to run, with where its result is to lie, and those of the tasks nested in its params lie. */
export interface GivenTask extends Dependency {
  readonly cache: Cache;
  readonly dependencies: readonly Dependency[];
}

/**
 * Makes the task that a job names. Its types, and those of tasks nested in it, are found by their names among
 * those that this program has defined: a job names no module.
 *
 * @throws {Refusal} When a type is not known here, its code has another version, or its cache is another one.
 * @throws {SerializationError} When the job is malformed.
 */
export async function givenTask({ table, key }: ReadPayload, types: Types): Promise<GivenTask> {
  const versions = await versionsOf(table.tasks, types);
  const task = taskFromJson<Task>(table, (name, codeVersion, params) => {
    const type = findTaskType(name);
    if (type === undefined) throw new Refusal(`has no task type ${JSON.stringify(name)}`);
    const own = versions.get(name);
    if (own !== codeVersion) {
      throw new Refusal(
        `has code version ${shown(own)} of ${name}, and ${shown(codeVersion)} is asked for`,
      );
    }
    return createTask(type, params, codeVersion);
  })!;
  const { taskName, type } = task;
  if (!types.served.has(taskName)) throw new Refusal(`does not take tasks of ${taskName}`);
  const cache = types.cacheOf(type);
  if (cache === null || resultKey(cache.keyPrefix, task) !== key) {
    throw new Refusal(
      `keeps results of ${taskName} elsewhere than they are asked for: its cache is another one`,
    );
  }
  const digests = new WeakMap<Task, string>();
  const dependencies = task.dependencies.map((each): Dependency => {
    const cache = types.cacheOf(each.type);
    return { task: each, cache, key: resultKey(cache?.keyPrefix ?? "", each, digests) };
  });
  return { task, cache, key, dependencies };
}

async function versionsOf(
  tasks: Readonly<Record<string, unknown>>,
  { versionOf }: Types,
): Promise<Map<string, string | undefined>> {
  const versions = new Map<string, string | undefined>();
  for (const json of Object.values(tasks)) {
    const name = isPlainObject(json) ? json.name : undefined;
    if (typeof name !== "string") throw new SerializationError("A job holds a task without a name");
    const type = findTaskType(name);
    if (type !== undefined && !versions.has(name)) versions.set(name, await versionOf(type));
  }
  return versions;
}

function shown(version: string | undefined): string {
  return version === undefined ? "none" : JSON.stringify(version);
}
