import { type Refused, signedCaches } from "./caches/signed.ts";
import { LabtechError, TaskError } from "./errors.ts";
import { LabError } from "./lab_error.ts";
import { listenForInterrupts } from "./interrupts.ts";
import { type Place, type PlannedTask, Planner, refuseStale, unsignable } from "./plan.ts";
import { refusalText } from "./refusal_text.ts";
import type { RunSummary } from "./progress/events.ts";
import type { TaskResults } from "./results.ts";
import { RunLoading } from "./run_loading.ts";
import type { RunParts } from "./run_parts.ts";
import { RunReport } from "./run_report.ts";
import { RunTally } from "./run_tally.ts";
import { labelOf } from "./runners/_label.ts";
import type { RunOutcome } from "./runs/run_outcome.ts";
import type { Outcome, RunnerSession, RunSetting } from "./runners/runner.ts";
import { SingleFlight } from "./single_flight.ts";
import { drive, type Ending } from "./scheduler/drive.ts";
import { retryDelay } from "./scheduler/retry_delay.ts";
import { type Consequences, type Plan, Scheduler } from "./scheduler/scheduler.ts";
import { definitionOf, type Task, type TaskResult } from "./task.ts";

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
  readonly #report: RunReport;
  readonly #tally: RunTally<T>;
  readonly #planner: Planner;
  readonly #loading: RunLoading;
  readonly #scheduler = new Scheduler();
  readonly #lost = new Map<string, number>();
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  readonly #remaking = new Set<string>();
  /** When tasks ended, as the how manieth. */
  readonly #endOf = new Map<string, number>();
  #ends = 0;
  #replanned: Promise<unknown> = Promise.resolve();
  #broken = false;

  constructor(parts: RunParts, tasks: Iterable<T>) {
    this.#parts = parts;
    this.#given = [...tasks];
    const wanted = new Map<string, T>();
    for (const task of this.#given) if (!wanted.has(task.id)) wanted.set(task.id, task);
    const { storage, signing } = parts;
    const report = this.#report = new RunReport(parts.display);
    const tally = this.#tally = new RunTally(wanted, { report, isSigned: signing !== undefined });
    const bound = signing && signedCaches(signing, this.#refuse);
    const cacheOf: Place["cacheOf"] = (type) => {
      const cache = parts.cacheOf(type);
      return cache && bound ? bound(cache) : cache;
    };
    const planner = this.#planner = new Planner({ storage, cacheOf }, {
      bustCache: parts.bustCache,
      signal: this.#stop.signal,
      report: report.warn,
      migrate: (missing) => this.#loading.migrate(missing),
    });
    this.#loading = new RunLoading({
      ...parts,
      ...{ planner, tally, report, refused: this.#refuse, stop: this.#stop.signal },
      isEnding: () => this.#ending(),
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
      const { refused } = this.#tally;
      if (refused.size > 0) this.#report.warn(refusalText(refused));
      this.#loading.tellProblems();
      const summary = this.#tally.summary();
      await this.#parts.record(this.#outcome(summary, failure), this.#report.warn);
      this.#report.event({ kind: "ended", at: Date.now(), summary });
    }
    return this.#complete();
  }

  // A result that cannot be loaded after all is made in another round.
  async #loadAndRun(): Promise<void> {
    const { missing, present } = await this.#loading.quickly();
    let [toRun, toLoad] = [missing, present];
    while ((toRun.length > 0 || toLoad.length > 0) && !this.#ending()) {
      [toRun, toLoad] = [await this.#runAndLoad(toRun, toLoad), []];
    }
  }

  async #runAndLoad(
    toRun: readonly PlannedTask[],
    toLoad: readonly PlannedTask[],
  ): Promise<PlannedTask[]> {
    const loading = this.#loading.all(toLoad);
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
        tell: this.#report.tell,
        waits: this.#report.waits,
      },
      over: AbortSignal.any([drain, stop]),
    });
    // Before there are results of it, so that it is there whatever ends the program.
    await this.#parts.keepCode(types, { signal: stop, warn: this.#report.warn });
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
    const lost = known.filter(({ task }) => !this.#tally.hasResult(task.id));
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
      report: this.#report.event,
      ...(signing && { signing: { keys: signing.keys, refused: this.#refuse } }),
    };
  }

  #interrupted(): void {
    this.#report.warn("Ending: what runs is finished first; press Ctrl-C again to stop at once");
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
          wanted: this.#tally.wanted.has(id),
          shared: this.#scheduler.isNeeded(id),
          attempt: this.#tally.attemptAt(id),
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
    const isWanted = this.#tally.wanted.has(task.id);
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
    const attempt = this.#tally.countFailure(task.id);
    if (attempt > retries || this.#ending()) return undefined;
    const delay = retryDelay(attempt, Math.random());
    const [attempts, at, label] = [retries + 1, Date.now(), labelOf(task)];
    const { error } = outcome;
    this.#report.event({ kind: "retrying", at, task: label, attempt, attempts, delay, error });
    const text = `Attempt ${attempt} of ${attempts} failed: ${error.message}; the next one in ` +
      `${(delay / 1000).toFixed(1)} s`;
    this.#report.event({ kind: "log", at, task: label, level: "warn", text });
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
      this.#tally.lost(dependency);
      this.#report.planned(this.#planner.tasks.get(dependency)!.task);
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
      this.#tally.ranAt(id, outcome.worker);
    }
    if (outcome.kind === "done") this.#tally.done(task, outcome);
    else if (outcome.kind === "failed") this.#tally.failed(task, outcome.error);
    else if (outcome.result) this.#tally.loaded(task, outcome.result);
    else this.#tally.cached(task);
    this.#entail(consequences, session);
    if (outcome.kind === "failed" && !this.#parts.continueOnFailure) this.#drain.abort(FAILED);
  }

  #entail({ skipped, released }: Consequences, session?: RunnerSession): void {
    for (const id of skipped) {
      const cause = this.#planner.tasks.get(this.#scheduler.causeOf(id) ?? "");
      this.#tally.skip(this.#planner.tasks.get(id)!.task, cause?.task);
    }
    for (const id of released) session?.forget(id);
  }

  /** Skips what a run that was ended has left. */
  #skipRest(): void {
    for (const id of this.#scheduler.pending()) {
      this.#tally.skip(this.#planner.tasks.get(id)!.task, undefined);
    }
    for (const task of this.#tally.wanted.values()) {
      if (this.#tally.hasResult(task.id) || this.#scheduler.has(task.id)) continue;
      this.#tally.skip(task, undefined);
    }
  }

  #complete(): TaskResults<T> {
    const results = this.#tally.results(this.#given);
    const [total, stopped] = [this.#planner.tasks.size, this.#stoppedBy()];
    const error = this.#tally.error(results, { total, stopped });
    if (error !== undefined) throw error;
    return results;
  }

  /** Why the run was stopped; `undefined` where it was not. */
  #stoppedBy(): unknown {
    const reason = this.#stop.signal.reason ?? this.#drain.signal.reason;
    return reason === FAILED ? undefined : reason;
  }

  #outcome(summary: RunSummary, failure: unknown): RunOutcome {
    const [stopped, isBroken] = [this.#stoppedBy(), this.#broken];
    const [{ id }, { tasks }] = [this.#parts, this.#planner];
    return this.#tally.outcome(summary, { id, tasks, stopped, failure, isBroken });
  }

  /** Tells the display what is planned, and what of that is in the storage already. */
  #announce(plans: readonly Plan[]): void {
    for (const { id, dependencies } of plans) {
      if (this.#tally.wanted.has(id)) continue;
      const { task } = this.#planner.tasks.get(id)!;
      this.#report.planned(task);
      if (dependencies === undefined) this.#tally.cached(task);
    }
  }

  readonly #refuse: Refused = (key, why) => {
    if (!this.#tally.refused.has(key)) this.#tally.refused.set(key, why);
  };
}

// Params that are frozen cannot be cyclic; should tasks be so all the same, it is the Lab that says it.
function asRunFailure(error: unknown): unknown {
  const circle = error instanceof LabtechError && error.constructor === LabtechError;
  return circle ? new LabError(error.message, {}, { cause: error }) : error;
}
