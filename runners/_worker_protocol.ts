import type { Source } from "../code_version/task_code.ts";
import type { LogLevel } from "../progress/events.ts";
import type { TaskJson } from "../serialize.ts";
import type { Refusal } from "../signing/entry_signing.ts";
import type { SigningKeys } from "../signing/key_ring.ts";
import { SharedOutcomes } from "./_shared_outcomes.ts";
import type { CacheRecipe, Packed, PackedError, Recipe } from "./_transport.ts";

/** How many jobs a worker can have in hand. */
export const MAX_WINDOW = 64;
/** Where, after the places of jobs, the worker looks whether it is to stop. */
export const STOP = MAX_WINDOW;
/** Where, after that, the Lab looks whether the worker has what it needs, and takes up jobs as they come. */
export const READY = MAX_WINDOW + 1;
/** The worker is to stop. */
export const TOLD = 1;
/** The worker knows that it is to stop. */
export const HEARD = 2;
/** The worker has released what it held for the run. */
export const LEFT = 3;

/**
 * The states of a job's place in the memory that both threads share. Whoever changes `QUEUED` first, the
 * worker to `BEGUN` or the Lab to `TAKEN`, has the job; so a job can be taken back from a busy worker.
 */
export const QUEUED = 1;
/** The worker runs the job. */
export const BEGUN = 2;
/** The Lab took the job back. */
export const TAKEN = 3;

/** The outcome is on its way to the Lab. */
export const PASSED_ON = 4;

/** The job has come to its end; the outcome will be told together with others. */
export const OVER = 5;

/** The job has come to its end, and the outcome lies in the memory that both threads share. */
export const IN_MEMORY = 6;

/** Memory that the Lab and a worker share. */
export class SharedPlaces {
  /** The memory itself. */
  readonly buffer: SharedArrayBuffer;
  /** The states of jobs, whether to stop, and whether the worker is ready. */
  readonly states: Int32Array;
  /** When jobs were begun, in ms since the epoch. */
  readonly begun: Float64Array;
  /** When tasks that run have to be done, in ms since the epoch; 0 where there is no such time. */
  readonly due: Float64Array;
  /** The heap of the worker in bytes, and when it said so, in ms since the epoch; 0 before it did. */
  readonly heap: Float64Array;
  /** What became of jobs, where it is small. */
  readonly outcomes: SharedOutcomes;
  /** How many looks in a row, from this thread, tasks were late at. */
  readonly late: Uint32Array = new Uint32Array(MAX_WINDOW);

  constructor(buffer?: SharedArrayBuffer) {
    const head = 8 * Math.ceil((MAX_WINDOW + 2) / 2);
    const outcomes = head + 16 * MAX_WINDOW + 16;
    this.buffer = buffer ?? new SharedArrayBuffer(outcomes + SharedOutcomes.sizeFor(MAX_WINDOW));
    this.states = new Int32Array(this.buffer, 0, MAX_WINDOW + 2);
    this.begun = new Float64Array(this.buffer, head, MAX_WINDOW);
    this.due = new Float64Array(this.buffer, head + 8 * MAX_WINDOW, MAX_WINDOW);
    this.heap = new Float64Array(this.buffer, head + 16 * MAX_WINDOW, 2);
    this.outcomes = new SharedOutcomes(this.buffer, outcomes, MAX_WINDOW);
  }
}

// What a task that is told to end by its signal has to end, in ms.
const GRACE = 500;
// So many looks it has besides, since a program that stood still told no task to end meanwhile.
const LOOKS = 5;

/**
 * Whether the task at a place should have ended, and keeps its thread from saying so. To be called ten times a
 * second, or more often.
 */
export function isOverdue({ states, due, late }: SharedPlaces, place: number): boolean {
  const at = due[place]!;
  const isLate = at > 0 && Date.now() > at && Atomics.load(states, place) === BEGUN;
  late[place] = isLate ? late[place]! + 1 : 0;
  return late[place]! > LOOKS && Date.now() > at + GRACE;
}

/** The first message of a run to a worker. */
export interface SetupMessage {
  readonly kind: "setup";
  /** The memory of {@linkcode SharedPlaces}. */
  readonly places: SharedArrayBuffer;
  /** How to make the storage; `null` when results are kept by the Lab, or not at all. */
  readonly storage: Recipe | null;
  /** Plugin modules to import. */
  readonly plugins: readonly string[];
  /** Files that the versions of tasks depend on: task types are not run if one has changed. */
  readonly sources: readonly Source[];
  /** The context of tasks whose type has no filter. */
  readonly context: Readonly<Record<string, unknown>>;
  /** The keys to sign and check entries by. */
  readonly signing: SigningKeys | undefined;
  /**
   * Whether another thread passes on what is told, and says so by {@linkcode PASSED_ON}: then all is told
   * at once, and a job begins only when the outcome of the one before it is on its way.
   */
  readonly isRelayed?: boolean;
  /** Whether large typed arrays of dependencies' results lie in memory that all threads see. */
  readonly sharesMemory?: boolean;
}

