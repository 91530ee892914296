/**
 * A runner for more than one machine: tasks wait in queues of BullMQ, on Redis or PostgreSQL, for workers
 * (`lab worker`) on any machine that has the code. `docs/bullmq.md` tells how it is set up, and what is
 * promised.
 *
 * @module
 */

import { permissionsOf } from "./_bullmq_permissions.ts";
import { type BullmqPlace, type BullmqRunnerOptions, placeFor } from "./_bullmq_place.ts";
import { refuseStorage } from "./_bullmq_storage.ts";
import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";

export { LabtechError, RunnerError } from "../errors.ts";
export type { BullmqConnectionOptions } from "./_bullmq_broker.ts";
export type { BullmqRunnerOptions } from "./_bullmq_place.ts";

const MOST_JOBS = 100_000;

/**
 * Has tasks run by workers (`lab worker`) on any machine, which take them from queues of BullMQ. What is asked
 * for goes through the broker, results through the storage, which all of them see.
 *
 * Nothing is loaded or opened before a run has something to do. Passwords are in no message.
 *
 * @example
 * ```ts ignore
 * import { Lab } from "@labtech/lab";
 * import { BullmqRunner } from "@labtech/lab/runners/bullmq";
 *
 * await using lab = new Lab({
 *   storage: { type: "s3", bucket: "our-results" },
 *   runner: new BullmqRunner({ connection: { url: "redis://broker:6379" } }),
 * });
 * ```
 */
export class BullmqRunner implements Runner {
  /** The registered name. */
  readonly name = "bullmq";
  /** How many tasks of one program are in the queue or run at once. */
  readonly maxWorkers: number;
  /** Workers claim what they compute. */
  readonly claims = true;
  readonly #place: BullmqPlace;

  /**
   * Makes the runner. Nothing is opened yet.
   *
   * @throws {RunnerError} When an option is wrong.
   */
  constructor(options: BullmqRunnerOptions) {
    this.#place = placeFor(this, options);
    this.maxWorkers = options.maxWorkers ?? MOST_JOBS;
  }

  /** The broker, for people: without user and password. */
  get server(): string {
    return this.#place.broker.server;
  }

  /** To speak to the broker, and what its client reads at its start. */
  permissions(): Deno.PermissionOptionsObject {
    return permissionsOf(this.#place.broker);
  }

  /**
   * Begins a run: connects to the broker.
   *
   * @throws {RunnerError} When the broker cannot be reached, other machines do not see the storage, or a type
   *   keeps no results or has no module. Nothing is queued then.
   */
  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    refuseStorage(setting.storage, this.#place.sharedStorage);
    const all = [...types];
    const { refuseType } = await import("./_bullmq_pending.ts");
    for (const type of all) refuseType(type);
    const { BullmqSession } = await import("./_bullmq_session.ts");
    return await BullmqSession.open(this.#place, setting);
  }

  /** Nothing is left to end: runs close what they open. */
  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }
}
