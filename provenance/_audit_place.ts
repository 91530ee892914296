import type { Cache } from "../caches/cache.ts";
import type { Place } from "../plan.ts";
import type { TaskResults } from "../results.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call } from "../storages/storage.ts";
import type { Task, TaskTypeInfo } from "../task.ts";
import type { AuditStorage } from "./_audit_storage.ts";

/** How tasks are run for an audit. */
export interface AuditRun extends Call {
  /** By what. @default {the Lab's runner} */
  readonly runner?: string;
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
  run(storage: AuditStorage, tasks: readonly Task[], options: AuditRun): Promise<TaskResults>;
}
