import type { Cache } from "../caches/cache.ts";
import type { LogLevel, TaskUsage } from "../progress/events.ts";
import { taskToJson } from "../serialize.ts";
import type { Task } from "../task.ts";
import type { Link, Setup } from "./_link.ts";
import type { Job, Outcome } from "./runner.ts";
import { type CacheRecipe, cacheRecipe } from "./_transport.ts";
import {
  type AnswerMessage,
  type DependencyMessage,
  type FromWorker,
  type JobMessage,
  MAX_WINDOW,
  type OutcomeMessage,
  type ResultMessage,
  type TaskMessage,
} from "./_worker_protocol.ts";

/** A job on its way through a worker. */
export interface PendingJob {
  /** The job. */
  readonly job: Job;
  /** The part of the context that the task gets, where its type has a filter. */
  readonly context: Readonly<Record<string, unknown>> | undefined;
  /** Whether the outcome must carry the value. */
  readonly handOver: boolean;
  /** What kind of worker runs it. */
  readonly group: SeatGroup;
  /** Ends the job. */
  readonly resolve: (outcome: Outcome) => void;
  /** Whether the Lab was told that it began. */
  announced: boolean;
  /** How often a worker died that may have been at it. */
  suspicions: number;
  /** Why the worker was asked for it back, if it was. */
  recalled: Recall | undefined;
}

/**
 * Why a job is taken back from a worker: it is not to be run, or another worker has nothing to do, or it was stopped,
 * and is over.
 */
export type Recall = "drop" | "share" | "stop";

/** Results that workers cannot load by themselves, by the id of the task. */
export type HandedOver = ReadonlyMap<string, ResultMessage>;

/** Workers that are alike, so that each of them can run the same tasks. */
export interface SeatGroup {
  /** Whether they open the storage themselves. */
  readonly opensStorage: boolean;
  /** Whether what they compute stops when they are ended. */
  readonly stops: boolean;
  /** Whether they are threads that share memory for large results. */
  readonly sharesMemory?: boolean;
}

/** What a seat tells of itself. */
export interface SeatListener {
  /** A message came. */
  message(seat: Seat, message: FromWorker): void;
  /** A job was taken back, for the reason that is noted in it. */
  recalled(pending: PendingJob): void;
  /** A job has begun that was stopped, and was to be taken back. */
  begunInVain(seat: Seat, pending: PendingJob): void;
  /** A task wrote a line past the console. */
  output(seat: Seat, level: LogLevel, line: string): void;
  /** The worker died. */
  died(seat: Seat, reason: string): void;
}

// The measured length of jobs decides how many a worker gets ahead: enough for so many ms.
const AHEAD = 8;
// One that runs, and one that is there when it ends.
const LEAST_WINDOW = 2;

// So many looks in a row, ten a second, at a worker that has jobs and begins none. They are counted, for no
// time passes for a program that is stopped, or whose machine sleeps.
const STUCK = 50;

/** One worker, as the Lab sees it: the jobs it has in hand, and what it knows. Lives for several runs. */
export class Seat {
  /** The workers that it is like. */
  readonly group: SeatGroup;
  readonly #link: Link;
  #listener: SeatListener | undefined;
  #jobs: (PendingJob | undefined)[] = [];
  /** Places in the order in which they were given jobs. */
  #order = new Set<number>();
  #free: number[] = [];
  #described = new Set<string>();
  #caches = new Map<Cache, number>();
  #held = new Set<string>();
  #batch: Batch = emptyBatch();
  #meanLength: number | undefined;
  #looks = 0;

  constructor(link: Link, group: SeatGroup) {
    this.#link = link;
    this.group = group;
  }

  /** Whether the worker is known to have started. */
  get started(): boolean {
    return this.#link.started;
  }

  /** Whether the worker is dead. */
  get ended(): boolean {
    return this.#link.ended;
  }

  /** How many jobs it has in hand. */
  get load(): number {
    return this.#order.size;
  }

