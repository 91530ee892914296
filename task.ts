import { AUTO } from "./code_version/auto.ts";
import {
  type CacheChoice,
  checkDefinition,
  type ResultMeta,
  type TaskDefinition,
  type ValidatedDefinition,
} from "./definition.ts";
import { describe, showPath } from "./describe.ts";
import { TaskError } from "./errors.ts";
import { canonicalParams, mapTasks, TaskNode } from "./params.ts";
import type { StandardSchema } from "./plugin.ts";
import { taskId } from "./serialize.ts";
import { summarize } from "./summary.ts";

/** What a task computed, and when. */
export interface TaskResult<R = unknown> {
  /** What `run` returned. */
  readonly value: R;
  /** When it was computed, and how long that took. */
  readonly meta: ResultMeta;
}

/** What is known of a task type whatever its params. */
export interface TaskTypeInfo {
  /** The identity of the type: part of ids and keys. */
  readonly taskName: string;
  /**
   * A cached result is only used where its version matches. `"auto"` where it follows the code:
   * `lab.codeVersionOf(type)` tells which that is now.
   */
  readonly codeVersion: string | undefined;
  /** The cache named in the definition; `undefined` for the Lab's. */
  readonly cache: CacheChoice | undefined;
  /** How many tasks of this type may run at once; `Infinity` where nothing is said. */
  readonly maxParallel: number;
  /** URL of the module that defines the type; `undefined` in a REPL or notebook. */
  readonly module: string | undefined;
}

/** Makes tasks of one type from their params. */
export interface TaskType<Params = never, R = unknown, Input = Params> extends TaskTypeInfo {
  /**
   * Makes a task. Params are copied and frozen.
   *
   * @throws {TaskError} When a param has a type that params cannot hold, or fails the schema.
   */
  (...params: Record<never, never> extends Input ? [params?: Input] : [params: Input]): Task<
    R,
    [Params] extends [never] ? object : Params & object
  >;
}

/** The result's type of a task or task type. */
export type ResultOf<T> = T extends Task<infer R> ? R
  : T extends (...args: never) => Task<infer R> ? R
  : never;

/** The params' type of a task or task type. */
export type ParamsOf<T> = T extends Task<unknown, infer P> ? P
  : T extends (...args: never) => Task<unknown, infer P> ? P
  : never;

type AnyDefinition = TaskDefinition<object, unknown, Task>;
type AnyTaskType = TaskType<never, unknown>;

let setResult: (task: Task, result: TaskResult | undefined) => void;
let isTaskInstance: (value: unknown) => boolean;
let makeTask: (parts: TaskParts) => Task;
let isVersionFixed: (task: Task) => boolean;

/**
 * One piece of work: a type and params. Made by calling a task type. Tasks are equal when their `id`s
 * are.
 */
export class Task<R = unknown, Params extends object = object> extends TaskNode {
  static {
    setResult = (task, result) => task.#result = result;
    isTaskInstance = (value) => typeof value === "object" && value !== null && #result in value;
    makeTask = (parts) => new Task(parts);
    isVersionFixed = (task) => task.#isFixed;
  }

  /** The task's type. */
  readonly type: TaskType<never, R>;
  /** The params, deeply frozen. */
  override readonly params: Readonly<Params>;
  /** Which task this is, in any program: the type's name and a digest over name and params. */
  override readonly id: string;
  /**
   * The version of the type's code that the task was made, or its result stored, with. Where it follows the
   * code (`"auto"`), that is settled by the Lab: tasks from `lab.cachedTasks()` and `ctx.task` have the
   * version that results were, and are, stored with.
   */
  override readonly codeVersion: string | undefined;
  /** The tasks nested in the params, each once. */
  override readonly dependencies: readonly Task[];
  readonly #isFixed: boolean;
  #result: TaskResult<R> | undefined;

  /** Made by task types only. */
  private constructor(parts: TaskParts) {
    super();
    this.type = parts.type as TaskType<never, R>;
    this.params = parts.params as Readonly<Params>;
    this.id = parts.id;
    this.codeVersion = parts.codeVersion;
    this.dependencies = parts.dependencies;
    this.#isFixed = parts.isFixed ?? false;
  }

  /** The name of the task's type. */
  override get taskName(): string {
    return this.type.taskName;
  }

  /**
   * The result, where it is in memory: within `run` those of the nested tasks, after a run those of
   * the tasks that were asked for.
   *
   * @throws {TaskError} When the result is not in memory.
   */
  get result(): R {
    return this.#inMemory().value;
  }

  /**
   * When the result was computed, and how long that took.
   *
   * @throws {TaskError} When the result is not in memory.
   */
  get resultMeta(): ResultMeta {
    return this.#inMemory().meta;
  }

