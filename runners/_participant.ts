import type { Cache } from "../caches/cache.ts";
import { SignedCache } from "../caches/signed.ts";
import { mayHaveVersion } from "../code_version/auto.ts";
import { changedSource, type Source } from "../code_version/task_code.ts";
import { RunnerError, SerializationError } from "../errors.ts";
import type { LogLevel } from "../progress/events.ts";
import { pluginEnv } from "../plugin_env.ts";
import { caches, type Registry, storages } from "../registry.ts";
import { paramsFromJson } from "../serialize.ts";
import { KeyRing } from "../signing/key_ring.ts";
import type { Storage } from "../storages/storage.ts";
import { createTask, findTaskType, type Task } from "../task.ts";
import { THREAD_CLOCK } from "./_clock.ts";
import { asError, Executor } from "./_executor.ts";
import { importForTypes } from "./_importing.ts";
import { LargeResults } from "./_large_results.ts";
import type { Dependency, Outcome } from "./runner.ts";
import { packShared } from "./_shared_memory.ts";
import {
  type CacheRecipe,
  memoryOf,
  pack,
  type Packed,
  packError,
  type Recipe,
  unpack,
} from "./_transport.ts";
import {
  BEGUN,
  type DependencyMessage,
  type FromWorker,
  HEARD,
  IN_MEMORY,
  type JobMessage,
  LEFT,
  type LogMessage,
  type OutcomeMessage,
  OVER,
  QUEUED,
  READY,
  type RefusedMessage,
  type SetupMessage,
  SharedPlaces,
  STOP,
  type TaskMessage,
  type WorkMessage,
} from "./_worker_protocol.ts";

const { elapsed, now } = THREAD_CLOCK;

/**
 * Longer than this, in ms, the Lab is not kept waiting for what is there to be told: while a job computes, nothing
 * can be.
 */
const REPORT_AFTER = 5;
const REPORT_COUNT = 16;
/** How often, in ms, the size of the heap is told: while the thread yields. */
const HEAP = 1000;

/** Sends a message to the Lab; memory that is named is handed over. */
export type Post = (message: FromWorker, memory: Transferable[]) => void;

/** A run, as one worker takes part in it. */
export class Participant implements AsyncDisposable {
  readonly #setup: SetupMessage;
  readonly #post: Post;
  readonly #places: SharedPlaces;
  readonly #reportAfter: number;
  readonly #controller = new AbortController();
  readonly #tasks = new Map<string, Task | Error>();
  readonly #caches: Promise<Cache>[] = [];
  readonly #queue: JobMessage[] = [];
  readonly #executor: Promise<Executor>;
  readonly #large: LargeResults | undefined;
  #keys: KeyRing | undefined;
  #storage: Storage | null = null;
  #defined: Promise<void> = Promise.resolve();
  /** By the name of the type, how long the longest of its last jobs took, in ms. */
  readonly #longest = new Map<string, number>();
  #working = false;
  #heapTimer: ReturnType<typeof setInterval> | undefined;
  #logs: LogMessage[] = [];
  #outcomes: OutcomeMessage[] = [];
  /** How many outcomes the Lab can see that it was not told of. */
  #untold = 0;
  /** Whether something was told since the job began, which the Lab is to hear before it sees that it is over. */
  #hasTold = false;
  #refused: RefusedMessage[] = [];
  #memory: ArrayBuffer[] = [];
  #reported = elapsed();

