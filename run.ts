import { type Refused, signedCaches } from "./caches/signed.ts";
import type { Source } from "./code_version/task_code.ts";
import { LabtechError, TaskError } from "./errors.ts";
import { failuresText } from "./failures_text.ts";
import { LabError } from "./lab_error.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { type Place, type PlannedTask, Planner, refuseStale, unsignable } from "./plan.ts";
import { refusalText } from "./refusal_text.ts";
import type { ProgressDisplay, RunEvent, RunSummary } from "./progress/events.ts";
import type { Migrations } from "./provenance/migrate.ts";
import { TaskResults } from "./results.ts";
import { labelOf } from "./runners/_label.ts";
import type { RunOutcome } from "./runs/run_outcome.ts";
import type { RunEnding } from "./runs/run_record.ts";
import { SlowestTasks } from "./slowest_tasks.ts";
import type { Outcome, Runner, RunnerSession, RunSetting } from "./runners/runner.ts";
import { SingleFlight } from "./single_flight.ts";
import { drive, type Ending } from "./scheduler/drive.ts";
import { retryDelay } from "./scheduler/retry_delay.ts";
import { type Consequences, type Plan, Scheduler } from "./scheduler/scheduler.ts";
import type { Refusal } from "./signing/entry_signing.ts";
import type { KeyRing } from "./signing/key_ring.ts";
import {
  definesMigrations,
  definitionOf,
  keepResult,
  originalOf,
  type Task,
  type TaskResult,
  type TaskTypeInfo,
} from "./task.ts";

/** What a run works with. */
export interface RunParts extends Place {
  /** The version of a type's code, which tasks must have. */
  readonly versionOf: (type: TaskTypeInfo) => string | undefined;
  /** The same, also of types that no task of the run has. */
  readonly codeVersionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
  /** Whether a result of an earlier shape may be put under a key, where types say how. */
  readonly mayMigrate: (key: string) => boolean;
  /** The files that versions which follow the code depend on. */
  readonly sources: readonly Source[];
  /** What runs tasks. */
  readonly runner: Runner;
  /** How many tasks may run at once. */
  readonly maxWorkers: number;
  /** Whether other tasks go on when one fails. */
  readonly continueOnFailure: boolean;
  /** The Lab's context. */
  readonly context: Readonly<Record<string, unknown>>;
  /** URLs of plugin modules. */
  readonly plugins: readonly string[];
  /** Whether results in the storage are left aside, and replaced. */
  readonly bustCache: boolean;
  /** Which tasks are computed by one program at a time. */
  readonly singleFlight: boolean | "auto";
  /** The keys to sign and check entries by, if any. */
  readonly signing: KeyRing | undefined;
  /** Stops at once when aborted. */
  readonly signal: AbortSignal | undefined;
  /** Shows what goes on. */
  readonly display: ProgressDisplay;
  /** The run: a UUID. */
  readonly id: string;
  /** Keeps what the code of types is made of, beside the results. Never rejects. */
  readonly keepCode: (
    types: Iterable<TaskTypeInfo>,
    call: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
  ) => Promise<void>;
  /** Keeps what became of the run, before the display is told of its end. Never rejects. */
  readonly record: (outcome: RunOutcome, warn: (text: string) => void) => Promise<void>;
}

// Beyond this, loading takes so long that what has to run should not wait for it.
const QUICK_LOAD = 0.5;
const LOADS_AT_ONCE = 16;
// From so many on, asking the storage about all that is left is cheaper than to look for each.
const MANY_MISSES = 64;
const MEASURED = 16;
// A result that gets lost so often will not be found the next time either.
const MAX_TRIES = 3;
// Why a run is ended that is not to go on when a task fails.
const FAILED = Symbol("failed");

/** Somebody else computed a task meanwhile. The result is there where it was asked for. */
interface Found {
  readonly kind: "found";
  readonly result?: TaskResult;
}

type Done = Extract<Outcome, { kind: "done" | "failed" }> | Found;

