import { openEntry } from "../caches/_opening.ts";
import type { Cache } from "../caches/cache.ts";
import type { ResultMeta } from "../definition.ts";
import { cachedTasks } from "../cached_tasks.ts";
import { describe } from "../describe.ts";
import { SerializationError, TaskError } from "../errors.ts";
import { LabError } from "../lab_error.ts";
import type { Place } from "../plan.ts";
import type { TaskResults } from "../results.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call } from "../storages/storage.ts";
import {
  findTaskType,
  isTask,
  isTaskType,
  type Task,
  type TaskResult,
  type TaskTypeInfo,
  taskTypeNames,
} from "../task.ts";
import { AuditStorage } from "./_audit_storage.ts";
import { isStream, streamDifferences } from "./_stream_difference.ts";
import { type SampleSize, stratifiedSample } from "./stratified_sample.ts";
import {
  type Differences,
  type Tolerance,
  type ValueDifference,
  valueDifferences,
} from "./value_difference.ts";

/** How {@linkcode Lab.audit} works. */
export interface AuditOptions extends Call {
  /**
   * How many results are looked at: a number, or a share such as `"5%"`. Of each task type in proportion to
   * how many it has, but at least one as far as that goes.
   *
   * @default {20}
   */
  readonly sample?: SampleSize;
  /** Which results they are: the same seed gives the same ones. @default {0} */
  readonly seed?: number | string;
  /**
   * How far two numbers may lie apart and still agree: `absolute`, or by this share of the larger one
   * `relative`; whichever allows more. One number stands for both. In typed arrays too, but for bytes.
   *
   * @default {0}
   */
  readonly tolerance?: number | Tolerance;
  /** Of these types only. @default {all types that the program has defined} */
  readonly types?: Iterable<TaskTypeInfo>;
  /** Of these tasks only. @default {all that the storage has results of} */
  readonly tasks?: Iterable<Task>;
  /** How many differences of each task are told. @default {10} */
  readonly differences?: number;
  /** Is told how far it has come. */
  readonly onProgress?: (progress: AuditProgress) => void;
}