  constructor(setup: SetupMessage, post: Post) {
    this.#setup = setup;
    this.#post = post;
    this.#places = new SharedPlaces(setup.places);
    this.#reportAfter = setup.isRelayed ? 0 : REPORT_AFTER;
    if (setup.sharesMemory) {
      this.#large = new LargeResults((message) => post(message, []), this.#controller.signal);
    }
    this.#executor = this.#begin();
    if (!setup.isRelayed) {
      this.#heapTimer = setInterval(() => this.#tellHeap(), HEAP);
      Deno.unrefTimer(this.#heapTimer);
    }
    this.#executor.catch((error) => {
      this.#post({ kind: "broken", error: packError(error) }, []);
    });
  }

  take({ tasks, caches: recipes, jobs, forget, answers = [] }: WorkMessage): void {
    this.#large?.answer(answers);
    if (tasks.length > 0) this.#defined = this.#defined.then(() => this.#define(tasks));
    for (const recipe of recipes) {
      const made = this.#make(recipe);
      made.catch(() => {}); // the jobs that name it fail
      this.#caches.push(made);
    }
    for (const id of forget) this.#executor.then((executor) => executor.forget(id), () => {});
    this.#queue.push(...jobs);
    if (!this.#working) this.#work();
  }

  abort(): void {
    Atomics.store(this.#places.states, STOP, HEARD);
    this.#controller.abort(new DOMException("The run was stopped", "AbortError"));
  }

  #tellHeap(): void {
    const { heap } = this.#places;
    heap[0] = Deno.memoryUsage().heapUsed;
    heap[1] = now();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#heapTimer);
    const executor = await this.#executor.catch(() => undefined);
    executor?.[Symbol.dispose]();
    try {
      await this.#storage?.[Symbol.asyncDispose]();
    } finally {
      const { states } = this.#places;
      Atomics.store(states, STOP, LEFT);
      Atomics.notify(states, STOP);
    }
  }

  async #begin(): Promise<Executor> {
    for (const url of this.#setup.plugins) await import(url);
    const { storage } = this.#setup;
    if (storage !== null) this.#storage = await make(storages, storage);
    return new Executor({
      storage: this.#storage,
      signal: this.#controller.signal,
      large: this.#large,
      clock: THREAD_CLOCK,
      log: (task, level, text) => this.log(task?.id, level, text),
    });
  }

  async #make(recipe: CacheRecipe): Promise<Cache> {
    const cache = await make(caches, recipe);
    if (!recipe.signed) return cache;
    const { signing } = this.#setup;
    if (signing === undefined) throw new RunnerError("A worker was not given the keys of its Lab");
    this.#keys ??= new KeyRing(signing);
    return new SignedCache(cache, this.#keys, (key, why) => {
      this.#refused.push({ key, why });
    });
  }

  async #work(): Promise<void> {
    this.#working = true;
    const executor = await this.#executor.catch(() => undefined);
    if (executor === undefined) return;
    Atomics.store(this.#places.states, READY, 1);
    for (let at = 0; at < this.#queue.length; at++) {
      const job = this.#queue[at]!;
      if (this.#outcomes.length > 0 || !this.#isQuick(job)) this.#report();
      this.#hasTold = false;
      const start = elapsed();
      const outcome = await this.#take(executor, job);
      this.#noteLength(job, elapsed() - start);
      this.#keep(outcome);
      const waited = elapsed() - this.#reported;
      if (this.#untold >= REPORT_COUNT || waited >= this.#reportAfter) this.#report();
      // However long that takes: the next job may end the process, and this outcome with it.
      if (this.#setup.isRelayed) Atomics.wait(this.#places.states, job.place, BEGUN);
    }
    this.#queue.length = 0;
    this.#working = false;
    this.#report();
  }

  /**
   * Keeps an outcome for the next report. A small one the Lab can see before, and does where the next task takes
   * longer than was to be thought; but not before what was told ahead of it.
   */
  #keep(outcome: OutcomeMessage): void {
    const { states, outcomes } = this.#places;
    const { isRelayed } = this.#setup;
    const isFirst = this.#logs.length === 0 && this.#refused.length === 0 && !this.#hasTold;
    const isSmall = outcome.kind === "done" && !isRelayed && isFirst && outcomes.put(outcome);
    if (isSmall) this.#untold++;
    else {
      this.#outcomes.push(outcome);
      if (outcome.kind === "done") this.#memory.push(...memoryOf(outcome.value));
    }
    // Where the thread ends before that is told, this job is none of those that it takes with it.
    if (!isRelayed) {
      Atomics.compareExchange(states, outcome.place, BEGUN, isSmall ? IN_MEMORY : OVER);
    }
  }

  /** Whether tasks of the type are known to be quick, so that what is there to be told may wait for the next. */
  #isQuick({ id }: JobMessage): boolean {
    return (this.#longest.get(typeOf(id)) ?? Infinity) < REPORT_AFTER;
  }

  #noteLength({ id }: JobMessage, took: number): void {
    const type = typeOf(id);
    // The first one also imports the module. What took long is forgotten by and by.
    this.#longest.set(type, Math.max(took, (this.#longest.get(type) ?? 0) / 2));
  }

  async #take(executor: Executor, job: JobMessage): Promise<OutcomeMessage> {
    const { place } = job;
    const { states, begun } = this.#places;
    begun[place] = now();
    // A thread that is told to stop while it computes hears of it by a message, later than the next job begins.
    const isStopped = Atomics.load(states, STOP) !== 0;
    if (isStopped || Atomics.compareExchange(states, place, QUEUED, BEGUN) !== QUEUED) {
      this.#keepForOthers(executor, job);
      return { place, kind: "passed" };
    }
    const start = elapsed();
    try {
      const outcome = await this.#run(executor, job);
      return this.#outcome(job, this.#shared(executor, job, outcome), elapsed() - start);
    } catch (error) {
      return { place, kind: "failed", error: packError(error) };
    }
  }

  async #run(executor: Executor, job: JobMessage): Promise<Outcome> {
    const { place, id, key, shared, handOver, attempt, claim } = job;
    this.#keepResults(executor, job);
    await this.#defined;
    const dependencies: Dependency[] = [];
    for (const dependency of job.dependencies) {
      dependencies.push(await this.#dependency(dependency));
    }
    return await executor.execute({
      task: this.#task(id),
      key,
      cache: await this.#cache(job.cache),
      dependencies,
      wanted: handOver,
      shared,
      attempt,
      claim,
      context: () => job.context ?? this.#setup.context,
      due: (at) => this.#places.due[place] = at,
      stopped: () => Atomics.load(this.#places.states, STOP) !== 0,
    });
  }

  #keepResults(executor: Executor, { dependencies }: JobMessage): void {
    for (const { id, result } of dependencies) {
      if (result === undefined) continue;
      const { value, start, duration } = result;
      executor.keep(id, { value: unpack(value), meta: { start: new Date(start), duration } });
    }
  }

  // Jobs that came after one that was taken back were sent without the results that it brought.
  #keepForOthers(executor: Executor, job: JobMessage): void {
    try {
      this.#keepResults(executor, job);
    } catch {
      // the jobs that need it say that it is missing
    }
  }

  async #dependency({ id, key, cache }: DependencyMessage): Promise<Dependency> {
    return { task: this.#task(id), key, cache: await this.#cache(cache) };
  }

  async #cache(index: number): Promise<Cache | null> {
    return index < 0 ? null : await this.#caches[index]!;
  }

  /** Moves a large result that others need to where they see it. */
  #shared(executor: Executor, job: JobMessage, outcome: Outcome): Outcome & Shared {
    const { id, shared } = job;
    if (!this.#large || !shared || outcome.kind !== "done" || !executor.has(id)) return outcome;
    const packed = packShared(outcome.value);
    if (packed === undefined) return outcome;
    executor.keep(id, { value: unpack(packed), meta: outcome.meta });
    if (!job.handOver) {
      this.#post({ kind: "shares", id, value: packed }, []);
      this.#hasTold = true;
    }
    return { ...outcome, shared: packed };
  }

  #outcome(job: JobMessage, outcome: Outcome & Shared, took: number): OutcomeMessage {
    const { place } = job;
    switch (outcome.kind) {
      case "done": {
        const { start, duration } = outcome.meta;
        const value = job.handOver ? outcome.shared ?? this.#packed(job, outcome.value) : undefined;
        return { place, kind: "done", start: start.getTime(), duration, took, value };
      }
      case "failed":
        return {
          place,
          kind: "failed",
          error: packError(outcome.error),
          abandoned: outcome.abandoned,
        };
      case "missing":
        return { place, kind: "missing", ids: outcome.ids };
      case "dropped":
        return { place, kind: "passed" };
    }
  }

  // What cannot cross as it is, but is in the storage, is loaded from there.
  #packed(job: JobMessage, value: unknown): Packed | undefined {
    try {
      return pack(value);
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
      if (job.cache >= 0) return undefined;
      throw new RunnerError(
        `The result cannot be handed to another thread: ${error.message}. Register its class by ` +
          `registerClass, name a cache that holds it, or take the runner "serial" or "async"`,
        { cause: error },
      );
    }
  }

  // Innermost first, so that what is nested in a task was made before.
  async #define(tasks: readonly TaskMessage[]): Promise<void> {
    await this.#executor.catch(() => {});
    for (const task of tasks) {
      try {
        this.#tasks.set(task.id, await this.#taskOf(task));
      } catch (error) {
        this.#tasks.set(task.id, asError(error));
      }
    }
  }

  async #taskOf(message: TaskMessage): Promise<Task> {
    const { module, json } = message;
    if (findTaskType(json.name) === undefined) {
      await importTypes(module, json.name);
      refuseChanged(this.#setup.sources, module!);
    }
    return makeTask(message, (id) => this.#task(id));
  }

  #task(id: string): Task {
    const task = this.#tasks.get(id)!;
    if (task instanceof Error) throw task;
    return task;
  }

  /** Passes a log line on. */
  log(id: string | undefined, level: LogLevel, text: string): void {
    this.#logs.push({ id, level, text, at: now() });
    if (elapsed() - this.#reported >= this.#reportAfter) this.#report();
  }

  #report(): void {
    const count = this.#outcomes.length + this.#untold;
    const refused = this.#refused;
    if (count > 0 || this.#logs.length > 0 || refused.length > 0) {
      this.#post(
        { kind: "report", logs: this.#logs, outcomes: this.#outcomes, refused },
        this.#memory,
      );
      this.#hasTold = true;
    }
    [this.#logs, this.#outcomes, this.#refused, this.#memory] = [[], [], [], []];
    this.#untold = 0;
    this.#reported = elapsed();
  }
}

