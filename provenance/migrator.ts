import type { Migration } from "../definition.ts";
import { describe, isPlainObject } from "../describe.ts";
import { mapTasks } from "../params.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { keyDigest } from "../serialize.ts";
import {
  createTask,
  definitionOf,
  findTaskType,
  type Task,
  type TaskType,
  type TaskTypeInfo,
  taskTypeNames,
} from "../task.ts";

/** That a task of an earlier shape is none of now. */
export interface Unmigratable {
  /** What went wrong; left out where it is simply of other code, or of an unknown type. */
  readonly fault: string | undefined;
}

const NOT: Unmigratable = { fault: undefined };

/** Makes tasks of earlier shapes into those of now, by what their types say in `migrate` and `formerly`. */
export class Migrator {
  readonly #versionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
  readonly #versions = new Map<TaskTypeInfo, string | undefined>();
  readonly #heirs = heirs();
  readonly #digests = new WeakMap<Task, string>();
  /** What came of nested tasks, by the digests of their keys: entries share many of them. */
  readonly #nested = new Map<string, Task | Unmigratable>();

  /** Takes the version that a type's code has now. */
  constructor(versionOf: (type: TaskTypeInfo) => Promise<string | undefined>) {
    this.#versionOf = versionOf;
  }

  /**
   * Makes the task of now: its nested tasks first, then itself.
   *
   * @param old The task as it was stored, of no type of the program.
   * @param type What its type is to be now.
   */
  async migrate(old: Task, type: TaskTypeInfo): Promise<Task | Unmigratable> {
    const path: Task[] = [...old.dependencies];
    for (let node = path.at(-1); node; node = path.at(-1)) {
      const open = this.#of(node) ? [] : node.dependencies.filter((each) => !this.#of(each));
      if (open.length > 0) {
        for (const dependency of open) path.push(dependency);
        continue;
      }
      path.pop();
      if (this.#of(node)) continue;
      // In a notebook, the type of the earlier name may still be there.
      const heir = this.#heirs.get(node.taskName) ?? findTaskType(node.taskName);
      const now = heir ? await this.#remake(node, heir) : NOT;
      this.#nested.set(keyDigest(node, this.#digests), now);
    }
    return await this.#remake(old, type);
  }

  /** What came of a nested task, if it was looked at. */
  #of(node: Task): Task | Unmigratable | undefined {
    return this.#nested.get(keyDigest(node, this.#digests));
  }

  /** Makes a task whose nested tasks are made already. */
  async #remake(old: Task, type: TaskTypeInfo): Promise<Task | Unmigratable> {
    const obstacle = old.dependencies.map((each) => this.#of(each)!).find(isPlainObject);
    if (obstacle !== undefined) return obstacle as unknown as Unmigratable;
    const version = await this.#now(type);
    const steps = stepsFrom(old.codeVersion, type, version);
    if (steps === undefined) return NOT;
    let params = mapTasks(old.params, (nested) => this.#of(nested as Task)) as object;
    if (steps.length === 0) return createTask(type, params, version);
    try {
      for (const step of steps) params = next(step, params);
      return (type as TaskType)(params as never);
    } catch (error) {
      // Whatever is thrown: what comes from a storage may be anything.
      const reason = error instanceof Error ? `${error.name}: ${error.message}` : describe(error);
      return { fault: neutralizeLine(reason) };
    }
  }

  async #now(type: TaskTypeInfo): Promise<string | undefined> {
    if (!this.#versions.has(type)) this.#versions.set(type, await this.#versionOf(type));
    return this.#versions.get(type);
  }
}

function next(step: Migration, old: object): object {
  const params: unknown = step.params(old as Readonly<Record<string, unknown>>);
  if (isPlainObject(params)) return params;
  if (params instanceof Promise) params.catch(() => {});
  throw new TypeError(`Expected params as a plain object from migrate, got ${describe(params)}`);
}

/** The migrations from a version to that of now; none where that is the same, `undefined` where there is no way. */
function stepsFrom(
  from: string | undefined,
  type: TaskTypeInfo,
  now: string | undefined,
): readonly Migration[] | undefined {
  if (from === now) return [];
  const { migrate = [] } = definitionOf(type);
  const chain = (Array.isArray(migrate) ? migrate : [migrate]) as readonly Migration[];
  const first = chain.findIndex((migration) => migration.from === from);
  if (first < 0) return undefined;
  const steps = chain.slice(first);
  const leadsOn = steps.every(({ to }, at) => {
    const after = steps[at + 1];
    return to === undefined || to === (after ? after.from : now);
  });
  return leadsOn ? steps : undefined;
}

/** The types that claim earlier names, where one alone does. */
function heirs(): ReadonlyMap<string, TaskTypeInfo | undefined> {
  const found = new Map<string, TaskTypeInfo | undefined>();
  for (const name of taskTypeNames()) {
    const type = findTaskType(name)!;
    for (const former of definitionOf(type).formerly ?? []) {
      found.set(former, found.has(former) ? undefined : type);
    }
  }
  return found;
}
