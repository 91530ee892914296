import type { LogLevel, RunEvent } from "../progress/events.ts";
import type { Task, TaskTypeInfo } from "../task.ts";
import { asError } from "./_executor.ts";
import { labelOf } from "./_label.ts";
import type { Job, Outcome, Runner, RunnerSession, RunSetting } from "./runner.ts";

/**
 * After how many jobs a new session is begun: sessions remember each task that they ran. That begins new threads as
 * well, which takes as long as some thousand quick tasks; so, while what is remembered is small, after more.
 */
const JOBS = { few: 5000, many: 50_000 };
/** What is small: so many UTF-16 code units of JSON. */
const SMALL = 2 ** 23;
/** How many results stay at hand that no job needs at the moment. */
const IDLE_RESULTS = 4;

/** Takes what a task logs. */
export type LogTaker = (level: LogLevel, text: string, at: number) => void;

/** What a task is run with. */
export interface LocalCall {
  /** The length of the task as JSON, in UTF-16 code units. */
  readonly length: number;
  readonly log: LogTaker;
  /** Is told that a session has it. */
  readonly began?: (() => void) | undefined;
}

/** What became of a task, and for how long it took up one place, in ms. */
export interface TimedOutcome<T extends Outcome = Outcome> {
  readonly outcome: T;
  readonly took: number;
}

/** What a worker runs tasks with. */
export interface LocalOptions extends Omit<RunSetting, "labelOf" | "report" | "context"> {
  /** What runs them. */
  readonly runner: Runner;
  /** The types that will be run. */
  readonly types: readonly TaskTypeInfo[];
  /** Takes what is of no task. */
  readonly log: LogTaker;
}

interface Lap {
  readonly session: RunnerSession;
  begun: number;
  /** The length of all tasks that it had, as JSON. */
  length: number;
  running: number;
  /** Whether there is a newer one. */
  isOver: boolean;
  /** How many jobs need a result just now, by the id of the task; those that none needs come first. */
  readonly needed: Map<string, number>;
}

/** A job that waits for its turn. */
interface Waiting {
  readonly session: RunnerSession;
  readonly begin: (mayRun: boolean) => void;
}

/** Runs tasks on this machine for as long as it takes. */
export class LocalWork implements AsyncDisposable {
  readonly #options: LocalOptions;
  readonly #tasks = new Map<string, { readonly task: Task; readonly log: LogTaker }>();
  /** All that have jobs, or may yet have some. */
  readonly #laps = new Set<Lap>();
  /** How many jobs sessions have. */
  #running = 0;
  /** Those that a session has no place for yet: more may be in hand than run at once. */
  readonly #waiting: Waiting[] = [];
  #lap: Promise<Lap>;
  /** The one of the newest lap. */
  #session: RunnerSession | undefined;

  private constructor(options: LocalOptions) {
    this.#options = options;
    this.#lap = this.#open();
  }

  /** Begins. */
  static async open(options: LocalOptions): Promise<LocalWork> {
    const work = new LocalWork(options);
    await work.#lap;
    return work;
  }

  /** How many jobs keep one place busy: of quick ones, threads are given several at a time. */
  get share(): number {
    const { maxWorkers } = this.#options;
    return Math.max(1, Math.floor((this.#session?.slots ?? 1) / maxWorkers));
  }

  /** Runs a job. Never rejects. */
  async run(job: Job, { length, log, began }: LocalCall): Promise<TimedOutcome> {
    const { task } = job;
    const known = { task, log };
    this.#tasks.set(task.id, known);
    const ids = job.dependencies.map(({ task }) => task.id);
    const lap = await this.#current(length);
    for (const id of ids) lap.needed.set(id, (lap.needed.get(id) ?? 0) + 1);
    try {
      if (!await this.#turn(lap.session)) return { outcome: { kind: "dropped" }, took: 0 };
      began?.();
      const { share } = this;
      const start = performance.now();
      const outcome = await this.#run(lap.session, job);
      return { outcome, took: (performance.now() - start) / share };
    } finally {
      // Another program may have asked for the same, in a job of its own.
      if (this.#tasks.get(task.id) === known) this.#tasks.delete(task.id);
      lap.running--;
      this.#release(lap, ids);
      if (lap.isOver && lap.running === 0) await this.#close(lap);
    }
  }

  /** Gives back, as `dropped`, jobs that were not begun. */
  drop(): void {
    for (const { begin } of this.#waiting.splice(0)) begin(false);
    for (const { session } of this.#laps) session.drop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(Array.from(this.#laps, (lap) => this.#close(lap)));
    await this.#options.runner[Symbol.asyncDispose]();
  }

  /** Waits until a session has a place for a job; gives whether it may run there. */
  #turn(session: RunnerSession): Promise<boolean> | boolean {
    if (this.#waiting.length === 0 && this.#running < session.slots) {
      this.#running++;
      return true;
    }
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#waiting.push({ session, begin: resolve });
    return promise;
  }

  async #run(session: RunnerSession, job: Job): Promise<Outcome> {
    try {
      return await session.run(job);
    } finally {
      this.#running--;
      for (let [next] = this.#waiting; next; [next] = this.#waiting) {
        if (this.#running >= next.session.slots) break;
        this.#waiting.shift();
        this.#running++;
        next.begin(true);
      }
    }
  }

  async #current(length: number): Promise<Lap> {
    for (;;) {
      const opening = this.#lap;
      const lap = await opening;
      if (lap.begun < (lap.length < SMALL ? JOBS.many : JOBS.few)) {
        lap.begun++;
        lap.length += length;
        lap.running++;
        return lap;
      }
      if (this.#lap !== opening) continue;
      await (this.#lap = this.#following(lap));
      if (lap.isOver && lap.running === 0) await this.#close(lap);
    }
  }

  /** Begins a new lap; where that cannot be, the one before goes on for as many jobs again. Never rejects. */
  async #following(lap: Lap): Promise<Lap> {
    try {
      const next = await this.#open();
      lap.isOver = true;
      return next;
    } catch (error) {
      lap.begun = 0;
      lap.length = 0;
      const text = `No new session can be begun, so the one before goes on: ${
        asError(error).message
      }`;
      this.#options.log("warn", text, Date.now());
      return lap;
    }
  }

  async #close(lap: Lap): Promise<void> {
    if (this.#laps.delete(lap)) await lap.session[Symbol.asyncDispose]();
  }

  async #open(): Promise<Lap> {
    const { runner, types, log: _, ...setting } = this.#options;
    const session = await runner.open({
      ...setting,
      context: {},
      labelOf: (id) => {
        const known = this.#tasks.get(id);
        return known && labelOf(known.task);
      },
      report: (event) => this.#report(event),
    }, types);
    const lap = { session, begun: 0, length: 0, running: 0, isOver: false, needed: new Map() };
    this.#laps.add(lap);
    this.#session = session;
    return lap;
  }

  #report(event: RunEvent): void {
    if (event.kind !== "log") return;
    const { task, level, text, at } = event;
    const take = task && this.#tasks.get(task.id)?.log;
    (take ?? this.#options.log)(level, text, at);
  }

  #release({ session, needed }: Lap, ids: readonly string[]): void {
    for (const id of ids) {
      const count = needed.get(id)! - 1;
      needed.delete(id);
      needed.set(id, count); // at the end: those that were not needed for longest are forgotten first
    }
    const idle = Iterator.from(needed).filter(([, count]) => count === 0).map(([id]) => id)
      .toArray();
    for (const id of idle.slice(0, Math.max(0, idle.length - IDLE_RESULTS))) {
      needed.delete(id);
      session.forget(id);
    }
  }
}
