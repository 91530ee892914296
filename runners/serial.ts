import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";

/** Runs tasks one after the other in the main thread; for debugging. */
export class SerialRunner implements Runner {
  /** The registered name. */
  readonly name = "serial";
  /** Always one. */
  readonly maxWorkers = 1;

  /** Needs nothing beside what the tasks do. */
  permissions(_types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    return {};
  }

  /** Begins a run. */
  async open(setting: RunSetting): Promise<RunnerSession> {
    const { InThreadSession } = await import("./_in_thread.ts");
    return new InThreadSession(setting, 1);
  }

  /** Holds nothing. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