  /** How many jobs it should have in hand. */
  get window(): number {
    if (this.#meanLength === undefined) return LEAST_WINDOW;
    return Math.max(LEAST_WINDOW, Math.min(MAX_WINDOW, Math.ceil(AHEAD / this.#meanLength)));
  }

  /** Begins to take part in a run. */
  join(setup: Setup, listener: SeatListener): void {
    this.#listener = listener;
    this.#jobs = [];
    this.#order = new Set();
    this.#free = Array.from({ length: MAX_WINDOW }, (_, i) => MAX_WINDOW - 1 - i);
    this.#described = new Set();
    this.#caches = new Map();
    this.#held = new Set();
    this.#batch = emptyBatch();
    this.#looks = 0;
    this.#link.join(setup, {
      message: (message) => listener.message(this, message),
      taken: (places) => places.forEach((place) => this.#taken(place)),
      begun: (places) => places.forEach((place) => this.#begun(place)),
      output: (level, line) => listener.output(this, level, line),
      died: (reason) => listener.died(this, reason),
    });
  }

  /** Takes no further part in the run. */
  leave(): void {
    this.#listener = undefined;
    this.#link.leave();
  }

  /** Ends the worker. What it runs is not kept. */
  terminate(): Promise<void> {
    this.#listener = undefined;
    // A job that was taken back is none, though the worker has not passed it over yet.
    return this.#link.terminate(this.pending.length);
  }

  /** Whether it has the result of a task at hand. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  /** Lets it drop the result of a task. */
  forget(id: string): void {
    if (this.#held.delete(id)) this.#batch.forget.push(id);
  }

  /** Adds a job to what is sent next. */
  give(
    pending: PendingJob,
    results: HandedOver,
    reachable: (cache: Cache | null) => boolean,
  ): void {
    const { job } = pending;
    const place = this.#free.pop()!;
    pending.recalled = undefined;
    this.#jobs[place] = pending;
    this.#order.add(place);
    this.#link.queue(place);
    this.#describe(job.task);
    this.#batch.jobs.push({
      place,
      id: job.task.id,
      key: job.key,
      cache: reachable(job.cache) ? this.#cacheIndex(job.cache!) : -1,
      handOver: pending.handOver,
      shared: job.shared,
      attempt: job.attempt,
      claim: job.claim,
      dependencies: job.dependencies.map((dependency): DependencyMessage => {
        const { id } = dependency.task;
        const cache = reachable(dependency.cache) ? this.#cacheIndex(dependency.cache!) : -1;
        const result = this.#held.has(id) ? undefined : results.get(id);
        this.#held.add(id);
        return { id, key: dependency.key, cache, result };
      }),
      context: pending.context,
    });
  }

  /** Sends what was added. */
  send(): void {
    const { tasks, caches, jobs, forget } = this.#batch;
    if (jobs.length === 0 && forget.length < MAX_WINDOW) return;
    this.#batch = emptyBatch();
    this.#link.send({ kind: "work", tasks, caches, jobs, forget });
  }

  /** Says what there is of a large result that it asked for. */
  answer(message: AnswerMessage): void {
    if (this.ended) return;
    const nothing = { tasks: [], caches: [], jobs: [], forget: [] };
    this.#link.send({ kind: "work", ...nothing, answers: [message] });
  }

  /** The job at a place whose outcome came: it is the worker's no more. */
  finish(place: number, took?: number): PendingJob | undefined {
    // What runs there may be hostile: an outcome for no job frees no place.
    if (!this.#order.delete(place)) return undefined;
    const pending = this.#jobs[place];
    this.#jobs[place] = undefined;
    this.#free.push(place);
    if (took !== undefined) {
      this.#meanLength = this.#meanLength === undefined
        ? took
        : this.#meanLength + (took - this.#meanLength) / 8;
    }
    return pending;
  }

  /** What became of jobs, as far as that can be seen before it is told. */
  seen(): OutcomeMessage[] {
    const seen: OutcomeMessage[] = [];
    for (const place of this.#order) {
      const outcome = this.#link.outcomeAt?.(place);
      if (outcome !== undefined) seen.push(outcome);
    }
    return seen;
  }

  /** Notes that it has the result of a task. */
  hold(id: string): void {
    this.#held.add(id);
  }

  /** Asks for jobs back that have not begun; the listener is given them, now or when the worker answers. */
  recall(reason: Recall, count = Infinity): void {
    // The last ones first: they are the furthest from their beginning.
    for (const [place, pending] of [...this.#inHand()].reverse()) {
      if (count < 1) return;
      if (this.#link.beginOf(place) !== undefined || pending.recalled === "stop") continue;
      const answer = pending.recalled === undefined ? this.#link.takeBack(place) : "asked";
      if (answer === "begun") continue;
      count--;
      if (reason === "drop" || pending.recalled === undefined) pending.recalled = reason;
      if (answer === "taken") this.#taken(place);
    }
  }

  /**
   * Takes one job back for good, where it is not known to have begun; gives whether. Where it has after all, the
   * listener is told.
   */
  takeBack(pending: PendingJob): boolean {
    const place = this.#jobs.indexOf(pending);
    if (place < 0 || this.#link.beginOf(place) !== undefined) return false;
    const answer = pending.recalled === undefined ? this.#link.takeBack(place) : "asked";
    if (answer === "begun") return false;
    pending.recalled = "stop";
    if (answer === "taken") this.#jobs[place] = undefined;
    return true;
  }

  /** The jobs that it is known to have begun, with the time of that, in ms since the epoch. */
  *begun(): IterableIterator<[PendingJob, number]> {
    for (const [place, pending] of this.#inHand()) {
      const at = this.#link.beginOf(place);
      if (at !== undefined) yield [pending, at];
    }
  }

  /** What the tasks take that it has begun, where that is known. */
  *usages(): IterableIterator<[PendingJob, TaskUsage]> {
    for (const [place, pending] of this.#inHand()) {
      if (this.#link.beginOf(place) === undefined) continue;
      const usage = this.#link.usageOf?.(place);
      if (usage !== undefined) yield [pending, usage];
    }
  }

  /** The job whose task should have ended, and keeps the worker from saying so; `undefined` for none. */
  get overdue(): PendingJob | undefined {
    for (const [place, pending] of this.#inHand()) {
      if (this.#link.isOverdue(place)) return pending;
    }
    return undefined;
  }

  /**
   * Looks whether it is stuck: it begins none of the jobs that it has, though it has all that it needs and is
   * at none. Then something that an earlier task left behind keeps its thread. None of its jobs is lost.
   */
  looksStuck(): boolean {
    const [begun] = this.begun();
    const waits = begun === undefined && this.load > 0 && this.#link.isReady?.() === true;
    this.#looks = waits ? this.#looks + 1 : 0;
    return this.#looks > STUCK;
  }

  /** The jobs that it is known to be at: begun, and not over, as far as that is known. */
  get running(): PendingJob[] {
    return Array.from(this.#inHand())
      .filter(([place]) => this.#link.beginOf(place) !== undefined && !this.#link.isOver?.(place))
      .map(([, pending]) => pending);
  }

  /** Whether it is known to have begun a job. */
  get hasBegun(): boolean {
    return !this.begun().next().done;
  }

  /** When the job at a place began, in ms since the epoch. */
  beginOf(place: number): number {
    return this.#link.beginOf(place) ?? Date.now();
  }

  /** The job that it seems to be at. */
  get current(): PendingJob | undefined {
    const [begun] = this.begun();
    if (begun !== undefined) return begun[0];
    const [first] = this.#inHand();
    return first?.[1];
  }

  /** All jobs that it has in hand, in the order in which it got them. */
  get pending(): PendingJob[] {
    return Array.from(this.#inHand(), ([, pending]) => pending);
  }

  *#inHand(): IterableIterator<[number, PendingJob]> {
    for (const place of this.#order) {
      const pending = this.#jobs[place];
      if (pending !== undefined) yield [place, pending];
    }
  }

  #begun(place: number): void {
    const pending = this.#jobs[place];
    if (pending?.recalled === "stop") this.#listener?.begunInVain(this, pending);
  }

  #taken(place: number): void {
    const pending = this.#jobs[place];
    if (pending === undefined) return;
    pending.recalled ??= "share";
    this.#jobs[place] = undefined;
    this.#listener?.recalled(pending);
  }

  #cacheIndex(cache: Cache): number {
    let index = this.#caches.get(cache);
    if (index === undefined) {
      index = this.#caches.size;
      this.#caches.set(cache, index);
      this.#batch.caches.push(cacheRecipe(cache)!);
    }
    return index;
  }

  // Innermost first, and each once: linear in the graph.
  #describe(task: Task): void {
    const path = [task];
    while (path.length > 0) {
      const node = path[path.length - 1]!;
      if (this.#described.has(node.id)) {
        path.pop();
        continue;
      }
      const fresh = node.dependencies.filter(({ id }) => !this.#described.has(id));
      if (fresh.length > 0) {
        for (const dependency of fresh) path.push(dependency);
        continue;
      }
      path.pop();
      this.#described.add(node.id);
      this.#batch.tasks.push({ id: node.id, module: node.type.module, json: taskToJson(node) });
    }
  }
}

interface Batch {
  readonly tasks: TaskMessage[];
  readonly caches: CacheRecipe[];
  readonly jobs: JobMessage[];
  readonly forget: string[];
}

function emptyBatch(): Batch {
  return { tasks: [], caches: [], jobs: [], forget: [] };
}
