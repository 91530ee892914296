/**
 * Runners: what runs tasks.
 *
 * @module
 */

export type { Dependency, Job, Outcome, Runner, RunnerSession, RunSetting } from "./runner.ts";
export { SerialRunner } from "./serial.ts";
export { AsyncRunner, type AsyncRunnerOptions } from "./async.ts";
export { WorkersRunner, type WorkersRunnerOptions } from "./workers.ts";
export { ProcessesRunner, type ProcessesRunnerOptions } from "./processes.ts";