/** What a result is in memory that other threads see. */
interface Shared {
  readonly shared?: Packed;
}

// An id is the name, two underscores and 40 digits.
function typeOf(id: string): string {
  return id.slice(0, id.lastIndexOf("__"));
}

async function make<T>(registry: Registry<T>, { spec, folder, module }: Recipe): Promise<T> {
  if (module !== undefined) await import(module);
  return registry.create(spec, { env: pluginEnv(folder) });
}

// Those whose versions follow their code were told by the Lab, which knows the files as they were then.
function refuseChanged(sources: readonly Source[], module: string): void {
  const changed = changedSource(sources);
  if (changed === undefined) return;
  throw new RunnerError(
    `A worker cannot run the task types of ${module}: ${changed.url} was changed while the program ran, so ` +
      `that the worker has other code than the Lab, and than the version says; start the program again`,
  );
}

function makeTask({ id, module, json }: TaskMessage, taskOf: (id: string) => Task): Task {
  const type = findTaskType(json.name);
  if (type === undefined) {
    throw new RunnerError(
      `Importing ${module} in a worker defines no task type "${json.name}"; call task(…) at the top ` +
        `level of the module, not within a function or behind import.meta.main`,
    );
  }
  const task = createTask(type, paramsFromJson(json.params, taskOf), json.codeVersion);
  if (task.id === id && mayHaveVersion(type, json.codeVersion)) return task;
  throw new RunnerError(
    `The worker's ${json.name} differs from the Lab's, in its code version or its params; was ` +
      `${module} changed while the program ran, or does it define the type by chance?`,
  );
}

async function importTypes(module: string | undefined, name: string): Promise<void> {
  if (module === undefined) {
    throw new RunnerError(
      `The task type ${name}, nested in the params, has no module that a worker could import (it was ` +
        `defined in a REPL or notebook); define it in a file, or take the runner "serial" or "async"`,
    );
  }
  try {
    await importForTypes(module);
  } catch (error) {
    const { message } = asError(error);
    const hint = /^Requires \w+ access/.test(message)
      ? "; lab.permissionFlags() lists what the program needs"
      : "";
    throw new RunnerError(`A worker cannot import ${module}: ${message}${hint}`, { cause: error });
  }
}