/** One call of `runTasks`. */
export class Run<T extends Task> {
  readonly #parts: RunParts;
  readonly #given: readonly T[];
  readonly #wanted: Map<string, T>;
  readonly #planner: Planner;
  readonly #scheduler = new Scheduler();
  readonly #results = new Map<string, TaskResult>();
  readonly #failures = new Map<Task, Error>();
  readonly #skipped = new Map<Task, Task | undefined>();
  readonly #fromCache = new Set<string>();
  /** How long they ran, in ms. */
  readonly #ran = new Map<string, number>();
  readonly #slowest = new SlowestTasks();
  readonly #lost = new Map<string, number>();
  /** How often tasks failed, by id. */
  readonly #failedTimes = new Map<string, number>();
  /** The workers that ran tasks, where that was not this program, by the id of the task. */
  readonly #workers = new Map<string, string>();
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  readonly #start = new Date();
  readonly #began = performance.now();
  readonly #remaking = new Set<string>();
  /** The keys of entries that are not trusted. */
  readonly #refused = new Map<string, Refusal>();
  /** When tasks ended, as the how manieth. */
  readonly #endOf = new Map<string, number>();
  #ends = 0;
  #saved = 0;
  #replanned: Promise<unknown> = Promise.resolve();
  #migrations: Migrations | undefined;
  #broken = false;

  constructor(parts: RunParts, tasks: Iterable<T>) {
    this.#parts = parts;
    this.#given = [...tasks];
    this.#wanted = new Map();
    for (const task of this.#given) {
      if (!this.#wanted.has(task.id)) this.#wanted.set(task.id, task);
    }
    const { storage, signing } = parts;
    const bound = signing && signedCaches(signing, this.#refuse);
    const cacheOf: Place["cacheOf"] = (type) => {
      const cache = parts.cacheOf(type);
      return cache && bound ? bound(cache) : cache;
    };
    this.#planner = new Planner({ storage, cacheOf }, {
      bustCache: parts.bustCache,
      signal: this.#stop.signal,
      report: this.#warn,
      migrate: (missing) => this.#migrate(missing),
    });
  }

