import type { ResultMeta } from "../definition.ts";
import type { Call } from "../storages/storage.ts";
import type { Task, TaskTypeInfo } from "../task.ts";
import type { SampleSize } from "./stratified_sample.ts";
import type { Tolerance, ValueDifference } from "./value_difference.ts";

/** How {@linkcode Lab.audit} works. */
export interface AuditOptions extends Call {
  /**
   * How many results are looked at: a number, or a share such as `"5%"`. Of each task type in proportion to
   * how many it has, but at least one as far as that goes.
   *
   * @default {20}
   */
  readonly sample?: SampleSize;
  /** Which results they are: the same seed gives the same ones. @default {0} */
  readonly seed?: number | string;
  /**
   * How far two numbers may lie apart and still agree: `absolute`, or by this share of the larger one
   * `relative`; whichever allows more. One number stands for both. In typed arrays too, but for bytes.
   *
   * @default {0}
   */
  readonly tolerance?: number | Tolerance;
  /** Of these types only. @default {all types that the program has defined} */
  readonly types?: Iterable<TaskTypeInfo>;
  /** Of these tasks only. @default {all that the storage has results of} */
  readonly tasks?: Iterable<Task>;
  /** How many differences of each task are told. @default {10} */
  readonly differences?: number;
  /** Is told how far it has come. */
  readonly onProgress?: (progress: AuditProgress) => void;
}

/** How far {@linkcode Lab.audit} has come. */
export interface AuditProgress {
  /** How many tasks were run and compared. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
}

/** What an audit found out about one task. */
export interface AuditedTask {
  /** The task. */
  readonly task: Task;
  /** Where its result lies. */
  readonly key: string;
  /**
   * `"same"`; `"close"`: numbers differ, within the tolerance; `"different"`; `"failed"`: it throws now;
   * `"skipped"`: a task that it depends on has no result any more, and failed; `"unreadable"`: what is stored
   * cannot be loaded.
   */
  readonly verdict: "same" | "close" | "different" | "failed" | "skipped" | "unreadable";
  /** The first places at which both results differ; `before` is what is stored, `after` what came now. */
  readonly differences: readonly ValueDifference[];
  /** Whether there are more. */
  readonly more: boolean;
  /** Why it failed. */
  readonly error?: Error;
  /** When, and how long, the task ran whose result is stored. */
  readonly stored?: ResultMeta;
  /** How long it took now, in ms. */
  readonly duration?: number;
}

/** What an audit found out. */
export interface AuditReport {
  /** Whether all results came out the same again, or within the tolerance. */
  readonly passed: boolean;
  /** The tasks that were looked at, type by type. */
  readonly tasks: readonly AuditedTask[];
  /** How many results the sample was taken from. */
  readonly candidates: number;
  /** How many could not be: of earlier code, torn, foreign, not trusted; of `tasks`, those without result. */
  readonly passedOver: number;
}
