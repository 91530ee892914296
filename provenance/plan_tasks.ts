import { atOnce } from "../maintenance/_at_once.ts";
import { type Place, type PlannedTask, Planner, refuseStale, unsignable } from "../plan.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Plan } from "../scheduler/scheduler.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import { definesMigrations, originalOf, type Task, type TaskTypeInfo } from "../task.ts";
import { type EarlierRuns, earlierRuns } from "./_earlier_runs.ts";
import { EntryLook } from "./_entry_look.ts";
import { type KnownDuration, KnownDurations } from "./_known_durations.ts";
import { PlanReasons, type Reason } from "./_plan_reasons.ts";
import { addResultsOf } from "./_results_of_types.ts";
import { simulatedRun } from "./_simulated_run.ts";
import type { EarlierResult, Migrations } from "./migrate.ts";
import {
  type PlanEstimate,
  type PlannedType,
  type PlanOptions,
  type PlanReason,
  type PlanStep,
  RunPlan,
} from "./run_plan.ts";

/** What planning needs of a Lab. `cacheOf` gives caches that ask nothing of signatures. */
export interface PlanPlace extends Place {
  /** What tells which entries are trusted, and signs, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** How many tasks run at once. */
  readonly workers: number;
  /** The version of a type's code, which tasks must have. */
  readonly settled: (type: TaskTypeInfo) => string | undefined;
  /** The same, also of types that none of the tasks has. */
  readonly versionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
}

const NO_RUNS: EarlierRuns = { tasks: new Map(), durations: [], records: 0 };
const AT_ONCE = 16;

/** Plans a run, by the planner of runs; reads what that would read, and changes nothing. */
export async function planTasks(
  place: PlanPlace,
  tasks: readonly Task[],
  options: PlanOptions = {},
): Promise<RunPlan> {
  options.signal?.throwIfAborted();
  refuseStale(tasks, place.settled);
  return await new Planning(place, tasks, options).plan();
}

/** One call of `lab.plan`. */
class Planning {
  readonly #place: PlanPlace;
  readonly #options: PlanOptions;
  readonly #wanted = new Map<string, Task>();
  readonly #planner: Planner;
  readonly #look: EntryLook | undefined;
  readonly #durations = new KnownDurations();
  readonly #migrated = new Map<string, EarlierResult>();
  /** How long the tasks will take that would run, by id, where something is known of that. */
  readonly #expected = new Map<string, KnownDuration>();
  #migrations: Migrations | undefined;

