/**
 * Define tasks, hand them to a Lab, and get every result with as much parallelism as the machine has;
 * each result is cached, so nothing is computed twice.
 *
 * @example
 * ```ts
 * import { Lab, task, type Task } from "@labtech/lab";
 * import { assertEquals } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "Square",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 * const Scaled = task(import.meta, {
 *   name: "Scaled",
 *   run: ({ square, by }: { square: Task<number>; by: number }) => square.result * by,
 * });
 *
 * await using lab = new Lab({ storage: null, runner: "async" });
 * const square = Square({ base: 42 });
 * const tasks = [1, 2, 3].map((by) => Scaled({ square, by }));
 * const results = await lab.runTasks(tasks);
 * assertEquals(tasks.map((task) => results.get(task)), [1764, 3528, 5292]);
 * ```
 *
 * @module
 */

export {
  isTask,
  isTaskType,
  type ParamsOf,
  type ResultOf,
  type Task,
  task,
  type TaskResult,
  type TaskType,
  type TaskTypeInfo,
} from "./task.ts";
export type {
  CacheChoice,
  CacheReference,
  Migration,
  ResultMeta,
  TaskContext,
  TaskDefinition,
  TaskLog,
  TaskOptions,
  ValidatedDefinition,
} from "./definition.ts";
export type { Source, TaskCode } from "./code_version/task_code.ts";
export type { TaskNode } from "./params.ts";
export {
  type CachedTask,
  type FromConfigOptions,
  Lab,
  type LabOptions,
  type RunOptions,
} from "./lab.ts";
export type {
  AcceptedEntry,
  AcceptLeft,
  AcceptOptions,
  AcceptProgress,
  AcceptReport,
  EarlierVersion,
  VersionChange,
} from "./provenance/accept_report.ts";
export type {
  CodeDifference,
  ExplainedEntry,
  ExplainedRun,
  Explanation,
  ExplanationReason,
  LookedAt,
  NearestResult,
  ParamDifference,
  PartDifference,
} from "./provenance/explanation.ts";
export type { OutdatedEntries, OutdatedEntry, OutdatedVersion } from "./provenance/outdated.ts";
export type {
  PlanEstimate,
  PlannedType,
  PlanOptions,
  PlanReason,
  PlanStep,
  RunPlan,
} from "./provenance/run_plan.ts";
export type { TypeVersion } from "./maintenance/outdated_versions.ts";
export type {
  AuditedTask,
  AuditOptions,
  AuditProgress,
  AuditReport,
} from "./provenance/audit_report.ts";
export type { SampleSize } from "./provenance/stratified_sample.ts";
export type { Tolerance, ValueDifference } from "./provenance/value_difference.ts";
export { TaskResults } from "./results.ts";
export { type Incomplete, LabError } from "./lab_error.ts";
export {
  CacheError,
  ConfigError,
  type ConfigMistake,
  LabtechError,
  RunnerError,
  SerializationError,
  StorageError,
  TaskError,
} from "./errors.ts";
export { registerClass } from "./caches/cbor/classes.ts";
export type { ClassCodec } from "./caches/cbor/classes.ts";
export { caches, type Origin, Registry, runners, type SpecPlace, storages } from "./registry.ts";
export type {
  Plugin,
  PluginEnv,
  PluginSpec,
  StandardIssue,
  StandardResult,
  StandardSchema,
} from "./plugin.ts";
export type { Cache, CacheCall, LoadCall, MemorySharing, SaveCall } from "./caches/cache.ts";
export type { EntrySigning, Refusal } from "./signing/entry_signing.ts";
export type { SigningKeys } from "./signing/key_ring.ts";
export type { KeyFile, KeyVariable, SigningOptions } from "./signing/options.ts";
export type { SigningKey } from "./signing/private_key.ts";
export type { RunRecord, StoredRun } from "./runs/find_runs.ts";
export type {
  RecordedError,
  RecordedState,
  RecordedTask,
  RunEnding,
  RunHead,
} from "./runs/run_record.ts";
export type { Environment } from "./caches/environment.ts";
export type {
  Call,
  CreateOptions,
  Draft,
  Entry,
  Storage,
  StorageReach,
} from "./storages/storage.ts";
export type {
  Dependency,
  Job,
  Outcome,
  Runner,
  RunnerSession,
  RunSetting,
  RunSigning,
} from "./runners/runner.ts";
export type { ProgressOptions } from "./progress/display.ts";
export type { ProgressOutput } from "./progress/output.ts";
export type { RunLogLine } from "./progress/run_log.ts";
export type {
  LogLevel,
  RunEvent,
  RunSummary,
  SlowTask,
  TaskLabel,
  TaskUsage,
} from "./progress/events.ts";
export { formatSlowest, formatSummary } from "./progress/format_summary.ts";
export { formatDuration, type FormatDurationOptions } from "./progress/format_duration.ts";
export { VERSION } from "./version.ts";
