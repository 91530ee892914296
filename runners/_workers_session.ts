import type { Cache } from "../caches/cache.ts";
import { RunnerError } from "../errors.ts";
import type { LogLevel } from "../progress/events.ts";
import { definitionOf, type TaskTypeInfo } from "../task.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import { labelOf } from "./_label.ts";
import type { Dependency, Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";
import { MemoryWatch } from "./_memory_watch.ts";
import { overtimeError } from "./_time_limit.ts";
import type { PendingJob, Seat, SeatGroup, SeatListener } from "./_seat.ts";
import { packShared } from "./_shared_memory.ts";
import { SharedResults } from "./_shared_results.ts";
import {
  cacheRecipe,
  pack,
  type Recipe,
  storageRecipe,
  unpackError,
  unpackOwn,
} from "./_transport.ts";
import type { FromWorker, OutcomeMessage, ResultMessage } from "./_worker_protocol.ts";

/** Where a session has its workers from. */
export interface SeatPool {
  /** What kind of worker runs tasks of a type. */
  groupOf(type: TaskTypeInfo): SeatGroup;
  /** Gives an idle worker of a kind, or a new one. */
  take(group: SeatGroup): Seat;
  /** Takes a worker back. */
  giveBack(seat: Seat): void;
  /** Throws where a value of the context cannot be sent to a worker. */
  checkSendable(value: unknown): void;
}

type DoneMessage = Extract<OutcomeMessage, { kind: "done" }>;

const ANNOUNCE = 100;
// What tasks take is told once a second.
const LOOKS_A_REPORT = 10;
// Where so many workers in a row die before they have started, the next one will.
const MAX_FAILED_STARTS = 3;
const MAX_SUSPICIONS = 2;

/** A run on workers: threads, or other processes. */
export class WorkersSession implements RunnerSession, SeatListener {
  readonly #setting: RunSetting;
  readonly #pool: SeatPool;
  readonly #storage: Recipe | undefined;
  readonly #sharesContext: boolean;
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #seats: Seat[] = [];
  readonly #backlog: PendingJob[] = [];
  readonly #results = new Map<string, ResultMessage>();
  readonly #shared = new SharedResults();
  readonly #recipes = new Map<Cache, boolean>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #memory = new MemoryWatch({
    running: () =>
      this.#seats.flatMap((seat) => [...seat.begun()].map(([{ job }]) => String(job.task))),
    warn: (text) =>
      this.#setting.report({ kind: "log", at: Date.now(), level: "warn", text, isUrgent: true }),
  });
  #looks = 0;
  #scheduled = false;
  #failedStarts = 0;
  #broken: Error | undefined;
  #closed = false;

  constructor(setting: RunSetting, types: readonly TaskTypeInfo[], pool: SeatPool) {
    this.#setting = setting;
    this.#pool = pool;
    this.#storage = setting.storage === null ? undefined : storageRecipe(setting.storage);
    this.#sharesContext = types.some((type) => definitionOf(type).filterContext === undefined);
    this.#context = this.#sharesContext ? this.#sendable(setting.context) : {};
    this.#timer = setInterval(() => this.#announce(), ANNOUNCE);
    Deno.unrefTimer(this.#timer);
  }

  get slots(): number {
    const { maxWorkers } = this.#setting;
    const started = this.#seats.slice(0, maxWorkers).reduce((sum, { window }) => sum + window, 0);
    return started + 2 * Math.max(0, maxWorkers - this.#seats.length);
  }

  async run(job: Job): Promise<Outcome> {
    const { filterContext } = definitionOf(job.task.type);
    // A lost result may bring in types that nobody knew of when the run began.
    const isOwn = job.ownContext !== undefined || filterContext !== undefined ||
      !this.#sharesContext;
    try {
      refuseWithoutModule(job.task.type);
      const context = isOwn
        ? this.#sendable(job.ownContext ?? contextOf(job.task, this.#setting.context))
        : undefined;
      const group = this.#pool.groupOf(job.task.type);
      const missing = await this.#prepare(job.dependencies, group);
      if (missing.length > 0) return { kind: "missing", ids: missing };
      if (this.#broken !== undefined) return { kind: "failed", error: this.#broken };
      const kept = this.#reachable(job.cache, group);
      const handOver = job.wanted || ((job.shared || job.cache !== null) && !kept);
      job.signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const pending: PendingJob = {
        job,
        context,
        handOver,
        group,
        announced: false,
        suspicions: 0,
        recalled: undefined,
        resolve,
      };
      this.#backlog.push(pending);
      this.#schedule();
      const cancel = () => this.#cancel(pending);
      job.signal?.addEventListener("abort", cancel, { once: true });
      try {
        return await promise;
      } finally {
        job.signal?.removeEventListener("abort", cancel);
      }
    } catch (error) {
      return { kind: "failed", error: asError(error) };
    }
  }

  forget(id: string): void {
    this.#results.delete(id);
    this.#shared.forget(id);
    for (const seat of this.#seats) seat.forget(id);
  }

  drop(): void {
    for (const { resolve } of this.#backlog.splice(0)) resolve({ kind: "dropped" });
    for (const seat of this.#seats) seat.recall("drop");
  }

  recalled(pending: PendingJob): void {
    if (pending.recalled === "drop") return pending.resolve({ kind: "dropped" });
    this.#backlog.unshift(pending);
    this.#schedule();
  }

  message(seat: Seat, message: FromWorker): void {
    this.#failedStarts = 0;
    if (message.kind === "broken") return this.#breakDown(unpackError(message.error));
    if (message.kind === "ask" || message.kind === "shares") {
      if (!seat.group.sharesMemory) return; // nobody asked it to
      if (message.kind === "ask") return this.#shared.ask(seat, message.id);
      return this.#shared.put(seat, message.id, message.value);
    }
    for (const { id, level, text, at } of message.logs) {
      const task = id === undefined ? undefined : this.#setting.labelOf(id);
      this.#setting.report({ kind: "log", at, task, level, text });
    }
    for (const { key, why } of message.refused) this.#setting.signing?.refused(key, why);
    for (const outcome of message.outcomes) this.#take(seat, outcome);
    this.#schedule();
  }

  output(seat: Seat, level: LogLevel, text: string): void {
    const { current } = seat;
    if (current !== undefined && !current.announced) this.#started(current, Date.now());
    const task = current && labelOf(current.job.task);
    this.#setting.report({ kind: "log", at: Date.now(), task, level, text });
  }

  died(seat: Seat, reason: string): void {
    this.#seats.splice(this.#seats.indexOf(seat), 1);
    this.#shared.left(seat);
    const begun = seat.started ? lostBy(seat) : [];
    const others = seat.pending.filter((pending) => !begun.includes(pending));
    for (const pending of others.reverse()) {
      pending.recalled ??= "share";
      this.recalled(pending);
    }
    if (!seat.started && ++this.#failedStarts >= MAX_FAILED_STARTS) {
      const hint = "lab.permissionFlags() lists what the program needs";
      return this.#breakDown(
        new RunnerError(`A worker cannot start: ${firstLine(reason)}; ${hint}`),
      );
    }
    for (const { job, resolve } of begun) {
      const error = new RunnerError(`The worker that ran ${job.task} died: ${firstLine(reason)}`);
      resolve({ kind: "failed", error });
    }
    this.#schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    clearInterval(this.#timer);
    this.#memory[Symbol.dispose]();
    const ended = this.#seats.splice(0).map((seat) => {
      if (seat.load > 0) return seat.terminate();
      seat.leave();
      this.#pool.giveBack(seat);
    });
    await Promise.all(ended);
  }

  /** Has the results at hand that no worker can load by itself; gives the ids of those that are not there. */
  async #prepare(
    dependencies: readonly Dependency[],
    group: SeatGroup,
  ): Promise<string[]> {
    const missing: string[] = [];
    for (const { task, key, cache } of dependencies) {
      if (this.#reachable(cache, group) || this.#results.has(task.id)) continue;
      const { storage, signal } = this.#setting;
      const result = cache && storage && await cache.load(storage, key, task, { signal });
      if (result) {
        const { value, meta: { start, duration } } = result;
        const packed = (group.sharesMemory ? packShared(value) : undefined) ?? pack(value);
        this.#results.set(task.id, { value: packed, start: start.getTime(), duration });
      } else missing.push(task.id);
    }
    return missing;
  }

  /** Whether workers of a kind can load from, and save by, a cache themselves. */
  #reachable(cache: Cache | null, group: SeatGroup): boolean {
    if (cache === null || this.#storage === undefined || !group.opensStorage) return false;
    let reachable = this.#recipes.get(cache);
    if (reachable === undefined) {
      this.#recipes.set(cache, reachable = cacheRecipe(cache) !== undefined);
    }
    return reachable;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      if (!this.#closed) this.#distribute();
    });
  }

  // In the order in which they came, so that no kind of worker keeps another from its turn.
  #distribute(): void {
    for (let at = 0; at < this.#backlog.length; at++) {
      const pending = this.#backlog[at]!;
      const seat = this.#seatFor(pending);
      if (seat === undefined) {
        this.#backlog.splice(0, at);
        return this.#send();
      }
      const { group } = pending;
      seat.give(pending, this.#results, (cache) => this.#reachable(cache, group));
    }
    this.#backlog.length = 0;
    this.#rebalance();
    this.#send();
  }

  #send(): void {
    for (const seat of this.#seats) seat.send();
  }

  // An idle worker first, that holds what the job needs if there is one; a new one before waiting in line.
  #seatFor({ job, group }: PendingJob): Seat | undefined {
    const { maxWorkers } = this.#setting;
    const isFull = this.#seats.filter(({ load }) => load > 0).length >= maxWorkers;
    let alike = 0;
    let best: Seat | undefined;
    for (const seat of this.#seats) {
      if (seat.group !== group) continue;
      alike++;
      if (seat.load >= seat.window || (isFull && seat.load === 0)) continue;
      if (best === undefined || isBetter(seat, best, job)) best = seat;
    }
    const isIdle = best !== undefined && best.load === 0;
    return isIdle || isFull || alike >= maxWorkers ? best : this.#start(group) ?? best;
  }

  #start(group: SeatGroup): Seat | undefined {
    try {
      const seat = this.#pool.take(group);
      const { plugins, sources = [], signing } = this.#setting;
      const storage = group.opensStorage ? this.#storage ?? null : null;
      const keys = group.opensStorage ? signing?.keys : undefined;
      const { sharesMemory } = group;
      seat.join(
        { storage, plugins, sources, context: this.#context, signing: keys, sharesMemory },
        this,
      );
      this.#seats.push(seat);
      return seat;
    } catch (error) {
      queueMicrotask(() => this.#breakDown(asError(error)));
    }
  }

  // Half of the jobs that wait behind a long one go to a worker that has nothing to do.
  #rebalance(): void {
    for (const idle of this.#seats) {
      if (idle.load > 0) continue;
      const other = this.#seats.find(({ load, group }) => load > 1 && group === idle.group);
      other?.recall("share", Math.ceil((other.load - 1) / 2));
    }
  }

  #take(seat: Seat, outcome: OutcomeMessage): void {
    const at = seat.beginOf(outcome.place);
    const pending = seat.finish(
      outcome.place,
      outcome.kind === "done" ? outcome.took : undefined,
    );
    if (pending === undefined || outcome.kind === "passed") return;
    if (!pending.announced) this.#started(pending, at);
    const { resolve, job } = pending;
    switch (outcome.kind) {
      case "done":
        if (job.shared) seat.hold(job.task.id);
        this.#complete(pending, outcome).then(
          resolve,
          (error) => resolve({ kind: "failed", error: asError(error) }),
        );
        break;
      case "failed":
        resolve({ kind: "failed", error: unpackError(outcome.error) });
        if (outcome.abandoned) this.#retire(seat);
        break;
      case "missing":
        if (!outcome.ids.every((id) => job.dependencies.some(({ task }) => task.id === id))) {
          const error = new RunnerError(
            `The worker that ran ${job.task} missed what it had no need of`,
          );
          return resolve({ kind: "failed", error });
        }
        for (const id of outcome.ids) seat.forget(id); // what is made again is sent again
        resolve({ kind: "missing", ids: outcome.ids });
    }
  }

  /** Does what is left to do for a job in the Lab's own thread. */
  async #complete({ job, group, handOver }: PendingJob, outcome: DoneMessage): Promise<Outcome> {
    const { start, duration, value: packed } = outcome;
    const { attempt = 1 } = job;
    const attempts = attempt > 1 ? { attempts: attempt } : {};
    const meta = { start: new Date(start), duration, ...attempts };
    if (!handOver) return { kind: "done", meta };
    const { storage, signal } = this.#setting;
    const { task, key, cache } = job;
    if (packed === undefined) {
      if (!this.#reachable(cache, group)) {
        throw new RunnerError(`The worker that ran ${task} did not hand its result over`);
      }
      const result = await cache!.load(storage!, key, task, { signal });
      if (result === undefined) {
        throw new RunnerError(`The result of ${task} was saved, but cannot be loaded again`);
      }
      return { kind: "done", meta, value: result.value };
    }
    const isKept = cache !== null && storage !== null && !this.#reachable(cache, group);
    const value = job.wanted || isKept ? unpackOwn(packed) : undefined;
    if (!this.#reachable(cache, group) && job.shared) {
      this.#results.set(task.id, { value: packed, start, duration });
    }
    if (isKept) await cache.save(storage, key, task, { value, meta }, { signal, claim: job.claim });
    return { kind: "done", meta, value };
  }

  #announce(): void {
    for (const seat of [...this.#seats]) {
      const { overdue } = seat;
      if (overdue !== undefined) this.#expire(seat, overdue);
      else if (seat.looksStuck()) this.#replaceStuck(seat);
      for (const [pending, at] of seat.begun()) {
        if (!pending.announced) this.#started(pending, at);
      }
    }
    if (this.#runsInThreads()) this.#memory.look();
    if (++this.#looks % LOOKS_A_REPORT === 0) this.#tellUsage();
  }

  #runsInThreads(): boolean {
    return this.#seats.some(({ group, load }) => !group.stops && load > 0);
  }

  #tellUsage(): void {
    for (const seat of this.#seats) {
      for (const [{ job, announced }, usage] of seat.usages()) {
        if (!announced) continue;
        this.#setting.report({ kind: "usage", at: Date.now(), task: labelOf(job.task), ...usage });
      }
    }
  }

  #expire(seat: Seat, overdue: PendingJob): void {
    const { task } = overdue.job;
    const { timeout } = definitionOf(task.type);
    this.#retire(seat, overdue);
    if (!seat.group.stops) {
      const text =
        "It goes on computing in a thread that nothing stops before the program ends; the " +
        'runner "processes" would stop it';
      this.#setting.report({
        kind: "log",
        at: Date.now(),
        task: labelOf(task),
        level: "warn",
        text,
      });
    }
    overdue.resolve({ kind: "failed", error: overtimeError(task, timeout!) });
    this.#schedule();
  }

  /** Has others do what a worker does not begin. Where they do not either, it is not the worker's fault. */
  #replaceStuck(seat: Seat): void {
    if (seat.pending.some((pending) => ++pending.suspicions > MAX_SUSPICIONS)) return;
    const text =
      "A worker is given up: it begins no task any more, for something that an earlier task left " +
      "behind computes in its thread. Others take over";
    this.#setting.report({ kind: "log", at: Date.now(), level: "warn", text });
    this.#retire(seat);
    this.#schedule();
  }

  /** Stops one job, with the worker that has it in hand. */
  #cancel(pending: PendingJob): void {
    pending.resolve({ kind: "failed", error: asError(pending.job.signal?.reason) });
    const waits = this.#backlog.indexOf(pending);
    if (waits >= 0) this.#backlog.splice(waits, 1);
    const seat = this.#seats.find((seat) => seat.pending.includes(pending));
    if (seat !== undefined) this.#retire(seat, pending);
    this.#schedule();
  }

  /** Ends a worker whose task goes on after its time, and has others do what it had in hand. */
  #retire(seat: Seat, overdue?: PendingJob): void {
    const at = this.#seats.indexOf(seat);
    if (at < 0) return;
    this.#seats.splice(at, 1);
    this.#shared.left(seat);
    for (const pending of seat.pending.reverse()) {
      if (pending === overdue) continue;
      pending.recalled ??= "share";
      this.recalled(pending);
    }
    seat.terminate();
  }

  #started(pending: PendingJob, at: number): void {
    pending.announced = true;
    this.#setting.report({ kind: "started", at, task: labelOf(pending.job.task) });
  }

  #breakDown(error: Error): void {
    this.#broken ??= error;
    this.drop();
    for (const seat of this.#seats.splice(0)) {
      for (const { resolve } of seat.pending) resolve({ kind: "failed", error });
      seat.terminate();
    }
  }

  #sendable(context: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
    for (const [name, value] of Object.entries(context)) {
      try {
        this.#pool.checkSendable(value);
      } catch (error) {
        throw new RunnerError(
          `context.${name} cannot be sent to a worker (${
            asError(error).message
          }); leave it out by ` +
            `filterContext and make it within run, or take the runner "serial" or "async"`,
          { cause: error },
        );
      }
    }
    return context;
  }
}

