import type { PlannedTask } from "../plan.ts";
import type { RunSummary } from "../progress/events.ts";
import type { Task } from "../task.ts";
import type { RunEnding } from "./run_record.ts";

/** What became of a run, when it is over. */
export interface RunOutcome {
  /** The run: a UUID. */
  readonly id: string;
  /** When it began. */
  readonly start: Date;
  /** How it ended. */
  readonly ending: RunEnding;
  /** Why it could not go on, or who stopped it. */
  readonly error?: unknown;
  /** The run in numbers. */
  readonly summary: RunSummary;
  /** All tasks that it had to do with, by id. */
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** Those that ran, by id: how long, in ms. */
  readonly run: ReadonlyMap<string, number>;
  /** Those whose results were in the storage, by id. */
  readonly cached: ReadonlySet<string>;
  /** Those that failed, and why. */
  readonly failed: ReadonlyMap<Task, unknown>;
  /** Those that could not run, and the failures behind it. */
  readonly skipped: ReadonlyMap<Task, Task | undefined>;
  /** How many attempts there were at a task, where that is known. */
  readonly attempts: (id: string) => number | undefined;
  /** The workers that ran tasks, where that was not the program itself, by id. */
  readonly workers?: ReadonlyMap<string, string>;
}