  #inMemory(): TaskResult<R> {
    if (this.#result === undefined) {
      throw new TaskError(
        `The result of ${this} is not in memory; get it from lab.runTask(task), or, within run, ` +
          `only from tasks in your own params`,
      );
    }
    return this.#result;
  }

  /**
   * The task in words: `Scaled(by=2, square=Square(base=42))`, cut at 200 characters and three levels. Where
   * that is too little, less is told of nested tasks.
   */
  override toString(): string {
    return summarize(this);
  }

  /** The same in the console. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

interface TaskParts {
  readonly type: AnyTaskType;
  readonly params: object;
  readonly id: string;
  readonly codeVersion: string | undefined;
  readonly dependencies: readonly Task[];
  /** Whether the version is a stored result's or a run's, whatever the type's is now. */
  readonly isFixed?: boolean;
}

/** How a module came into the program. */
export interface TypeImport {
  /** When the type was defined there, in ms since the epoch: all its static imports were loaded by then. */
  readonly time: number;
  /** Resolves what is imported there to a URL, by the import map in force. */
  readonly resolve?: (specifier: string) => string;
}

/** Whether a value is a task. */
export function isTask(value: unknown): value is Task {
  return isTaskInstance(value);
}

/** Whether a value is a task type. */
export function isTaskType(value: unknown): value is TaskType {
  return typeof value === "function" && definitions.has(value as unknown as AnyTaskType);
}

const definitions = new WeakMap<AnyTaskType, AnyDefinition>();
const imports = new WeakMap<AnyTaskType, TypeImport>();
let autoTypes = false;
let migratingTypes = false;
// Of tasks whose versions were settled: those that were given.
const originals = new WeakMap<Task, Task>();
const types = new Map<string, AnyTaskType>();

/**
 * Defines a task type.
 *
 * The types of params and result are those of `run`.
 *
 * @param meta `import.meta`, by which another thread, process or machine imports the module that
 *   defines the type; `null` in a REPL or notebook, whose types run on `serial` and `async` only.
 * @param definition The name, the work, and how results are kept.
 * @throws {TaskError} When the definition is malformed, or another module has a type of that name.
 *
 * @example
 * ```ts
 * import { task } from "@labtech/lab";
 * import { assertEquals } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "Square",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 *
 * const square = Square({ base: 42 });
 * assertEquals(square.params.base, 42);
 * assertEquals(square.id, Square({ base: 42 }).id);
 * ```
 */
export function task<Input extends object, Params extends object, R>(
  meta: { readonly url: string } | null,
  definition: ValidatedDefinition<Input, Params, R, Task<unknown, Params>>,
): TaskType<Params, Awaited<R>, Input>;
/** Defines a task type whose params are not validated by a schema. */
export function task<Params extends object, R>(
  meta: { readonly url: string } | null,
  definition: TaskDefinition<Params, R, Task<unknown, Params>> & { readonly params?: undefined },
): TaskType<Params, Awaited<R>>;
export function task(
  meta: { readonly url: string; readonly resolve?: (specifier: string) => string } | null,
  definition: unknown,
): AnyTaskType {
  checkDefinition(definition);
  const checked = definition as AnyDefinition & { params?: StandardSchema };
  const { name, codeVersion, cache, maxParallel = Infinity, migrate, formerly = [] } = checked;
  const type: AnyTaskType = Object.assign(
    (params: object = {}) =>
      newTask(type, validated(name, checked.params, params), { codeVersion }),
    { taskName: name, codeVersion, cache, maxParallel, module: moduleOf(meta) },
  ) as unknown as AnyTaskType;
  Object.defineProperty(type, "name", { value: name });
  Object.freeze(type);
  register(type);
  definitions.set(type, checked);
  const resolve = meta?.resolve?.bind(meta);
  imports.set(type, { time: Date.now(), ...(resolve && { resolve }) });
  autoTypes ||= codeVersion === AUTO;
  migratingTypes ||= migrate !== undefined || formerly.length > 0;
  return type;
}

// A REPL or notebook gives its cells names that cannot be imported.
function moduleOf(meta: { readonly url: string } | null): string | undefined {
  if (meta === null) return undefined;
  if (typeof meta?.url !== "string") {
    throw new TaskError(
      `Expected import.meta (or null in a REPL or notebook) as first argument of task, got ` +
        describe(meta),
    );
  }
  return meta.url.includes("$deno$") ? undefined : meta.url;
}

function register(type: AnyTaskType): void {
  const { taskName, module } = type;
  const earlier = types.get(taskName);
  // In a notebook, a cell that is run again defines its types again.
  if (earlier !== undefined && !(module === undefined && earlier.module === undefined)) {
    throw new TaskError(
      earlier.module === module
        ? `${module} defines two task types named "${taskName}"; name one of them differently`
        : `Two task types are named "${taskName}", one in ${earlier.module ?? "a REPL"}, one in ` +
          `${module ?? "a REPL"}; names identify results, so name one of them differently`,
    );
  }
  types.set(taskName, type);
}