// What a worker is known to have begun dies with it. Where it died before it could say which job it is at,
// that is the first one, unless it had yet to begin: so that one is tried again, once.
function lostBy(seat: Seat): PendingJob[] {
  const begun = Array.from(seat.begun(), ([pending]) => pending);
  const [first] = seat.pending;
  if (begun.length > 0 || first === undefined) return begun;
  return ++first.suspicions < MAX_SUSPICIONS ? [] : [first];
}

// The rest is a stack of the library's own calls.
function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}

/**
 * Refuses a type that no worker can import.
 *
 * @throws {RunnerError} When the type has no module.
 */
export function refuseWithoutModule({ taskName, module }: TaskTypeInfo): void {
  if (module !== undefined) return;
  throw new RunnerError(
    `The task type ${taskName} has no module that a worker could import (it was defined in a REPL ` +
      `or notebook); define it in a file by task(import.meta, …), or take the runner "serial" or ` +
      `"async"`,
  );
}

function isBetter(seat: Seat, best: Seat, job: Job): boolean {
  if ((seat.load === 0) !== (best.load === 0)) return seat.load === 0;
  const [ours, theirs] = [seat, best].map((each) =>
    job.dependencies.slice(0, 8).filter(({ task }) => each.holds(task.id)).length
  ) as [number, number];
  return ours !== theirs ? ours > theirs : seat.load < best.load;
}
