import { describe } from "../describe.ts";
import { RunnerError } from "../errors.ts";
import { type Broker, brokerOf, type BullmqConnectionOptions } from "./_bullmq_broker.ts";
import type { Runner } from "./runner.ts";

/** The options of the runner `bullmq`. All programs and workers of a queue should agree on them. */
export interface BullmqRunnerOptions {
  /** Where the broker is. */
  readonly connection: BullmqConnectionOptions;
  /**
   * What the names of all queues begin with: 1 to 64 letters, digits, `_` and `-`. One for each storage:
   * jobs are known by the key of their result alone.
   *
   * @default {"lab"}
   */
  readonly queue?: string;
  /** How many tasks of one program are in the queue or run at once. @default {100_000} */
  readonly maxWorkers?: number | undefined;
  /** Says that other machines see the storage, where it cannot tell by itself. @default {false} */
  readonly sharedStorage?: boolean;
  /**
   * The runner that a worker runs tasks by.
   *
   * @default {"workers"; "processes" where a type that the worker serves declares permissions}
   */
  readonly local?: "workers" | "processes" | "async" | "serial" | undefined;
  /**
   * How long a worker's hold on a job lasts without a sign of life, in ms: as long, and half as long again,
   * it takes at most until another worker is given the job of one that died.
   *
   * @default {30_000}
   */
  readonly lease?: number;
  /** How often a job may lose its worker before it fails. @default {3} */
  readonly maxStalls?: number;
  /**
   * How long a job is offered to workers that all have other code than the program that asks for it, or cannot
   * reach the storage, in ms, before it fails.
   *
   * @default {60_000}
   */
  readonly refusalTimeout?: number;
  /** How long the broker may take to answer at the beginning, in ms. @default {15_000} */
  readonly timeout?: number;
}

/** What the options come to. */
export interface BullmqPlace {
  /** Where the broker is. */
  readonly broker: Broker;
  /** What the names of all queues begin with. */
  readonly queue: string;
  /** Says that other machines see the storage. */
  readonly sharedStorage: boolean;
  /** The runner that a worker runs tasks by, where that is said. */
  readonly local: BullmqRunnerOptions["local"];
  /** How long a hold on a job lasts, in ms. */
  readonly lease: number;
  /** How often a job may lose its worker. */
  readonly maxStalls: number;
  /** How long a job is offered to workers with other code, in ms. */
  readonly refusalTimeout: number;
  /** How long the broker may take to answer at the beginning, in ms. */
  readonly timeout: number;
}

const QUEUE = /^[A-Za-z0-9_-]{1,64}$/;
/** The longest time that timers of JavaScript take, in ms. */
const LONGEST = 2 ** 31 - 1;

const places = new WeakMap<Runner, BullmqPlace>();

/**
 * Reads the options of a runner, and keeps what they come to, with the password in it, where it is not seen.
 *
 * @throws {RunnerError} When an option is wrong.
 */
export function placeFor(runner: Runner, options: BullmqRunnerOptions): BullmqPlace {
  const { connection, queue = "lab", sharedStorage = false, local, maxStalls = 3 } = options;
  if (typeof queue !== "string" || !QUEUE.test(queue)) {
    throw new RunnerError(
      `Expected a queue of 1 to 64 letters, digits, "_" and "-", got ${describe(queue)}`,
    );
  }
  if (!Number.isSafeInteger(maxStalls) || maxStalls < 0) {
    throw new RunnerError(`Expected maxStalls of 0 or more, got ${describe(maxStalls)}`);
  }
  const place = {
    broker: brokerOf(Object(connection)),
    ...{ queue, sharedStorage, local, maxStalls },
    lease: within("lease", options.lease ?? 30_000),
    refusalTimeout: within("refusalTimeout", options.refusalTimeout ?? 60_000),
    timeout: within("timeout", options.timeout ?? 15_000),
  };
  places.set(runner, place);
  return place;
}

/** What the options of a runner come to; `undefined` for one of another kind. */
export function placeOf(runner: Runner): BullmqPlace | undefined {
  return places.get(runner);
}

function within(name: string, value: unknown): number {
  if (typeof value === "number" && value >= 100 && value <= LONGEST) return Math.ceil(value);
  throw new RunnerError(`Expected ${name} of 100 ms or more, got ${describe(value)}`);
}