  /** Runs it all. */
  async execute(): Promise<TaskResults<T>> {
    refuseStale(this.#given, this.#parts.versionOf);
    const { signal } = this.#parts;
    const stop = () => this.#stop.abort(signal?.reason);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
    let failure: unknown;
    try {
      await this.#loadAndRun();
    } catch (error) {
      failure = error;
      if (this.#broken || !this.#stop.signal.aborted) throw asRunFailure(error);
    } finally {
      signal?.removeEventListener("abort", stop);
      this.#skipRest();
      if (this.#refused.size > 0) this.#warn(refusalText(this.#refused));
      for (const { type, count, reason } of this.#migrations?.problems ?? []) {
        this.#warn(
          `Of ${type}, ${count} earlier ${results(count)} could not be taken over: ${reason}`,
        );
      }
      const summary = this.#summary();
      await this.#parts.record(this.#outcome(summary, failure), this.#warn);
      this.#report({ kind: "ended", at: Date.now(), summary });
    }
    return this.#complete();
  }

  // A result that cannot be loaded after all is made in another round.
  async #loadAndRun(): Promise<void> {
    const { missing, present } = await this.#loadQuickly();
    let [toRun, toLoad] = [missing, present];
    while ((toRun.length > 0 || toLoad.length > 0) && !this.#ending()) {
      [toRun, toLoad] = [await this.#runAndLoad(toRun, toLoad), []];
    }
  }

  async #runAndLoad(
    toRun: readonly PlannedTask[],
    toLoad: readonly PlannedTask[],
  ): Promise<PlannedTask[]> {
    const loading = this.#loadAll(toLoad);
    const both = [this.#runAll(toRun), loading] as const;
    try {
      await Promise.all(both);
      return await loading;
    } catch (error) {
      this.#broken ||= !this.#stop.signal.aborted;
      this.#stop.abort(error);
      await Promise.allSettled(both);
      throw error;
    }
  }

  #ending(): boolean {
    return this.#stop.signal.aborted || this.#drain.signal.aborted;
  }

  /**
   * Loads what was asked for and is in the storage, as long as that goes quickly; what is there but takes
   * longer is left for later, so that what has to run begins to run.
   */
  async #loadQuickly(): Promise<{ missing: PlannedTask[]; present: PlannedTask[] }> {
    const { storage, bustCache } = this.#parts;
    const missing: PlannedTask[] = [];
    const candidates: PlannedTask[] = [];
    for (const task of this.#wanted.values()) {
      const planned = this.#planner.describe(task);
      this.#plan(planned);
      const kept = storage !== null && !bustCache && planned.cache !== null;
      (kept ? candidates : missing).push(planned);
    }
    const began = performance.now();
    let [at, misses] = [0, 0];
    const isSlow = () => at >= MEASURED && performance.now() - began > at * QUICK_LOAD;
    const areMissing = () => misses >= MANY_MISSES && misses > at / 2;
    while (at < candidates.length && !isSlow() && !areMissing() && !this.#stop.signal.aborted) {
      const batch = candidates.slice(at, at + LOADS_AT_ONCE);
      at += batch.length;
      const lost = await this.#loadAll(batch);
      misses += lost.length;
      missing.push(...lost);
    }
    const rest = candidates.slice(at);
    const present = await this.#planner.cached(rest);
    for (const planned of rest) if (!present.has(planned.task.id)) missing.push(planned);
    const migrated = new Set(await this.#migrate(missing));
    return {
      missing: missing.filter((planned) => !migrated.has(planned)),
      present: [...rest.filter(({ task }) => present.has(task.id)), ...migrated],
    };
  }

  /** Takes over results of earlier shapes, where types of the tasks say how; gives the tasks that get one. */
  async #migrate(missing: readonly PlannedTask[]): Promise<readonly PlannedTask[]> {
    const { storage, bustCache, mayMigrate, cacheOf, codeVersionOf, signing } = this.#parts;
    if (storage === null || bustCache || missing.length === 0 || this.#ending()) {
      return [];
    }
    if (!definesMigrations()) return [];
    const { Migrations } = await import("./provenance/migrate.ts");
    this.#migrations ??= new Migrations({
      ...{ storage, cacheOf, versionOf: codeVersionOf, signing, refused: this.#refuse },
      ...{ signal: this.#stop.signal, report: this.#warn },
    });
    const taken = await this.#migrations.take(missing.filter(({ key }) => mayMigrate(key)));
    if (taken.length > 0) {
      this.#tell(
        `Took over ${taken.length} earlier ${results(taken.length)} by migrate or formerly`,
      );
    }
    return taken;
  }

  /** Loads results, and gives back those tasks that turned out to have none. */
  async #loadAll(tasks: readonly PlannedTask[]): Promise<PlannedTask[]> {
    const lost: PlannedTask[] = [];
    const queue = tasks.values();
    const load = async () => {
      for (const planned of queue) {
        if (this.#stop.signal.aborted) return;
        const { task, key, cache } = planned;
        const result = await cache!.load(this.#parts.storage!, key, task, {
          signal: this.#stop.signal,
          report: this.#warn,
        });
        if (result === undefined) lost.push(planned);
        else this.#loaded(task, result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LOADS_AT_ONCE, tasks.length) }, load));
    return lost;
  }

  #loaded(task: Task, result: TaskResult): void {
    this.#results.set(task.id, result);
    this.#fromCache.add(task.id);
    const { duration } = result.meta;
    this.#saved += duration;
    this.#report({ kind: "done", at: Date.now(), task: labelOf(task), from: "cache", duration });
  }

  async #runAll(missing: readonly PlannedTask[]): Promise<void> {
    if (missing.length === 0) return;
    const tasks = await this.#schedule(missing);
    if (tasks.length === 0) return;
    const types = new Set(tasks.map(({ type }) => type));
    using interrupts = listenForInterrupts(() => this.#interrupted());
    const drain = AbortSignal.any([this.#drain.signal, interrupts.drain]);
    const stop = AbortSignal.any([this.#stop.signal, interrupts.stop]);
    interrupts.drain.addEventListener("abort", () => this.#drain.abort(interrupts.drain.reason));
    interrupts.stop.addEventListener("abort", () => this.#stop.abort(interrupts.stop.reason));
    const { storage, singleFlight: mode } = this.#parts;
    // Claims end after the session, and with it what runs.
    await using flight = new SingleFlight({
      ...{
        storage,
        mode: this.#parts.runner.claims ? false : mode,
        tell: this.#tell,
        waits: this.#waits,
      },
      over: AbortSignal.any([drain, stop]),
    });
    // Before there are results of it, so that it is there whatever ends the program.
    await this.#parts.keepCode(types, { signal: stop, warn: this.#warn });
    await using session = await this.#parts.runner.open(this.#setting(stop), types);
    drain.addEventListener("abort", () => session.drop());
    await drive<Done>({
      scheduler: this.#scheduler,
      slots: () => session.slots,
      execute: (id) => this.#execute(flight, session, id),
      ended: (id, outcome, consequences) => this.#ended(session, id, outcome, consequences),
      skipped: (consequences) => this.#entail(consequences, session),
      drain,
      stop,
    });
  }

  /** Hands what is missing to the scheduler, and gives all tasks that this involves. */
  async #schedule(missing: readonly PlannedTask[]): Promise<Task[]> {
    const [known, fresh] = [true, false].map((has) =>
      missing.filter(({ task }) => this.#scheduler.has(task.id) === has)
    ) as [PlannedTask[], PlannedTask[]];
    const plans = await this.#planner.plan(fresh.map(({ task }) => task));
    const lost = known.filter(({ task }) => !this.#results.has(task.id));
    const again = await this.#planner.replan(lost.map(({ task }) => task.id));
    const added = [...plans, ...again.added].filter(({ id }) => !this.#scheduler.has(id));
    this.#refuseUnsigned([...added, ...again.lost]);
    const consequences = [this.#scheduler.add(added), this.#scheduler.reopen(again.lost)];
    this.#announce(added);
    for (const each of consequences) this.#entail(each);
    return [...added, ...again.lost].map(({ id }) => this.#planner.tasks.get(id)!.task);
  }

  /** Refuses to compute what could not be kept, before that is begun. */
  #refuseUnsigned(plans: readonly Plan[]): void {
    const toRun = plans.filter(({ dependencies }) => dependencies !== undefined)
      .map(({ id }) => this.#planner.tasks.get(id)!);
    const reason = unsignable(toRun, this.#parts.storage, this.#parts.signing);
    if (reason !== undefined) throw new LabError(reason);
  }

  #setting(signal: AbortSignal): RunSetting {
    const { storage, maxWorkers, context, plugins, sources, signing } = this.#parts;
    const labelOfId = (id: string) => {
      const planned = this.#planner.tasks.get(id);
      return planned && labelOf(planned.task);
    };
    return {
      storage,
      maxWorkers,
      context,
      plugins,
      sources,
      signal,
      labelOf: labelOfId,
      report: this.#report,
      ...(signing && { signing: { keys: signing.keys, refused: this.#refuse } }),
    };
  }

  #interrupted(): void {
    this.#warn("Ending: what runs is finished first; press Ctrl-C again to stop at once");
  }

  async #execute(
    flight: SingleFlight,
    session: RunnerSession,
    id: string,
  ): Promise<Ending<Done>> {
    const planned = this.#planner.tasks.get(id)!;
    const begun = this.#ends;
    const outcome = await flight.fly(planned, {
      find: () => this.#find(planned),
      run: (claim) =>
        session.run({
          ...planned,
          dependencies: planned.task.dependencies.map((task) => this.#planner.tasks.get(task.id)!),
          wanted: this.#wanted.has(id),
          shared: this.#scheduler.isNeeded(id),
          attempt: (this.#failedTimes.get(id) ?? 0) + 1,
          claim,
          ...(this.#parts.bustCache && { replaces: true }),
        }),
    });
    switch (outcome.kind) {
      case "held":
        return outcome;
      case "found":
        return { kind: "done", outcome };
      case "missing":
        return await this.#replan(session, outcome.ids, begun);
      case "dropped":
        return outcome;
      case "failed":
        return this.#retry(planned.task, outcome) ?? { kind: "failed", outcome };
      default:
        return { kind: outcome.kind, outcome };
    }
  }

  /** Looks whether somebody else computed a task since it was planned. */
  async #find({ task, key, cache }: PlannedTask): Promise<Found | undefined> {
    const { storage, bustCache } = this.#parts;
    if (bustCache) return undefined;
    const call = { signal: this.#stop.signal };
    const isWanted = this.#wanted.has(task.id);
    // Of what was lost before it takes more than a look to say that it is there.
    if (!isWanted && !this.#lost.has(task.id)) {
      return await cache!.isCached(storage!, key, call) ? { kind: "found" } : undefined;
    }
    const result = await cache!.load(storage!, key, task, call);
    return result && { kind: "found", ...(isWanted && { result }) };
  }

  /** Another attempt at a task that failed, if it has one. */
  #retry(
    task: Task,
    outcome: Extract<Outcome, { kind: "failed" }>,
  ): Ending<Done> | undefined {
    const { retries = 0 } = definitionOf(task.type);
    const attempt = (this.#failedTimes.get(task.id) ?? 0) + 1;
    this.#failedTimes.set(task.id, attempt);
    if (attempt > retries || this.#ending()) return undefined;
    const delay = retryDelay(attempt, Math.random());
    const [attempts, at, label] = [retries + 1, Date.now(), labelOf(task)];
    const { error } = outcome;
    this.#report({ kind: "retrying", at, task: label, attempt, attempts, delay, error });
    const text = `Attempt ${attempt} of ${attempts} failed: ${error.message}; the next one in ` +
      `${(delay / 1000).toFixed(1)} s`;
    this.#report({ kind: "log", at, task: label, level: "warn", text });
    return { kind: "retry", wait: this.#pause(delay), outcome };
  }

  /** Waits; gives whether the run goes on. */
  #pause(delay: number): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const over = AbortSignal.any([this.#stop.signal, this.#drain.signal]);
    const end = () => {
      clearTimeout(timer);
      over.removeEventListener("abort", end);
      resolve(!over.aborted);
    };
    const timer = setTimeout(end, delay);
    over.addEventListener("abort", end);
    return promise;
  }

  async #replan(
    session: RunnerSession,
    missing: readonly string[],
    begun: number,
  ): Promise<Ending<Done>> {
    // Of several jobs that miss a result, the first one has it made again; the others wait for that.
    const ids = missing.filter((id) =>
      !this.#remaking.has(id) && (this.#endOf.get(id) ?? 0) <= begun
    );
    for (const lost of ids) {
      const times = (this.#lost.get(lost) ?? 0) + 1;
      this.#lost.set(lost, times);
      if (times < MAX_TRIES) continue;
      const { task } = this.#planner.tasks.get(lost)!;
      const error = new TaskError(`The result of ${task} was saved, but cannot be loaded again`);
      return { kind: "failed", outcome: { kind: "failed", error } };
    }
    for (const lost of ids) this.#remaking.add(lost);
    // One after the other: each builds on what those before it added.
    const replanned = this.#replanned.then(() => this.#remake(session, ids));
    this.#replanned = replanned.catch(() => {});
    return await replanned;
  }

  async #remake(session: RunnerSession, ids: readonly string[]): Promise<Ending<Done>> {
    const { added, lost } = await this.#planner.replan(ids);
    const consequences = this.#scheduler.add(added.filter(({ id }) => !this.#scheduler.has(id)));
    this.#announce(added);
    this.#entail(consequences, session);
    for (const dependency of ids) {
      this.#fromCache.delete(dependency);
      this.#plan(this.#planner.tasks.get(dependency)!);
    }
    return { kind: "missing", lost };
  }

  #ended(
    session: RunnerSession,
    id: string,
    outcome: Done,
    consequences: Consequences,
  ): void {
    const { task } = this.#planner.tasks.get(id)!;
    this.#remaking.delete(id);
    this.#endOf.set(id, ++this.#ends);
    if (outcome.kind !== "found" && outcome.worker !== undefined) {
      this.#workers.set(id, outcome.worker);
    }
    if (outcome.kind === "done") this.#done(task, outcome);
    else if (outcome.kind === "found") this.#found(task, outcome);
    else this.#failed(task, outcome.error);
    this.#entail(consequences, session);
    if (outcome.kind === "failed" && !this.#parts.continueOnFailure) this.#drain.abort(FAILED);
  }

  #entail({ skipped, released }: Consequences, session?: RunnerSession): void {
    for (const id of skipped) {
      const cause = this.#planner.tasks.get(this.#scheduler.causeOf(id) ?? "");
      this.#skip(this.#planner.tasks.get(id)!.task, cause?.task);
    }
    for (const id of released) session?.forget(id);
  }

  #done(task: Task, { meta, value }: Extract<Outcome, { kind: "done" }>): void {
    const { duration } = meta;
    this.#ran.set(task.id, duration);
    if (this.#wanted.has(task.id)) this.#results.set(task.id, { value, meta });
    this.#slowest.add(task, duration);
    const [at, worker] = [Date.now(), this.#workers.get(task.id)];
    this.#report({ kind: "done", at, task: labelOf(task), from: "run", duration, worker });
  }

  #found(task: Task, { result }: Found): void {
    if (result) return this.#loaded(task, result);
    this.#fromCache.add(task.id);
    this.#report({ kind: "done", at: Date.now(), task: labelOf(task), from: "cache", duration: 0 });
  }

  #failed(task: Task, cause: Error): void {
    const attempts = this.#failedTimes.get(task.id) ?? 1;
    const often = attempts > 1 ? ` after ${attempts} attempts` : "";
    const error = new TaskError(`${task} failed${often}: ${cause.message}`, { cause });
    this.#failures.set(originalOf(task), error);
    const [at, worker] = [Date.now(), this.#workers.get(task.id)];
    this.#report({ kind: "failed", at, task: labelOf(task), error: cause, worker });
  }

  #skip(task: Task, cause: Task | undefined): void {
    this.#skipped.set(originalOf(task), cause && originalOf(cause));
    this.#report({
      kind: "skipped",
      at: Date.now(),
      task: labelOf(task),
      cause: cause && labelOf(cause),
    });
  }

  /** Skips what a run that was ended has left. */
  #skipRest(): void {
    for (const id of this.#scheduler.pending()) {
      this.#skip(this.#planner.tasks.get(id)!.task, undefined);
    }
    for (const task of this.#wanted.values()) {
      if (this.#results.has(task.id) || this.#scheduler.has(task.id)) continue;
      this.#skip(task, undefined);
    }
  }

  #complete(): TaskResults<T> {
    const wanted = new Map(Iterator.from(this.#wanted).map(([id, task]) => [id, originalOf(task)]));
    const results = new TaskResults<T>(wanted, this.#results, this.#summary());
    for (const task of this.#given) {
      const result = this.#results.get(task.id);
      if (result !== undefined) keepResult(originalOf(task), result);
    }
    if (results.size === this.#wanted.size && this.#failures.size === 0) return results;
    throw this.#error(results);
  }

  #error(results: TaskResults<T>): LabError {
    const undone = this.#failures.size + this.#skipped.size;
    const total = this.#planner.tasks.size;
    const stopped = this.#stoppedBy();
    const ended = stopped !== undefined && this.#failures.size === 0;
    const text = ended
      ? `The run was stopped: ${undone} of ${total} tasks are not done`
      : `Failed to complete ${undone} of ${total} tasks:${
        failuresText(this.#failures, this.#skipped)
      }`;
    return new LabError(text, {
      failures: this.#failures,
      skipped: this.#skipped,
      results: results as unknown as TaskResults,
      stopped,
    }, { cause: ended ? stopped : [...this.#failures.values()][0] });
  }

  /** Why the run was stopped; `undefined` where it was not. */
  #stoppedBy(): unknown {
    const reason = this.#stop.signal.reason ?? this.#drain.signal.reason;
    return reason === FAILED ? undefined : reason;
  }

  #outcome(summary: RunSummary, failure: unknown): RunOutcome {
    const stopped = this.#stoppedBy();
    const whole = this.#failures.size === 0 && this.#skipped.size === 0;
    let ending: RunEnding = whole ? "complete" : "incomplete";
    if (failure !== undefined && (this.#broken || stopped === undefined)) ending = "broken";
    else if (stopped !== undefined && !whole) ending = "stopped";
    const reasons = { broken: failure, stopped, complete: undefined, incomplete: undefined };
    const causes = Iterator.from(this.#failures).map(([task, { cause }]) => [task, cause] as const);
    return {
      id: this.#parts.id,
      start: this.#start,
      ending,
      error: reasons[ending],
      summary,
      tasks: this.#planner.tasks,
      run: this.#ran,
      cached: this.#fromCache,
      failed: new Map(causes),
      skipped: this.#skipped,
      attempts: (id) => (this.#failedTimes.get(id) ?? 0) + (this.#ran.has(id) ? 1 : 0),
      workers: this.#workers,
    };
  }

  #summary(): RunSummary {
    return {
      tasks: this.#ran.size + this.#fromCache.size + this.#failures.size + this.#skipped.size,
      run: this.#ran.size,
      cached: this.#fromCache.size,
      failed: this.#failures.size,
      skipped: this.#skipped.size,
      ...(this.#parts.signing && { untrusted: this.#refused.size }),
      duration: performance.now() - this.#began,
      saved: this.#saved,
      slowest: this.#slowest.list(),
    };
  }

  /** Tells the display what is planned, and what of that is in the storage already. */
  #announce(plans: readonly Plan[]): void {
    for (const { id, dependencies } of plans) {
      if (this.#wanted.has(id)) continue;
      const planned = this.#planner.tasks.get(id)!;
      this.#plan(planned);
      if (dependencies !== undefined) continue;
      this.#fromCache.add(id);
      const task = labelOf(planned.task);
      this.#report({ kind: "done", at: Date.now(), task, from: "cache", duration: 0 });
    }
  }

  #plan({ task }: PlannedTask): void {
    this.#report({ kind: "planned", at: Date.now(), type: task.taskName, count: 1 });
  }

  readonly #report = (event: RunEvent): void => this.#parts.display.handle(event);

  readonly #refuse: Refused = (key, why) => {
    if (!this.#refused.has(key)) this.#refused.set(key, why);
  };

  readonly #waits = (task: Task): void => {
    this.#report({ kind: "waiting", at: Date.now(), task: labelOf(task) });
  };

  readonly #tell = (text: string): void => {
    this.#report({ kind: "log", at: Date.now(), level: "info", text });
  };

  readonly #warn = (text: string): void => {
    this.#report({ kind: "log", at: Date.now(), level: "warn", text });
  };
}

function results(count: number): string {
  return count === 1 ? "result" : "results";
}

// Params that are frozen cannot be cyclic; should tasks be so all the same, it is the Lab that says it.
function asRunFailure(error: unknown): unknown {
  const circle = error instanceof LabtechError && error.constructor === LabtechError;
  return circle ? new LabError(error.message, {}, { cause: error }) : error;
}
