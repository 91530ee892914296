import type { Environment } from "../caches/environment.ts";
import type { FileRecord } from "../caches/metadata.ts";
import type { RunSummary } from "../progress/events.ts";

/** The version of the format of records; those of another one are not read. */
export const RUN_FORMAT = 1;
/** The file of a record that tells of the run as a whole, as `metadata.json` does of a result. */
export const RUN_FILE = "run.json";
/** The file of a record that names the tasks. */
export const TASKS_FILE = "tasks.json";
/** How many tasks a record names at most: beyond, they are only counted. */
export const MOST_TASKS = 20_000;
/** Where the code versions that a record names are cut, in code units. */
export const MOST_VERSION = 1_000;
/** Where the names of workers that a record names are cut, in code units. */
export const MOST_WORKER = 250;

/** What became of a task in a run: it ran, its result was in the cache, it failed, it could not run. */
export type RecordedState = "run" | "cached" | "failed" | "skipped";

/**
 * How a run ended: all that was asked for is there (`"complete"`), tasks failed (`"incomplete"`), it was
 * stopped by Ctrl-C or a signal (`"stopped"`), or could not go on (`"broken"`), as when the storage
 * failed.
 */
export type RunEnding = "complete" | "incomplete" | "stopped" | "broken";

/** An error, as far as a record tells of it. */
export interface RecordedError {
  /** The name of its class. */
  readonly name: string;
  /** Its message, cut at 300 characters. */
  readonly message: string;
}

/** A task, as the record of a run names it. What a record says is not verified, and not safe to print. */
export interface RecordedTask {
  /** Its id. */
  readonly id: string;
  /** The key under which its result lies, or would. */
  readonly key: string;
  /** The name of its type. */
  readonly type: string;
  /** The version of its code, where there is one; cut at 1,000 characters. */
  readonly codeVersion?: string;
  /** What became of it. */
  readonly state: RecordedState;
  /** How long `run` took, in ms, where it ran to its end. */
  readonly duration?: number;
  /** How many attempts there were, where there was more than one. */
  readonly attempts?: number;
  /** The worker that ran it, and its machine (`gpu-1@host`), where that was not the program itself. */
  readonly worker?: string;
  /** The task in words, where it failed or was skipped; of others, the entry of the result tells. */
  readonly text?: string;
  /** Why it failed. */
  readonly error?: RecordedError;
  /** The id of the task whose failure is why it was skipped; left out where the run had ended. */
  readonly cause?: string;
}

/** What the record of a run says of it as a whole. */
export interface RunHead {
  /** The run: a UUID, the same as in the lines of a log. */
  readonly id: string;
  /** When it began. */
  readonly start: Date;
  /** How it ended. */
  readonly ending: RunEnding;
  /** Why it could not go on, or who stopped it. */
  readonly error?: RecordedError;
  /** The run in numbers; `duration` is that of the run, in ms. */
  readonly summary: RunSummary;
  /** What it ran on. */
  readonly environment: Environment;
  /**
   * How many tasks are counted, and not named: a record names 20,000 at most, first those that failed,
   * then those that were skipped, that ran, and whose results were in the cache.
   */
  readonly leftOut: number;
}

/** What {@linkcode RUN_FILE} holds. */
export interface RunMetadata {
  /** The key of the record. */
  readonly key: string;
  /** The run. */
  readonly run: RunHead;
  /** The other file of the entry. */
  readonly files: Readonly<Record<string, FileRecord>>;
}
