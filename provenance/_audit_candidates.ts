import { cachedTasks } from "../cached_tasks.ts";
import { describe } from "../describe.ts";
import { TaskError } from "../errors.ts";
import {
  findTaskType,
  isTask,
  isTaskType,
  type Task,
  type TaskTypeInfo,
  taskTypeNames,
} from "../task.ts";
import type { AuditPlace } from "./_audit_place.ts";
import type { AuditOptions } from "./audit_report.ts";

/** What an audit may choose from. */
export interface Candidates {
  /** The tasks that can be looked at, with their keys. */
  readonly candidates: ReadonlyMap<Task, string>;
  readonly passedOver: number;
}

/** Finds the results that can be looked at. */
export async function findCandidates(
  place: AuditPlace,
  options: AuditOptions,
): Promise<Candidates> {
  const { signal, types = taskTypeNames().map((name) => findTaskType(name)!) } = options;
  const wanted = new Set(types);
  for (const type of wanted) {
    if (!isTaskType(type)) throw new TaskError(`Expected task types, got ${describe(type)}`);
  }
  if (options.tasks !== undefined) {
    return await givenCandidates(place, options.tasks, wanted, signal);
  }
  const { tasks, passedOver } = await cachedTasks(place, wanted, { signal });
  const isCurrent = await currency(place, tasks);
  const candidates = new Map<Task, string>();
  for (const task of tasks) if (isCurrent(task)) candidates.set(task, await place.keyOf(task));
  return { candidates, passedOver: passedOver + tasks.length - candidates.size };
}

async function givenCandidates(
  place: AuditPlace,
  given: Iterable<Task>,
  wanted: ReadonlySet<TaskTypeInfo>,
  signal: AbortSignal | undefined,
): Promise<Candidates> {
  const tasks = new Map<string, Task>();
  for (const task of given) {
    if (!isTask(task)) throw new TaskError(`Expected tasks to audit, got ${describe(task)}`);
    if (wanted.has(task.type)) tasks.set(task.id, task);
  }
  const candidates = new Map<Task, string>();
  for (const task of tasks.values()) {
    const cache = place.cacheOf(task.type);
    const key = await place.keyOf(task);
    const isThere = place.storage && await cache?.isCached(place.storage, key, { signal });
    if (isThere) candidates.set(task, key);
  }
  return { candidates, passedOver: tasks.size - candidates.size };
}

/** Tells of tasks from a storage whether they are of the code of now, and all that is nested in them. */
async function currency(
  place: AuditPlace,
  tasks: readonly Task[],
): Promise<(task: Task) => boolean> {
  const types = new Set(postOrder(tasks).map(({ type }) => type));
  const versions = new Map<TaskTypeInfo, string | undefined>();
  for (const type of types) versions.set(type, await place.versionOf(type));
  const current = new Map<Task, boolean>();
  for (const task of postOrder(tasks)) {
    const isCurrent = versions.get(task.type) === task.codeVersion;
    current.set(task, isCurrent && task.dependencies.every((each) => current.get(each)));
  }
  return (task) => current.get(task)!;
}

/** The tasks and all that is nested in them, what is nested first. */
function postOrder(tasks: Iterable<Task>): Task[] {
  const done = new Set<Task>();
  const path = [...tasks];
  for (let task = path.at(-1); task; task = path.at(-1)) {
    const open = done.has(task) ? [] : task.dependencies.filter((each) => !done.has(each));
    for (const dependency of open) path.push(dependency);
    if (open.length > 0) continue;
    path.pop();
    done.add(task);
  }
  return [...done];
}

/**
 * Tasks that can be audited together: none of them depends on another one, so that each finds what is stored
 * of those that it depends on, and what differs is its own doing.
 */
export function* rounds(tasks: readonly Task[], most: number): Generator<Task[]> {
  const chosen = new Set(tasks.map(({ id }) => id));
  const levels = new Map<string, number>();
  for (const task of postOrder(tasks)) {
    const below = task.dependencies.map(({ id }) => levels.get(id)! + (chosen.has(id) ? 1 : 0));
    levels.set(task.id, below.reduce((highest, level) => Math.max(highest, level), 0));
  }
  for (const level of Map.groupBy(tasks, ({ id }) => levels.get(id)!).values()) {
    for (let i = 0; i < level.length; i += most) yield level.slice(i, i + most);
  }
}
