import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";

/** Options of {@linkcode AsyncRunner}. */
export interface AsyncRunnerOptions {
  /** How many tasks run at the same time. @default {the Lab's} */
  readonly maxWorkers?: number | undefined;
}

/** Runs tasks concurrently in the main thread; for tasks that mostly wait for input or output. */
export class AsyncRunner implements Runner {
  /** The registered name. */
  readonly name = "async";
  /** How many tasks run at the same time, where this runner says so. */
  readonly maxWorkers: number | undefined;

  /** Makes the runner. */
  constructor(options: AsyncRunnerOptions = {}) {
    this.maxWorkers = options.maxWorkers;
  }

  /** Needs nothing beside what the tasks do. */
  permissions(_types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    return {};
  }

  /** Begins a run. */
  async open(setting: RunSetting): Promise<RunnerSession> {
    const { InThreadSession } = await import("./_in_thread.ts");
    return new InThreadSession(setting, setting.maxWorkers);
  }

  /** Holds nothing. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
