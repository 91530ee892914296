/** How grave a log line is. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** A task, as far as a display needs to know it. */
export interface TaskLabel {
  /** Which task: its id. */
  readonly id: string;
  /** The name of its type. */
  readonly type: string;
  /** The task in words, at most 200 characters. */
  readonly text: string;
}

/** What a task takes, as far as it is known. */
export interface TaskUsage {
  /** Its share of a processor since it was last told, 1 for one that is fully used; 2 for two of them. */
  readonly cpu?: number;
  /** Memory, in bytes: that of its process, or the heap of its thread. */
  readonly memory?: number;
  /** The worker that has the task, and its machine (`gpu-1@host`), where that is not this program. */
  readonly worker?: string;
}

/** What happens in a run, in order. `at` is in ms since the epoch. */
export type RunEvent =
  /** More tasks belong to the run than was known before. */
  | { readonly kind: "planned"; readonly at: number; readonly type: string; readonly count: number }
  /** A task began to run. */
  | { readonly kind: "started"; readonly at: number; readonly task: TaskLabel }
  /** What a task that runs takes, from time to time, where the runner knows. */
  | { readonly kind: "usage"; readonly at: number; readonly task: TaskLabel } & TaskUsage
  /** Another process computes a task: the run waits for the result, or for its turn. */
  | { readonly kind: "waiting"; readonly at: number; readonly task: TaskLabel }
  /** A task is done: it ran, or its result was in the cache. `duration` is that of `run`, in ms. */
  | {
    readonly kind: "done";
    readonly at: number;
    readonly task: TaskLabel;
    readonly from: "run" | "cache";
    readonly duration: number;
    /** The worker that ran it, and its machine (`gpu-1@host`), where that is not this program. */
    readonly worker?: string;
  }
  /** An attempt at a task failed; there is another one after `delay` ms. Attempts count from 1. */
  | {
    readonly kind: "retrying";
    readonly at: number;
    readonly task: TaskLabel;
    readonly attempt: number;
    readonly attempts: number;
    readonly delay: number;
    readonly error: Error;
  }
  /** A task failed. */
  | {
    readonly kind: "failed";
    readonly at: number;
    readonly task: TaskLabel;
    readonly error: Error;
    /** The worker that ran it, where that is not this program. */
    readonly worker?: string;
  }
  /** A task cannot run, since `cause` failed or the run was stopped. */
  | {
    readonly kind: "skipped";
    readonly at: number;
    readonly task: TaskLabel;
    readonly cause?: TaskLabel;
  }
  /** A line logged by a task, or (without task) by the program or the library. */
  | {
    readonly kind: "log";
    readonly at: number;
    readonly task?: TaskLabel;
    readonly level: LogLevel;
    readonly text: string;
    /** Whether the program may end at any moment, so that the line is shown and written at once. */
    readonly isUrgent?: true;
    /** The worker that the task runs on, where that is not this program. */
    readonly worker?: string;
  }
  /** The run is over. */
  | { readonly kind: "ended"; readonly at: number; readonly summary: RunSummary };

/** A run in numbers. */
export interface RunSummary {
  /** All distinct tasks that the run had to do with. */
  readonly tasks: number;
  /** How many ran. */
  readonly run: number;
  /** How many results came from the cache. */
  readonly cached: number;
  /** How many failed. */
  readonly failed: number;
  /** How many were skipped since another failed or the run was stopped. */
  readonly skipped: number;
  /**
   * How many entries of the storage were met that are not trusted: without a signature, with one of an
   * unknown key, or altered. They count as not there. Left out by Labs without `signing`.
   */
  readonly untrusted?: number;
  /** How long the run took, in ms. */
  readonly duration: number;
  /**
   * How long the tasks had run whose results were loaded from the cache, in ms: what it saved. Those that
   * were needed by nobody, as what a cached task depends on, are not counted.
   */
  readonly saved?: number;
  /** The tasks that ran longest, at most five, the longest first. */
  readonly slowest?: readonly SlowTask[];
}

/** A task and how long it ran. */
export interface SlowTask {
  /** The task. */
  readonly task: TaskLabel;
  /** How long `run` took, in ms. */
  readonly duration: number;
}

/** Shows a run while it goes on. */
export interface ProgressDisplay extends Disposable {
  /** Takes in what happened. Called often: must be cheap. */
  handle(event: RunEvent): void;
  /** Resolves when all that was shown so far is on its way, where that takes time. Never rejects. */
  settle?(): Promise<void>;
}
