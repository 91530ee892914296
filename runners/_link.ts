import type { LogLevel, TaskUsage } from "../progress/events.ts";
import type { FromWorker, OutcomeMessage, SetupMessage, WorkMessage } from "./_worker_protocol.ts";

/** What a worker is told of a run, besides what its own kind of connection needs. */
export type Setup = Omit<SetupMessage, "kind" | "places">;

/** What comes of asking for a job back: it is the Lab's again, the worker was asked, or it began. */
export type TakingBack = "taken" | "asked" | "begun";

/** What a worker's connection tells. */
export interface LinkListener {
  /** A message came. */
  message(message: FromWorker): void;
  /** Jobs that were asked for back are the Lab's again. */
  taken(places: readonly number[]): void;
  /** Jobs are known to have begun: told by links that may be asked for jobs back, and do not know at once. */
  begun?(places: readonly number[]): void;
  /** A task wrote a line past the console. */
  output(level: LogLevel, line: string): void;
  /** The worker died. */
  died(reason: string): void;
}

/**
 * The connection to one worker, in whatever it runs: a thread of this process, or another process. A
 * worker takes its jobs in the order in which they are sent, and lives for several runs.
 */
export interface Link {
  /** Whether it is known to have started. */
  readonly started: boolean;
  /** Whether it is dead. */
  readonly ended: boolean;
  /** Begins to take part in a run. */
  join(setup: Setup, listener: LinkListener): void;
  /** Takes no further part in the run; nothing is told any more. */
  leave(): void;
  /** Says that a place is about to be given a job. */
  queue(place: number): void;
  /** Sends work. */
  send(work: WorkMessage): void;
  /** Asks for a job back that has not begun. */
  takeBack(place: number): TakingBack;
  /** When the job at a place began, in ms since the epoch; `undefined` while that is not known. */
  beginOf(place: number): number | undefined;
  /** Whether the job at a place is known to have come to its end, though its outcome was not told yet. */
  isOver?(place: number): boolean;
  /** What became of the job at a place, if the Lab can see that before it is told. */
  outcomeAt?(place: number): OutcomeMessage | undefined;
  /** Whether the task at a place should have ended, but keeps the worker from saying so. */
  isOverdue(place: number): boolean;
  /** Whether it is known to take up jobs as they come: it has imported what it needs for the run. */
  isReady?(): boolean;
  /** What the task at a place takes, as it was last told; `undefined` where that is not known. */
  usageOf?(place: number): TaskUsage | undefined;
  /** Ends the worker, which has so many jobs in hand. What it runs is not kept. */
  terminate(jobs: number): Promise<void>;
}
