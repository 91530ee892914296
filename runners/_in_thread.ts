import { definitionOf, type Task, type TaskTypeInfo } from "../task.ts";
import { declaredPermissions } from "./_declared_permissions.ts";
import { Executor } from "./_executor.ts";
import { labelOf } from "./_label.ts";
import type { Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";

/** Runs jobs in the Lab's own thread, up to a number of them at the same time. */
export class InThreadSession implements RunnerSession {
  readonly slots: number;
  readonly #setting: RunSetting;
  readonly #executor: Executor;
  readonly #warned = new Set<TaskTypeInfo>();

  constructor(setting: RunSetting, slots: number) {
    this.slots = slots;
    this.#setting = setting;
    this.#executor = new Executor({
      storage: setting.storage,
      signal: setting.signal,
      log: (task, level, text) =>
        setting.report({
          kind: "log",
          at: Date.now(),
          task: task && labelOf(task),
          level,
          text,
        }),
    });
  }

  run(job: Job): Promise<Outcome> {
    const { task } = job;
    this.#warnOfBounds(task.type);
    this.#setting.report({ kind: "started", at: Date.now(), task: labelOf(task) });
    return this.#executor.execute({
      ...job,
      context: () => job.ownContext ?? contextOf(task, this.#setting.context),
    });
  }

  forget(id: string): void {
    this.#executor.forget(id);
  }

  drop(): void {
    // Jobs are begun as soon as they are handed over.
  }

  #warnOfBounds(type: TaskTypeInfo): void {
    if (this.#warned.has(type) || declaredPermissions(type) === undefined) return;
    this.#warned.add(type);
    const text =
      `The permissions that the task type ${type.taskName} declares do not hold in the ` +
      `program's own thread; the runner "processes" holds tasks to them`;
    this.#setting.report({ kind: "log", at: Date.now(), level: "warn", text });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#executor[Symbol.dispose]();
    return Promise.resolve();
  }
}

/** The part of the context that a task gets. */
export function contextOf(
  task: Task,
  context: Readonly<Record<string, unknown>>,
): Readonly<Record<string, unknown>> {
  const { filterContext } = definitionOf(task.type);
  return filterContext === undefined ? context : filterContext(context, task.params as never);
}