/** How far {@linkcode Lab.audit} has come. */
export interface AuditProgress {
  /** How many tasks were run and compared. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
}

/** What an audit found out about one task. */
export interface AuditedTask {
  /** The task. */
  readonly task: Task;
  /** Where its result lies. */
  readonly key: string;
  /**
   * `"same"`; `"close"`: numbers differ, within the tolerance; `"different"`; `"failed"`: it throws now;
   * `"skipped"`: a task that it depends on has no result any more, and failed; `"unreadable"`: what is stored
   * cannot be loaded.
   */
  readonly verdict: "same" | "close" | "different" | "failed" | "skipped" | "unreadable";
  /** The first places at which both results differ; `before` is what is stored, `after` what came now. */
  readonly differences: readonly ValueDifference[];
  /** Whether there are more. */
  readonly more: boolean;
  /** Why it failed. */
  readonly error?: Error;
  /** When, and how long, the task ran whose result is stored. */
  readonly stored?: ResultMeta;
  /** How long it took now, in ms. */
  readonly duration?: number;
}

/** What an audit found out. */
export interface AuditReport {
  /** Whether all results came out the same again, or within the tolerance. */
  readonly passed: boolean;
  /** The tasks that were looked at, type by type. */
  readonly tasks: readonly AuditedTask[];
  /** How many results the sample was taken from. */
  readonly candidates: number;
  /** How many could not be: of earlier code, torn, foreign, not trusted; of `tasks`, those without result. */
  readonly passedOver: number;
}

/** What an audit needs of a Lab. */
export interface AuditPlace extends Place {
  /** What tells which entries are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** How many tasks run at once. */
  readonly maxWorkers: number;
  /** The same as `cacheOf`, but asking nothing of signatures. */
  bareCacheOf(type: TaskTypeInfo): Cache | null;
  /** The key of a task. */
  keyOf(task: Task): Promise<string>;
  /** The version of a type's code as it is now. */
  versionOf(type: TaskTypeInfo): Promise<string | undefined>;
  /** Runs tasks as the Lab does, on another storage; leaves no record, and signs nothing. */
  run(storage: AuditStorage, tasks: readonly Task[], call: Call): Promise<TaskResults>;
}

const SAMPLE = 20;
/** So many tasks a worker run together: their results are in memory until they are compared. */
const EACH = 2;

/** Runs tasks again whose results are there, and compares. See {@linkcode Lab.audit}. */
export async function auditResults(
  place: AuditPlace,
  options: AuditOptions = {},
): Promise<AuditReport> {
  checkOptions(options);
  const { signal, sample = SAMPLE, seed = 0, onProgress } = options;
  signal?.throwIfAborted();
  const { candidates, passedOver } = await findCandidates(place, options);
  const chosen = stratifiedSample(candidates.keys(), sample, seed);
  const audited = new Map<Task, AuditedTask>();
  for (const round of rounds(chosen, EACH * place.maxWorkers)) {
    const keys = new Map(round.map((task) => [task, candidates.get(task)!]));
    for (const each of await auditRound(place, keys, options)) audited.set(each.task, each);
    onProgress?.({ done: audited.size, of: chosen.length });
  }
  const tasks = chosen.map((task) => audited.get(task)!);
  const passed = tasks.every(({ verdict }) => verdict === "same" || verdict === "close");
  return { passed, tasks, candidates: candidates.size, passedOver };
}

function checkOptions({ tolerance = 0, differences = 1, seed = 0 }: AuditOptions): void {
  const limits = typeof tolerance === "number" ? [tolerance] : [
    tolerance?.absolute ?? 0,
    tolerance?.relative ?? 0,
  ];
  if (!limits.every((limit) => typeof limit === "number" && limit >= 0)) {
    throw new TaskError(
      `Expected tolerance to be a number of 0 or more, or { absolute, relative } of such, got ` +
        describe(tolerance),
    );
  }
  if (!Number.isSafeInteger(differences) || differences < 1) {
    throw new TaskError(
      `Expected differences to be a whole number from 1, got ${describe(differences)}`,
    );
  }
  if (typeof seed !== "number" && typeof seed !== "string") {
    throw new TaskError(`Expected seed to be a number or a text, got ${describe(seed)}`);
  }
}

interface Candidates {
  /** The tasks that can be looked at, with their keys. */
  readonly candidates: ReadonlyMap<Task, string>;
  readonly passedOver: number;
}

async function findCandidates(place: AuditPlace, options: AuditOptions): Promise<Candidates> {
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
function* rounds(tasks: readonly Task[], most: number): Generator<Task[]> {
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

async function auditRound(
  place: AuditPlace,
  keys: ReadonlyMap<Task, string>,
  options: AuditOptions,
): Promise<AuditedTask[]> {
  const { signal } = options;
  const scratch = new AuditStorage(place.storage!, new Set(keys.values()), place.signing);
  const { failures, skipped } = await ran(place, scratch, [...keys.keys()], { signal });
  const audited: AuditedTask[] = [];
  for (const [task, key] of keys) {
    const base = { task, key, differences: [], more: false };
    const failure = failures.get(task.id);
    if (failure) audited.push({ ...base, verdict: "failed", error: failure });
    else if (skipped.has(task.id)) audited.push({ ...base, verdict: "skipped" });
    else audited.push({ ...base, ...await compared(place, scratch, task, key, options) });
  }
  return audited;
}

/** Runs tasks; what fails does not keep the others from being compared. */
async function ran(
  place: AuditPlace,
  scratch: AuditStorage,
  tasks: readonly Task[],
  call: Call,
): Promise<{ readonly failures: Map<string, Error>; readonly skipped: Set<string> }> {
  const [failures, skipped] = [new Map<string, Error>(), new Set<string>()];
  try {
    await place.run(scratch, tasks, call);
  } catch (error) {
    call.signal?.throwIfAborted();
    const isOfTasks = error instanceof LabError && error.results && error.stopped === undefined;
    if (!isOfTasks) throw error;
    for (const [{ id }, failure] of error.failures) failures.set(id, failure);
    for (const { id } of error.skipped.keys()) skipped.add(id);
  }
  return { failures, skipped };
}

async function compared(
  place: AuditPlace,
  scratch: AuditStorage,
  task: Task,
  key: string,
  options: AuditOptions,
): Promise<Pick<AuditedTask, "verdict"> & Partial<AuditedTask>> {
  const { signal } = options;
  const [{ signing, storage }, { computed }] = [place, scratch];
  const [before, after] = [
    (await openEntry(storage!, key, { signal, signing, refused: () => {} }))?.metadata,
    (await openEntry(computed, key, { signal }))?.metadata,
  ];
  if (before === undefined || after === undefined) return { verdict: "unreadable" };
  const times = {
    stored: { start: new Date(before.start), duration: before.duration },
    duration: after.duration,
  };
  const digests = (files: typeof before.files) =>
    JSON.stringify(Object.entries(files).map(([name, { sha256 }]) => [name, sha256]).sort());
  // Equal bytes need not be loaded, however many they are.
  if (digests(before.files) === digests(after.files)) return { ...times, verdict: "same" };
  const stored = await place.cacheOf(task.type)!.load(storage!, key, task, { signal });
  const now = await place.bareCacheOf(task.type)!.load(computed, key, task, { signal });
  if (stored === undefined || now === undefined) return { ...times, verdict: "unreadable" };
  const found = await differencesOf(stored, now, options);
  if (found === undefined) return { ...times, verdict: "unreadable" };
  const { first, more, within } = found;
  const verdict = first.length > 0 ? "different" : within ? "close" : "same";
  return { ...times, verdict, differences: first, more };
}

/** How two results differ; `undefined` where a stream turns out to be damaged. */
async function differencesOf(
  { value: before }: TaskResult,
  { value: after }: TaskResult,
  { tolerance, differences: most }: AuditOptions,
): Promise<Differences | undefined> {
  if (!isStream(before) || !isStream(after)) {
    return valueDifferences(before, after, { tolerance, most });
  }
  try {
    return await streamDifferences(before, after);
  } catch (error) {
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
}
