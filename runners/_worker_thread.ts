import type { Cache } from "../caches/cache.ts";
import { taskToJson } from "../serialize.ts";
import type { Task } from "../task.ts";
import type { Job } from "./runner.ts";
import { type CacheRecipe, cacheRecipe } from "./_transport.ts";
import {
  BEGUN,
  type DependencyMessage,
  type FromWorker,
  type JobMessage,
  MAX_WINDOW,
  QUEUED,
  type ResultMessage,
  type SetupMessage,
  SharedPlaces,
  STOP,
  TAKEN,
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
  /** Whether the Lab was told that it began. */
  announced: boolean;
}

/** Results that workers cannot load by themselves, by the id of the task. */
export type HandedOver = ReadonlyMap<string, ResultMessage>;

/** What a thread tells of itself. */
export interface ThreadListener {
  /** A message came. */
  message(thread: WorkerThread, message: FromWorker): void;
  /** The thread died. */
  died(thread: WorkerThread, reason: string): void;
}

// The measured length of jobs decides how many a worker gets ahead: enough for so many ms.
const AHEAD = 8;
// One that runs, and one that is there when it ends.
const LEAST_WINDOW = 2;

/** One Web Worker, as the Lab sees it. Lives for several runs. */
export class WorkerThread {
  readonly #worker: Worker;
  #listener: ThreadListener | undefined;
  #places = new SharedPlaces();
  #jobs: (PendingJob | undefined)[] = [];
  #free: number[] = [];
  #described = new Set<string>();
  #caches = new Map<Cache, number>();
  #held = new Set<string>();
  #batch: Batch = emptyBatch();
  #meanLength: number | undefined;

  constructor() {
    this.#worker = new Worker(new URL("./_worker.ts", import.meta.url), {
      type: "module",
      name: "labtech",
    });
    this.#worker.onmessage = (event) => this.#listener?.message(this, event.data);
    this.#worker.onmessageerror = () => this.#died("one of its messages could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault(); // or it would end the whole program
      this.#died(event.message);
    };
  }

  /** Whether the thread is dead. */
  dead = false;

  /** How many jobs it has in hand. */
  get load(): number {
    return MAX_WINDOW - this.#free.length;
  }

  /** How many jobs it should have in hand. */
  get window(): number {
    if (this.#meanLength === undefined) return LEAST_WINDOW;
    return Math.max(LEAST_WINDOW, Math.min(MAX_WINDOW, Math.ceil(AHEAD / this.#meanLength)));
  }

  /** Whether a job is running in it. */
  get busy(): boolean {
    return this.#jobs.some((job, place) => job && this.#stateOf(place) === BEGUN);
  }

  /** Begins to take part in a run. */
  join(setup: Omit<SetupMessage, "kind" | "places">, listener: ThreadListener): void {
    this.#listener = listener;
    this.#places = new SharedPlaces();
    this.#jobs = [];
    this.#free = Array.from({ length: MAX_WINDOW }, (_, i) => MAX_WINDOW - 1 - i);
    this.#described = new Set();
    this.#caches = new Map();
    this.#held = new Set();
    this.#batch = emptyBatch();
    this.#worker.postMessage({ kind: "setup", places: this.#places.buffer, ...setup });
  }

  /** Takes no further part in the run. */
  leave(): void {
    this.#listener = undefined;
  }

  /** Ends the thread. What it runs is not kept, though a busy thread may burn on until it returns. */
  terminate(): void {
    this.dead = true;
    this.#listener = undefined;
    Atomics.store(this.#places.states, STOP, 1);
    this.#worker.postMessage({ kind: "abort" });
    this.#worker.terminate();
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
    this.#jobs[place] = pending;
    Atomics.store(this.#places.states, place, QUEUED);
    this.#describe(job.task);
    this.#batch.jobs.push({
      place,
      id: job.task.id,
      key: job.key,
      cache: reachable(job.cache) ? this.#cacheIndex(job.cache!) : -1,
      handOver: pending.handOver,
      shared: job.shared,
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
    this.#worker.postMessage({ kind: "work", tasks, caches, jobs, forget });
  }

  /** The job at a place whose outcome came: it is the thread's no more. */
  finish(place: number, took?: number): PendingJob | undefined {
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

  /** Notes that it has the result of a task. */
  hold(id: string): void {
    this.#held.add(id);
  }

  /** Takes back one job that was not begun; `undefined` when there is none. */
  takeBack(): PendingJob | undefined {
    for (const [place, pending] of this.#jobs.entries()) {
      if (pending === undefined) continue;
      const { states } = this.#places;
      if (Atomics.compareExchange(states, place, QUEUED, TAKEN) !== QUEUED) continue;
      // The place stays taken until the worker says that it passed the job over.
      this.#jobs[place] = undefined;
      return pending;
    }
    return undefined;
  }

  /** The jobs that it has begun, with the time of that, in ms since the epoch. */
  *begun(): IterableIterator<[PendingJob, number]> {
    for (const [place, pending] of this.#jobs.entries()) {
      if (pending && this.#stateOf(place) === BEGUN) yield [pending, this.#places.begun[place]!];
    }
  }

  /** When the job at a place began. */
  beginOf(place: number): number {
    return this.#places.begun[place]!;
  }

  #stateOf(place: number): number {
    return Atomics.load(this.#places.states, place);
  }

  #died(reason: string): void {
    if (this.dead) return;
    this.dead = true;
    this.#worker.terminate();
    this.#listener?.died(this, reason);
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
