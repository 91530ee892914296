import { LabtechError } from "../errors.ts";
import { resultKey, taskFromJson, type TaskTableJson } from "../serialize.ts";
import { createTask, type Task, type TaskTypeInfo } from "../task.ts";

/** The task that a table holds, made of nothing but its names, params and code versions. */
export interface RebuiltTask {
  /** The task; it cannot be run. */
  readonly task: Task;
  /** What its key begins with. */
  readonly keyPrefix: string;
}

/**
 * Rebuilds the task of an entry as it was, whatever types the program defines. Gives `undefined` where
 * what the entry says does not hold together: its table is malformed, or its key not that of its task.
 */
export function rebuiltTask(table: TaskTableJson, key: string): RebuiltTask | undefined {
  let task: Task | undefined;
  try {
    task = taskFromTable(table);
  } catch (error) {
    if (!(error instanceof LabtechError)) throw error;
    return undefined;
  }
  const end = resultKey("", task);
  return key.endsWith(end) ? { task, keyPrefix: key.slice(0, -end.length) } : undefined;
}

/**
 * The same of a table that was not taken from an entry.
 *
 * @throws {LabtechError} When it is malformed.
 */
export function taskFromTable(table: TaskTableJson): Task {
  return taskFromJson(
    table,
    (name, codeVersion, params) => createTask(typeNamed(name), params, codeVersion),
  )!;
}

function typeNamed(taskName: string): TaskTypeInfo {
  return {
    taskName,
    codeVersion: undefined,
    cache: undefined,
    maxParallel: Infinity,
    module: undefined,
  };
}
