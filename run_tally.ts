import { TaskError } from "./errors.ts";
import { failuresText } from "./failures_text.ts";
import { LabError } from "./lab_error.ts";
import type { PlannedTask } from "./plan.ts";
import type { RunSummary } from "./progress/events.ts";
import { TaskResults } from "./results.ts";
import type { RunReport } from "./run_report.ts";
import { labelOf } from "./runners/_label.ts";
import type { Outcome } from "./runners/runner.ts";
import type { RunOutcome } from "./runs/run_outcome.ts";
import type { RunEnding } from "./runs/run_record.ts";
import type { Refusal } from "./signing/entry_signing.ts";
import { SlowestTasks } from "./slowest_tasks.ts";
import { keepResult, originalOf, type Task, type TaskResult } from "./task.ts";

/** How a run ended, beside what became of its tasks. */
interface Ending {
  /** The run: a UUID. */
  readonly id: string;
  /** Its tasks, by id. */
  readonly tasks: ReadonlyMap<string, PlannedTask>;
  /** Why it was stopped; `undefined` where it was not. */
  readonly stopped: unknown;
  /** What it rejects with, if anything. */
  readonly failure: unknown;
  /** Whether something else than tasks and stops ended it. */
  readonly isBroken: boolean;
}

/** What became of the tasks of a run; the display is told of each. */
export class RunTally<T extends Task> {
  /** The tasks that were asked for, by id. */
  readonly wanted: ReadonlyMap<string, T>;
  /** The keys of entries that are not trusted. */
  readonly refused = new Map<string, Refusal>();
  readonly #report: RunReport;
  readonly #isSigned: boolean;
  readonly #results = new Map<string, TaskResult>();
  readonly #failures = new Map<Task, Error>();
  readonly #skipped = new Map<Task, Task | undefined>();
  readonly #fromCache = new Set<string>();
  /** How long they ran, in ms. */
  readonly #ran = new Map<string, number>();
  readonly #slowest = new SlowestTasks();
  /** How often tasks failed, by id. */
  readonly #failedTimes = new Map<string, number>();
  /** The workers that ran tasks, where that was not this program, by the id of the task. */
  readonly #workers = new Map<string, string>();
  readonly #start = new Date();
  readonly #began = performance.now();
  #saved = 0;

  /** Begins to count. */
  constructor(
    wanted: ReadonlyMap<string, T>,
    { report, isSigned }: { readonly report: RunReport; readonly isSigned: boolean },
  ) {
    this.wanted = wanted;
    this.#report = report;
    this.#isSigned = isSigned;
  }

  /** Whether the result of a task that was asked for is there. */
  hasResult(id: string): boolean {
    return this.#results.has(id);
  }

  /** The how manieth attempt at a task the next one is. */
  attemptAt(id: string): number {
    return (this.#failedTimes.get(id) ?? 0) + 1;
  }

  /** Counts an attempt that failed, and gives the how manieth it was. */
  countFailure(id: string): number {
    const attempt = this.attemptAt(id);
    this.#failedTimes.set(id, attempt);
    return attempt;
  }

  /** Some worker elsewhere ran a task. */
  ranAt(id: string, worker: string): void {
    this.#workers.set(id, worker);
  }

  /** A result came from the storage. */
  loaded(task: Task, result: TaskResult): void {
    this.#results.set(task.id, result);
    const { duration } = result.meta;
    this.#saved += duration;
    this.cached(task, duration);
  }

  /** A result is in the storage; how long it took to compute, in ms, where it was loaded. */
  cached(task: Task, duration = 0): void {
    this.#fromCache.add(task.id);
    const label = labelOf(task);
    this.#report.event({ kind: "done", at: Date.now(), task: label, from: "cache", duration });
  }

  /** A result that was thought to be in the storage is not. */
  lost(id: string): void {
    this.#fromCache.delete(id);
  }

  /** A task ran. */
  done(task: Task, { meta, value }: Extract<Outcome, { kind: "done" }>): void {
    const { duration } = meta;
    this.#ran.set(task.id, duration);
    if (this.wanted.has(task.id)) this.#results.set(task.id, { value, meta });
    this.#slowest.add(task, duration);
    const [at, worker] = [Date.now(), this.#workers.get(task.id)];
    this.#report.event({ kind: "done", at, task: labelOf(task), from: "run", duration, worker });
  }

  /** A task failed for good. */
  failed(task: Task, cause: Error): void {
    const attempts = this.#failedTimes.get(task.id) ?? 1;
    const often = attempts > 1 ? ` after ${attempts} attempts` : "";
    const error = new TaskError(`${task} failed${often}: ${cause.message}`, { cause });
    this.#failures.set(originalOf(task), error);
    const [at, worker] = [Date.now(), this.#workers.get(task.id)];
    this.#report.event({ kind: "failed", at, task: labelOf(task), error: cause, worker });
  }

  /** A task does not run, because of one that failed, or since the run ends. */
  skip(task: Task, cause: Task | undefined): void {
    this.#skipped.set(originalOf(task), cause && originalOf(cause));
    this.#report.event({
      kind: "skipped",
      at: Date.now(),
      task: labelOf(task),
      cause: cause && labelOf(cause),
    });
  }

  /** Gives the results; keeps them for `Task.result`. */
  results(given: Iterable<T>): TaskResults<T> {
    const wanted = new Map(Iterator.from(this.wanted).map(([id, task]) => [id, originalOf(task)]));
    const results = new TaskResults<T>(wanted, this.#results, this.summary());
    for (const task of given) {
      const result = this.#results.get(task.id);
      if (result !== undefined) keepResult(originalOf(task), result);
    }
    return results;
  }

  /** Why not all results are there; `undefined` where they are. */
  error(
    results: TaskResults<T>,
    { total, stopped }: { readonly total: number; readonly stopped: unknown },
  ): LabError | undefined {
    if (results.size === this.wanted.size && this.#failures.size === 0) return undefined;
    const undone = this.#failures.size + this.#skipped.size;
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

  /** What is recorded of the run. */
  outcome(
    summary: RunSummary,
    { id, tasks, stopped, failure, isBroken }: Ending,
  ): RunOutcome {
    const whole = this.#failures.size === 0 && this.#skipped.size === 0;
    let ending: RunEnding = whole ? "complete" : "incomplete";
    if (failure !== undefined && (isBroken || stopped === undefined)) ending = "broken";
    else if (stopped !== undefined && !whole) ending = "stopped";
    const reasons = { broken: failure, stopped, complete: undefined, incomplete: undefined };
    const causes = Iterator.from(this.#failures).map(([task, { cause }]) => [task, cause] as const);
    return {
      id,
      start: this.#start,
      ending,
      error: reasons[ending],
      summary,
      tasks,
      run: this.#ran,
      cached: this.#fromCache,
      failed: new Map(causes),
      skipped: this.#skipped,
      attempts: (id) => (this.#failedTimes.get(id) ?? 0) + (this.#ran.has(id) ? 1 : 0),
      workers: this.#workers,
    };
  }

  /** The run in figures. */
  summary(): RunSummary {
    return {
      tasks: this.#ran.size + this.#fromCache.size + this.#failures.size + this.#skipped.size,
      run: this.#ran.size,
      cached: this.#fromCache.size,
      failed: this.#failures.size,
      skipped: this.#skipped.size,
      ...(this.#isSigned && { untrusted: this.refused.size }),
      duration: performance.now() - this.#began,
      saved: this.#saved,
      slowest: this.#slowest.list(),
    };
  }
}
