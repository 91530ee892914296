import type { Refused } from "./caches/signed.ts";
import type { PlannedTask, Planner } from "./plan.ts";
import type { Migrations } from "./provenance/migrate.ts";
import type { RunParts } from "./run_parts.ts";
import type { RunReport } from "./run_report.ts";
import type { RunTally } from "./run_tally.ts";
import { definesMigrations, type Task } from "./task.ts";

// Beyond this, loading takes so long that what has to run should not wait for it.
const QUICK_LOAD = 0.5;
const LOADS_AT_ONCE = 16;
// From so many on, asking the storage about all that is left is cheaper than to look for each.
const MANY_MISSES = 64;
const MEASURED = 16;

/** What loading results for a run takes. */
interface LoadingParts extends RunParts {
  readonly planner: Planner;
  readonly tally: RunTally<Task>;
  readonly report: RunReport;
  /** Is told of entries that are not trusted. */
  readonly refused: Refused;
  /** Stops at once when aborted. */
  readonly stop: AbortSignal;
  /** Whether the run is about to end. */
  readonly isEnding: () => boolean;
}

/** Brings the results of a run that are in its storage. */
export class RunLoading {
  readonly #parts: LoadingParts;
  #migrations: Migrations | undefined;

  /** Loads nothing yet. */
  constructor(parts: LoadingParts) {
    this.#parts = parts;
  }

  /**
   * Loads what was asked for and is in the storage, as long as that goes quickly; what is there but takes
   * longer is left for later, so that what has to run begins to run.
   */
  async quickly(): Promise<{ missing: PlannedTask[]; present: PlannedTask[] }> {
    const { storage, bustCache, planner, tally, report, stop } = this.#parts;
    const missing: PlannedTask[] = [];
    const candidates: PlannedTask[] = [];
    for (const task of tally.wanted.values()) {
      const planned = planner.describe(task);
      report.planned(planned.task);
      const kept = storage !== null && !bustCache && planned.cache !== null;
      (kept ? candidates : missing).push(planned);
    }
    const began = performance.now();
    let [at, misses] = [0, 0];
    const isSlow = () => at >= MEASURED && performance.now() - began > at * QUICK_LOAD;
    const areMissing = () => misses >= MANY_MISSES && misses > at / 2;
    while (at < candidates.length && !isSlow() && !areMissing() && !stop.aborted) {
      const batch = candidates.slice(at, at + LOADS_AT_ONCE);
      at += batch.length;
      const lost = await this.all(batch);
      misses += lost.length;
      missing.push(...lost);
    }
    const rest = candidates.slice(at);
    const present = await planner.cached(rest);
    for (const planned of rest) if (!present.has(planned.task.id)) missing.push(planned);
    const migrated = new Set(await this.migrate(missing));
    return {
      missing: missing.filter((planned) => !migrated.has(planned)),
      present: [...rest.filter(({ task }) => present.has(task.id)), ...migrated],
    };
  }

  /** Loads results, and gives back those tasks that turned out to have none. */
  async all(tasks: readonly PlannedTask[]): Promise<PlannedTask[]> {
    const { storage, tally, report, stop } = this.#parts;
    const lost: PlannedTask[] = [];
    const queue = tasks.values();
    const load = async () => {
      for (const planned of queue) {
        if (stop.aborted) return;
        const { task, key, cache } = planned;
        const call = { signal: stop, report: report.warn };
        const result = await cache!.load(storage!, key, task, call);
        if (result === undefined) lost.push(planned);
        else tally.loaded(task, result);
      }
    };
    await Promise.all(Array.from({ length: Math.min(LOADS_AT_ONCE, tasks.length) }, load));
    return lost;
  }

  /** Takes over results of earlier shapes, where types of the tasks say how; gives the tasks that get one. */
  async migrate(missing: readonly PlannedTask[]): Promise<readonly PlannedTask[]> {
    const { storage, bustCache, mayMigrate, cacheOf, codeVersionOf, signing } = this.#parts;
    const { refused, stop, report, isEnding } = this.#parts;
    if (storage === null || bustCache || missing.length === 0 || isEnding()) return [];
    if (!definesMigrations()) return [];
    const { Migrations } = await import("./provenance/migrate.ts");
    this.#migrations ??= new Migrations({
      ...{ storage, cacheOf, versionOf: codeVersionOf, signing, refused },
      ...{ signal: stop, report: report.warn },
    });
    const taken = await this.#migrations.take(missing.filter(({ key }) => mayMigrate(key)));
    if (taken.length > 0) {
      report.tell(
        `Took over ${taken.length} earlier ${results(taken.length)} by migrate or formerly`,
      );
    }
    return taken;
  }

  /** Tells of results of earlier shapes that could not be taken over. */
  tellProblems(): void {
    for (const { type, count, reason } of this.#migrations?.problems ?? []) {
      this.#parts.report.warn(
        `Of ${type}, ${count} earlier ${results(count)} could not be taken over: ${reason}`,
      );
    }
  }
}

function results(count: number): string {
  return count === 1 ? "result" : "results";
}