  constructor(place: PlanPlace, tasks: readonly Task[], options: PlanOptions) {
    const { storage, signing } = place;
    const { signal, bustCache = false, verify = false } = options;
    this.#place = place;
    this.#options = options;
    for (const task of tasks) if (!this.#wanted.has(task.id)) this.#wanted.set(task.id, task);
    const seen = (metadata: Parameters<KnownDurations["addEntry"]>[0]) =>
      this.#durations.addEntry(metadata);
    this.#look = storage === null
      ? undefined
      : new EntryLook({ storage, signing, verify, signal, seen });
    this.#planner = new Planner(place, {
      ...{ bustCache, signal },
      present: (tasks) => this.#look!.present(tasks),
      migrate: (missing) => this.#migrate(missing),
    });
  }

  async plan(): Promise<RunPlan> {
    const planner = this.#planner;
    const asked = Array.from(this.#wanted.values(), (task) => planner.describe(task));
    const present = await planner.cached(asked);
    const plans = await planner.plan(
      asked.filter(({ task }) => !present.has(task.id)).map(({ task }) => task),
    );
    const toRun = new Set(plans.filter(runs).map(({ id }) => id));
    const ids = new Set([...this.#wanted.keys(), ...plans.map(({ id }) => id)]);
    const below = idsWithin(this.#wanted.values());
    const earlier = await this.#earlier(toRun, (id) => below.has(id));
    await this.#learn(toRun);
    for (const id of toRun) {
      const known = this.#durations.of(planner.tasks.get(id)!.task);
      if (known) this.#expected.set(id, known);
    }
    const reasons = new PlanReasons(earlier.tasks);
    const steps = Array.from(ids, (id) => this.#step(planner.tasks.get(id)!, toRun, reasons));
    const kept = plans.filter(runs).map(({ id }) => planner.tasks.get(id)!);
    return new RunPlan({
      steps,
      types: typesOf(steps),
      untouched: below.size - ids.size,
      estimate: this.#estimate(plans, steps),
      obstacle: unsignable(kept, this.#place.storage, this.#place.signing),
      warnings: this.#warnings(),
    });
  }

  /** Those that would get a result of an earlier shape. What lies under a key already stays there. */
  async #migrate(missing: readonly PlannedTask[]): Promise<readonly PlannedTask[]> {
    const { signing, cacheOf, versionOf } = this.#place;
    const absent = missing.filter(({ key, cache }) =>
      cache !== null && this.#look!.at(key)?.kind === "absent"
    );
    if (absent.length === 0 || !definesMigrations() || signing?.signs === false) return [];
    const { Migrations } = await import("./migrate.ts");
    const { signal } = this.#options;
    this.#migrations ??= new Migrations({
      ...{ storage: this.#place.storage!, cacheOf: (type) => cacheOf(type), versionOf, signal },
      ...{ signing, refused: () => {} },
    });
    const found = await this.#migrations.find(absent);
    const taken: PlannedTask[] = [];
    await atOnce(absent, AT_ONCE, async (planned) => {
      const from = found.get(planned.task.id);
      if (from === undefined) return;
      const seen = await this.#look!.look(planned.cache!, from.key, from.task);
      // What is signed is signed anew where it goes.
      if (seen.kind !== "there" || (seen.isSigned && !signing)) return;
      this.#migrated.set(planned.task.id, from);
      taken.push(planned);
    });
    return taken;
  }

  /** What the records of runs say: why results are not there, and how long tasks take. */
  async #earlier(
    toRun: ReadonlySet<string>,
    isAskedFor: (id: string) => boolean,
  ): Promise<EarlierRuns> {
    const { storage, signing } = this.#place;
    if (storage === null || toRun.size === 0) return NO_RUNS;
    const { signal } = this.#options;
    const earlier = await earlierRuns(storage, { signing, signal, needed: toRun, isAskedFor });
    for (const { type, id, ms } of earlier.durations) this.#durations.addRecorded(type, id, ms);
    return earlier;
  }

  /** Looks for results of types of which tasks would run that no record names. */
  async #learn(toRun: ReadonlySet<string>): Promise<void> {
    const { storage, signing } = this.#place;
    if (storage === null) return;
    const types = new Map<TaskTypeInfo, string>();
    for (const id of toRun) {
      const { task, cache } = this.#planner.tasks.get(id)!;
      if (cache !== null && !this.#durations.has(id)) types.set(task.type, cache.keyPrefix);
    }
    const { signal } = this.#options;
    await addResultsOf(storage, types, this.#durations, { signing, signal });
  }

  #step(
    planned: PlannedTask,
    toRun: ReadonlySet<string>,
    reasons: PlanReasons,
  ): PlanStep {
    const { task, key } = planned;
    const action = toRun.has(task.id) ? "run" : "load";
    const { duration, bytes } = this.#sizes(planned, action);
    return {
      ...{ task: originalOf(task), key, action, asked: this.#wanted.has(task.id) },
      ...(action === "run" ? this.#whyRun(planned, reasons) : this.#whyLoad(task.id)),
      ...(duration !== undefined && { duration }),
      ...(bytes !== undefined && { bytes }),
    };
  }

  #sizes(
    { task, key }: PlannedTask,
    action: PlanStep["action"],
  ): { readonly duration?: number; readonly bytes?: number } {
    if (action === "run") return { duration: this.#expected.get(task.id)?.duration };
    const from = this.#migrated.get(task.id);
    if (from) return { duration: from.duration };
    const seen = this.#look!.at(key);
    return seen?.kind === "there" ? { duration: seen.duration, bytes: seen.bytes } : {};
  }

  #whyRun({ task, key, cache }: PlannedTask, reasons: PlanReasons): Reason {
    if (this.#place.storage === null) {
      return { reason: "no-storage", why: "The Lab has no storage" };
    }
    if (cache === null) return { reason: "no-cache", why: "Results of its type are not kept" };
    if (this.#options.bustCache) {
      return { reason: "forced", why: "Results in the storage are left aside (bustCache)" };
    }
    return reasons.whyNotThere(task, key, this.#look!.at(key)!);
  }

  #whyLoad(id: string): Reason {
    const from = this.#migrated.get(id);
    if (from === undefined) return { reason: "cached", why: "Its result is in the storage" };
    const why = `A result of an earlier shape is taken over: ${neutralizeLine(String(from.task))}`;
    return { reason: "migrated", why };
  }

  #estimate(plans: readonly Plan[], steps: readonly PlanStep[]): PlanEstimate {
    const { workers } = this.#place;
    const expected = this.#expected;
    const unknown = steps.filter(({ task, action }) => action === "run" && !expected.has(task.id));
    const counts = { same: 0, nearest: 0, type: 0 };
    for (const { basis } of expected.values()) counts[basis]++;
    return {
      duration: simulatedRun(plans, (id) => expected.get(id)?.duration ?? 0, workers),
      work: expected.values().reduce((sum, { duration }) => sum + duration, 0),
      ...{ workers, unknown: [...new Set(unknown.map(({ task }) => task.taskName))] },
      ...{ same: counts.same, nearest: counts.nearest, typical: counts.type },
    };
  }

  #warnings(): string[] {
    return (this.#migrations?.problems ?? []).map(({ type, count, reason }) =>
      neutralizeLine(
        `Of ${type}, ${count} earlier ${count === 1 ? "result" : "results"} could not be taken ` +
          `over: ${reason}`,
      )
    );
  }
}

function runs({ dependencies }: Plan): boolean {
  return dependencies !== undefined;
}

/** The ids of tasks and of all that is nested in them. */
function idsWithin(tasks: Iterable<Task>): ReadonlySet<string> {
  const ids = new Set<string>();
  const pending = [...tasks];
  for (let task = pending.pop(); task; task = pending.pop()) {
    if (ids.has(task.id)) continue;
    ids.add(task.id);
    for (const dependency of task.dependencies) pending.push(dependency);
  }
  return ids;
}

function typesOf(steps: readonly PlanStep[]): PlannedType[] {
  const types = Map.groupBy(steps, ({ task }) => task.taskName);
  return Array.from(types, ([taskName, steps]) => {
    const toRun = steps.filter(({ action }) => action === "run");
    const known = toRun.filter(({ duration }) => duration !== undefined);
    const reasons: Partial<Record<PlanReason, number>> = {};
    for (const { reason } of steps) reasons[reason] = (reasons[reason] ?? 0) + 1;
    return {
      ...{ taskName, run: toRun.length, load: steps.length - toRun.length, reasons },
      duration: toRun.length > 0 && known.length === 0
        ? undefined
        : known.reduce((sum, { duration }) => sum + duration!, 0),
    };
  }).sort((a, b) => (b.duration ?? Infinity) - (a.duration ?? Infinity));
}