/** A task, described once to each worker. */
export interface TaskMessage {
  readonly id: string;
  /** The module that defines its type. */
  readonly module: string | undefined;
  readonly json: TaskJson;
}

/** A task whose result a job needs. */
export interface DependencyMessage {
  readonly id: string;
  readonly key: string;
  /** Which of the caches it is in; -1 when it is not in the worker's reach. */
  readonly cache: number;
  /** The result, where the worker cannot load it. */
  readonly result?: ResultMessage;
}

/** A result on its way. */
export interface ResultMessage {
  readonly value: Packed;
  readonly start: number;
  readonly duration: number;
}

/** One task to run. */
export interface JobMessage {
  /** The job's place in the shared memory. */
  readonly place: number;
  readonly id: string;
  readonly key: string;
  /** Which of the caches to save it by; -1 when it is not saved there. */
  readonly cache: number;
  /** Whether the outcome carries the value. */
  readonly handOver: boolean;
  /** Whether the worker keeps the result for other jobs. */
  readonly shared: boolean;
  /** Which attempt this is. */
  readonly attempt: number | undefined;
  /** The token to save the result under, where the key is claimed. */
  readonly claim: string | undefined;
  readonly dependencies: readonly DependencyMessage[];
  /** The filtered context, where the type has a filter. */
  readonly context?: Readonly<Record<string, unknown>>;
}

/** Work for a worker. */
export interface WorkMessage {
  readonly kind: "work";
  /** Tasks that the worker has not heard of, innermost first. */
  readonly tasks: readonly TaskMessage[];
  /** Caches that it has not heard of. */
  readonly caches: readonly CacheRecipe[];
  readonly jobs: readonly JobMessage[];
  /** Ids of tasks whose results no job needs any more. */
  readonly forget: readonly string[];
  /** To whoever asked for a large result. */
  readonly answers?: readonly AnswerMessage[];
}

/** What is said to a worker that is about to load a large result. */
export interface AnswerMessage {
  /** The id of the task. */
  readonly id: string;
  /** The result, which another one loaded; where there is none, the worker is to load it. */
  readonly value: Packed | undefined;
}

/** What the Lab sends to a worker. */
export type ToWorker =
  | SetupMessage
  | WorkMessage
  | { readonly kind: "abort" }
  /** One end of a channel, which closes with the thread. */
  | { readonly kind: "hold"; readonly port: unknown }
  /** The run is over: the worker releases what it holds for it, and says so by {@linkcode LEFT}. */
  | { readonly kind: "leave" };

/** What became of a job. */
export type OutcomeMessage =
  & { readonly place: number }
  & (
    | {
      readonly kind: "done";
      readonly start: number;
      readonly duration: number;
      /** How long the job took in all, in ms. */
      readonly took: number;
      /** The value, where it was to be handed over; left out where only the cache can hold it. */
      readonly value?: Packed;
    }
    | { readonly kind: "failed"; readonly error: PackedError; readonly abandoned?: boolean }
    | { readonly kind: "missing"; readonly ids: readonly string[] }
    /** The Lab had taken the job back. */
    | { readonly kind: "passed" }
  );

/** A line that was logged. */
export interface LogMessage {
  /** The task that logged it. */
  readonly id: string | undefined;
  readonly level: LogLevel;
  readonly text: string;
  readonly at: number;
}

/** An entry that was not trusted. */
export interface RefusedMessage {
  readonly key: string;
  readonly why: Refusal;
}

/** What a worker sends to the Lab. */
export type FromWorker =
  | {
    readonly kind: "report";
    readonly logs: readonly LogMessage[];
    readonly outcomes: readonly OutcomeMessage[];
    readonly refused: readonly RefusedMessage[];
  }
  /** The worker is about to load a large result, and waits for the answer. */
  | { readonly kind: "ask"; readonly id: string }
  /** A result that it loaded or computed, in memory that others see; without a value it cannot be shared. */
  | { readonly kind: "shares"; readonly id: string; readonly value: Packed | undefined }
  /** The worker could not be set up. */
  | { readonly kind: "broken"; readonly error: PackedError };
