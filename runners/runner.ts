import type { Cache } from "../caches/cache.ts";
import type { Source } from "../code_version/task_code.ts";
import type { ResultMeta } from "../definition.ts";
import type { PluginSpec } from "../plugin.ts";
import type { RunEvent, TaskLabel } from "../progress/events.ts";
import type { Refusal } from "../signing/entry_signing.ts";
import type { SigningKeys } from "../signing/key_ring.ts";
import type { Storage } from "../storages/storage.ts";
import type { Task, TaskTypeInfo } from "../task.ts";

/** What a runner needs to sign and check entries in another thread. */
export interface RunSigning {
  /** The keys, the private one among them: for memory, never for a file, a log or a command line. */
  readonly keys: SigningKeys;
  /** Takes in which entries were not trusted. */
  readonly refused: (key: string, why: Refusal) => void;
}

/** What a runner is told of the run that it works for. */
export interface RunSetting {
  /** Where results lie; `null` when nothing is kept. */
  readonly storage: Storage | null;
  /** How many tasks may run at once. */
  readonly maxWorkers: number;
  /** The Lab's context; each task gets its part of it. */
  readonly context: Readonly<Record<string, unknown>>;
  /** URLs of the plugin modules of the configuration. */
  readonly plugins: readonly string[];
  /**
   * The files that the versions of tasks depend on (`codeVersion: "auto"`), as they were when the versions
   * were found out. Who imports task types in another thread or process after that, and finds one changed,
   * must not run them. @default {none}
   */
  readonly sources?: readonly Source[];
  /** Aborts when running tasks are to stop at once. */
  readonly signal: AbortSignal;
  /** How displays name a task of the run. */
  readonly labelOf: (id: string) => TaskLabel | undefined;
  /** Takes in what happens: `started` and `log` events; `usage` where it knows what a task takes. */
  readonly report: (event: RunEvent) => void;
  /**
   * Where entries are signed. The caches of jobs and dependencies see to it by themselves; only a runner
   * that makes caches of its own elsewhere needs this.
   */
  readonly signing?: RunSigning;
}

/** A task whose result a job needs. */
export interface Dependency {
  /** The task. */
  readonly task: Task;
  /** Where its result lies, if it is kept. */
  readonly key: string;
  /** How its result is formatted; `null` when it is not kept. */
  readonly cache: Cache | null;
}

/** One task to run. */
export interface Job extends Dependency {
  /** The tasks nested in its params: they ran in this session, or lie in the storage. */
  readonly dependencies: readonly Dependency[];
  /** Whether the result is asked for, so that the outcome must carry it. */
  readonly wanted: boolean;
  /** Whether other jobs of the session may need the result, until `forget` is called for it. */
  readonly shared: boolean;
  /** Which attempt this is, from 1. @default {1} */
  readonly attempt?: number;
  /** The token of the run's claim on the key: whoever saves the result does so under it. @default {none} */
  readonly claim?: string;
  /** What the task gets of the context, where that is known. @default {what its type leaves of the run's} */
  readonly ownContext?: Readonly<Record<string, unknown>>;
  /** Whether a result that is there is to be replaced. @default {false} */
  readonly replaces?: boolean;
  /** Aborts when this job alone is to be stopped: then it fails, and its result is not kept. @default {none} */
  readonly signal?: AbortSignal;
}

/** What became of a job. */
export type Outcome =
  /** It ran, and its result is kept where it should be. `value` is there when it was wanted. */
  | {
    readonly kind: "done";
    readonly meta: ResultMeta;
    readonly value?: unknown;
    /** The worker that ran it, and its machine (`gpu-1@host`), where that is not this program. */
    readonly worker?: string;
  }
  /** `run` threw, the result could not be kept, or the runner lost the job. */
  | {
    readonly kind: "failed";
    readonly error: Error;
    /** The task took longer than it may, and goes on all the same. */
    readonly abandoned?: boolean;
    /** The worker that ran it, where that is not this program. */
    readonly worker?: string;
  }
  /** It did not run, since results of these ids could not be loaded after all. */
  | { readonly kind: "missing"; readonly ids: readonly string[] }
  /** It was not begun, and will not be: the session is ending. */
  | { readonly kind: "dropped" };

/** A runner at work for one run. Disposed at the end of the run. */
export interface RunnerSession extends AsyncDisposable {
  /** How many jobs it is of use to hand over at once, just now. */
  readonly slots: number;
  /** Runs a job. Never rejects. */
  run(job: Job): Promise<Outcome>;
  /** Says that no further job needs the result of a task. */
  forget(id: string): void;
  /** Gives back, as `dropped`, jobs that were handed over but not begun. */
  drop(): void;
}

/** What runs tasks: here, in threads, in processes, on other machines. */
export interface Runner extends AsyncDisposable {
  /** The registered name. */
  readonly name: string;
  /** How many tasks to run at once where the Lab's options say nothing. */
  readonly maxWorkers?: number | undefined;
  /**
   * Whether the keys of results are claimed where tasks are run, so that the Lab need not: two Labs that want
   * the same then share the work, whichever of them ends.
   *
   * @default {false}
   */
  readonly claims?: boolean;
  /** How to make the same runner, for messages. */
  readonly spec?: PluginSpec | undefined;
  /** What running tasks of these types needs, beside what the tasks themselves do. */
  permissions(types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject;
  /**
   * Begins a run.
   *
   * @throws {RunnerError} When the runner cannot work here, or not for tasks of these types.
   */
  open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession>;
}
