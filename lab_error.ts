import { LabtechError } from "./errors.ts";
import type { TaskResults } from "./results.ts";
import type { Task } from "./task.ts";

/** What a {@linkcode LabError} carries. */
export interface Incomplete {
  /** The tasks that failed, each with a `TaskError` whose `cause` is what `run` threw. */
  readonly failures?: ReadonlyMap<Task, Error>;
  /** The tasks that did not run, each with the failed task that it depends on, if that is why. */
  readonly skipped?: ReadonlyMap<Task, Task | undefined>;
  /** The results that are there, of the tasks that were asked for. */
  readonly results?: TaskResults;
  /** Why the run was ended before it was done, by Ctrl-C or a signal, if it was. */
  readonly stopped?: unknown;
}

/** A Lab could not give every result: tasks failed, the run was stopped, or the tasks cannot be run. */
export class LabError extends LabtechError {
  /** `"LabError"`. */
  override readonly name = "LabError";
  /** The tasks that failed, each with a `TaskError` whose `cause` is what `run` threw. */
  readonly failures: ReadonlyMap<Task, Error>;
  /** The tasks that did not run, each with the failed task that it depends on, if that is why. */
  readonly skipped: ReadonlyMap<Task, Task | undefined>;
  /** The results that are there, of the tasks that were asked for; none where nothing was begun. */
  readonly results: TaskResults | undefined;
  /**
   * Why the run was ended before it was done: the reason of the signal, or a `DOMException` named
   * `AbortError` after Ctrl-C. `undefined` when it was not; then tasks failed.
   */
  readonly stopped: unknown;

  /** Made by the Lab. */
  constructor(message: string, incomplete: Incomplete = {}, options?: ErrorOptions) {
    super(message, options);
    this.failures = incomplete.failures ?? new Map();
    this.skipped = incomplete.skipped ?? new Map();
    this.results = incomplete.results;
    this.stopped = incomplete.stopped;
  }
}