function validated(name: string, schema: StandardSchema | undefined, params: unknown): unknown {
  if (schema === undefined) return params;
  const result = schema["~standard"].validate(params);
  if (result instanceof Promise) {
    result.catch(() => {}); // it is refused whatever comes of it
    throw new TaskError(
      `Task type ${name}: the schema of its params is asynchronous; tasks are made at once`,
    );
  }
  if (result.issues === undefined) return result.value;
  const lines = result.issues.map(({ message, path = [] }) => {
    const steps = path.map((step) => typeof step === "object" ? step.key : step);
    return `${showPath("params", steps)}: ${message}`;
  });
  throw new TaskError(`Task type ${name}: ${lines.join("; ")}`);
}

/** The task type registered under a name, if any. */
export function findTaskType(name: string): TaskType | undefined {
  return types.get(name);
}

/** The names of all task types that the program has defined. */
export function taskTypeNames(): string[] {
  return [...types.keys()];
}

/** What a task type was defined with. */
export function definitionOf(type: TaskTypeInfo): TaskDefinition<object, unknown, Task> {
  return definitions.get(type as AnyTaskType)!;
}

/** Whether the program has defined any task type whose version follows its code. */
export function definesAutoTypes(): boolean {
  return autoTypes;
}

/** Whether the program has defined any task type that claims earlier results, by `migrate` or `formerly`. */
export function definesMigrations(): boolean {
  return migratingTypes;
}

/** How the module of a task type was imported. */
export function importOf(type: TaskTypeInfo): TypeImport {
  return imports.get(type as AnyTaskType)!;
}

/** Makes a task from params that its type's schema has seen already; the version is the task's own. */
export function createTask(
  type: TaskTypeInfo,
  given: unknown,
  codeVersion: string | undefined,
): Task {
  return newTask(type, given, { codeVersion, isFixed: true });
}

function newTask(
  type: TaskTypeInfo,
  given: unknown,
  version: Pick<TaskParts, "codeVersion" | "isFixed">,
): Task {
  let canonical;
  try {
    canonical = canonicalParams(given);
  } catch (error) {
    if (!(error instanceof TaskError)) throw error;
    throw new TaskError(`Task type ${type.taskName}: ${error.message}`, { cause: error });
  }
  const { params, text, dependencies } = canonical;
  return makeTask({
    type: type as AnyTaskType,
    params,
    id: taskId(type.taskName, text),
    dependencies: dependencies as readonly Task[],
    ...version,
  });
}

/**
 * The same tasks with the versions of their types, at any depth; those that have them already are given back
 * themselves, and so are those that keep their own. Linear in the graph.
 *
 * @param settled What was given before, for the same versions.
 */
export function settleVersions<T extends Task>(
  tasks: readonly T[],
  versionOf: (type: TaskTypeInfo) => string | undefined,
  settled: WeakMap<Task, Task>,
): T[] {
  const path: Task[] = [...tasks];
  for (let task = path.at(-1); task; task = path.at(-1)) {
    const open = settled.has(task) ? [] : task.dependencies.filter((each) => !settled.has(each));
    if (open.length > 0) {
      for (const dependency of open) path.push(dependency);
      continue;
    }
    path.pop();
    if (!settled.has(task)) settled.set(task, settledTask(task, versionOf, settled));
  }
  return tasks.map((task) => settled.get(task) as T);
}

function settledTask(
  task: Task,
  versionOf: (type: TaskTypeInfo) => string | undefined,
  settled: WeakMap<Task, Task>,
): Task {
  const codeVersion = isVersionFixed(task) ? task.codeVersion : versionOf(task.type);
  const dependencies = task.dependencies.map((dependency) => settled.get(dependency)!);
  const isSame = codeVersion === task.codeVersion &&
    dependencies.every((dependency, i) => dependency === task.dependencies[i]);
  if (isSame) return task;
  const { type, id } = task;
  const params = mapTasks(task.params, (nested) => settled.get(nested as Task)!) as object;
  const copy = makeTask({ type, params, id, codeVersion, dependencies, isFixed: true });
  originals.set(copy, task);
  return copy;
}

/** The task that {@linkcode settleVersions} was given. */
export function originalOf<T extends Task>(task: T): T {
  return (originals.get(task) ?? task) as T;
}

/** Keeps a result with a task, or (without one) drops it. */
export function keepResult(task: Task, result: TaskResult | undefined): void {
  setResult(task, result);
}

/** A copy of a task whose nested tasks hold their results; the given task holds none. */
export function bindResults(
  task: Task,
  results: { get(id: string): TaskResult | undefined },
): Task {
  if (task.dependencies.length === 0) return task;
  const bound = new Map<string, Task>();
  const bind = (nested: TaskNode) => {
    let copy = bound.get(nested.id);
    if (copy === undefined) {
      copy = sameTask(nested as Task);
      setResult(copy, results.get(nested.id));
      bound.set(nested.id, copy);
    }
    return copy;
  };
  return sameTask(task, mapTasks(task.params, bind) as object);
}

function sameTask(task: Task, params: object = task.params): Task {
  const { type, id, codeVersion, dependencies } = task;
  return makeTask({
    ...{ type, params, id, codeVersion, dependencies },
    isFixed: isVersionFixed(task),
  });
}
