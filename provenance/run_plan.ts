import { formatDuration } from "../progress/format_duration.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Call } from "../storages/storage.ts";
import type { Task } from "../task.ts";

/** How {@linkcode Lab.plan} works. */
export interface PlanOptions extends Call {
  /** Plans a run that leaves aside, and replaces, results that are in the storage. @default {false} */
  readonly bustCache?: boolean;
  /**
   * Whether results that would be loaded are loaded, to find damage within their files. Else their metadata and
   * signatures are read, so that such damage is only found by the run, which then makes them again.
   *
   * @default {false}
   */
  readonly verify?: boolean;
}

/**
 * Why a task would be loaded: `"cached"`; or `"migrated"`: from an entry of an earlier shape, by `migrate` or
 * `formerly`.
 *
 * Why it would run: `"forced"` by `bustCache`; `"no-storage"`: the Lab has none; `"no-cache"`: results of the
 * type are not kept; the entry that is there is `"damaged"`, `"foreign"` (of another cache, format or task) or
 * `"refused"` (not trusted); or there is none. Then what the records of the latest runs say of the task: the
 * `"code"` of its type has changed since, or that of a task nested in it (`"nested-code"`), or the
 * `"cache"` that its results lie in; it `"failed"`; its result was there, and was `"removed"`; or
 * nothing (`"absent"`).
 */
export type PlanReason =
  | "cached"
  | "migrated"
  | "forced"
  | "no-storage"
  | "no-cache"
  | "damaged"
  | "foreign"
  | "refused"
  | "code"
  | "nested-code"
  | "cache"
  | "failed"
  | "removed"
  | "absent";

/** What a run would do about a task. */
export interface PlanStep {
  /** The task. */
  readonly task: Task;
  /** The key under which its result lies, or would. */
  readonly key: string;
  /** Whether it would run, or its result be loaded. */
  readonly action: "run" | "load";
  /** Whether it was asked for; else another task needs it that would run. */
  readonly asked: boolean;
  /** Why, for a program. */
  readonly reason: PlanReason;
  /** Why, in words that are safe to print. */
  readonly why: string;
  /**
   * Of a task that would run: how long it will take, it seems, in ms. Of one that would be loaded: how long its
   * result took to compute. Left out where nothing is known of that.
   */
  readonly duration?: number;
  /** The size of the files that would be loaded, in bytes, where it is known. */
  readonly bytes?: number;
}

/** What a run would do about the tasks of one type. */
export interface PlannedType {
  /** The name of the type. */
  readonly taskName: string;
  /** How many would run. */
  readonly run: number;
  /** How many would be loaded. */
  readonly load: number;
  /** How long those that would run will take in all, in ms; `undefined` where nothing is known of that. */
  readonly duration: number | undefined;
  /** How many would run, or be loaded, for each reason. */
  readonly reasons: Readonly<Partial<Record<PlanReason, number>>>;
}

/** How long a run will take, going by earlier ones. Loading and saving are not counted. */
export interface PlanEstimate {
  /** From its begin to its end, in ms, if the tasks are as quick as they were, and nothing else slows them. */
  readonly duration: number;
  /** How long tasks will take in all, in ms. */
  readonly work: number;
  /** How many tasks run at once. */
  readonly workers: number;
  /**
   * The types of which tasks would run, and nothing is known. They count as if they took no time, so that
   * where there are any, `duration` and `work` are lower bounds.
   */
  readonly unknown: readonly string[];
  /** How many tasks that would run ran before, as far as is known: their own durations are counted. */
  readonly same: number;
  /** How many are taken to be like those of earlier results, the three with the nearest params. */
  readonly nearest: number;
  /** How many are taken to be like the median of their type in the records of earlier runs. */
  readonly typical: number;
}

/** The parts of a {@linkcode RunPlan}. */
export interface PlanParts {
  readonly steps: readonly PlanStep[];
  readonly types: readonly PlannedType[];
  readonly untouched: number;
  readonly estimate: PlanEstimate;
  readonly obstacle: string | undefined;
  readonly warnings: readonly string[];
}

/**
 * What {@linkcode Lab.runTasks} would do, had it been called in place of {@linkcode Lab.plan}. It reads well in
 * the console, and as JSON has the same members, with tasks in words and by type and id.
 */
export class RunPlan {
  /** What would be done: about the tasks that were given in their order, each once, then about others. */
  readonly steps: readonly PlanStep[];
  /** The same by type; those first that take longest. */
  readonly types: readonly PlannedType[];
  /** How many tasks are nested in those, and need neither run nor be loaded. */
  readonly untouched: number;
  /** How long it will take. */
  readonly estimate: PlanEstimate;
  /** Why the run would refuse to begin; `undefined` where it would begin. */
  readonly obstacle: string | undefined;
  /** What the run would warn of, as far as that shows now. Safe to print. */
  readonly warnings: readonly string[];
  readonly #steps: ReadonlyMap<string, PlanStep>;

  /** Made by the Lab. */
  constructor(parts: PlanParts) {
    this.steps = parts.steps;
    this.types = parts.types;
    this.untouched = parts.untouched;
    this.estimate = parts.estimate;
    this.obstacle = parts.obstacle;
    this.warnings = parts.warnings;
    this.#steps = new Map(parts.steps.map((step) => [step.task.id, step]));
  }

  /** How many tasks would run. */
  get run(): number {
    return this.types.reduce((sum, { run }) => sum + run, 0);
  }

  /** How many results would be loaded. */
  get load(): number {
    return this.types.reduce((sum, { load }) => sum + load, 0);
  }

  /** What would be done about a task; `undefined` where it would not be touched. */
  get(task: Task): PlanStep | undefined {
    return this.#steps.get(task.id);
  }

  /** The plan in a few lines: by type, then in all. */
  toString(): string {
    return [...typeLines(this.types), this.summary, ...this.#notes()].join("\n");
  }

  /** The plan in one line: `3 tasks to run, 12 to load; about 4.2 s on 2 workers`. */
  get summary(): string {
    const { estimate: { duration, workers, unknown }, untouched } = this;
    const rest = untouched > 0 ? `, ${untouched} not needed` : "";
    const counts = `${this.run} ${this.run === 1 ? "task" : "tasks"} to run, ${this.load} to load`;
    if (this.run === 0) return `${counts}${rest}`;
    const on = `on ${workers} ${workers === 1 ? "worker" : "workers"}`;
    if (this.#isUnknown()) return `${counts}${rest}; how long that takes is not known`;
    const about = unknown.length > 0 ? "at least" : "about";
    return `${counts}${rest}; ${about} ${formatDuration(duration)} ${on}`;
  }

  /** The same in the console. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `JSON.stringify` writes. */
  toJSON(): Record<string, unknown> {
    const { run, load, untouched, types, estimate, obstacle, warnings } = this;
    const steps = this.steps.map(({ task, ...step }) => {
      return { task: String(task), type: task.taskName, id: task.id, ...step };
    });
    return { run, load, untouched, steps, types, estimate, obstacle: obstacle ?? null, warnings };
  }

  /** Whether of nothing that would run it is known how long it takes. */
  #isUnknown(): boolean {
    return this.types.every(({ run, duration }) => run === 0 || duration === undefined);
  }

  #notes(): string[] {
    const { unknown } = this.estimate;
    return [
      ...(unknown.length > 0 && !this.#isUnknown()
        ? [`Nothing is known of how long tasks of ${unknown.join(", ")} take: not counted`]
        : []),
      ...this.warnings,
      ...(this.obstacle === undefined ? [] : [`It would not begin: ${this.obstacle}`]),
    ].map(neutralizeLine);
  }
}

/** Reasons in a word or two, for a table. */
const WORDS: Readonly<Record<PlanReason, string>> = {
  cached: "cached",
  migrated: "of an earlier shape",
  forced: "forced",
  "no-storage": "nothing is kept",
  "no-cache": "not kept",
  damaged: "entry damaged",
  foreign: "entry of something else",
  refused: "entry not trusted",
  code: "code changed",
  "nested-code": "nested code changed",
  cache: "cache changed",
  failed: "failed before",
  removed: "removed since",
  absent: "not cached",
};

/** The reasons of a type in words, the most frequent first: `not cached 3, code changed 1`. */
export function reasonsText({ reasons }: PlannedType): string {
  return Object.entries(reasons).sort(([, a], [, b]) => b - a)
    .map(([reason, count]) => `${WORDS[reason as PlanReason]} ${count}`).join(", ");
}

/** The cells of a table of types, with its headings. */
export function typeRows(types: readonly PlannedType[]): string[][] {
  const rows = types.map((type) => {
    const { taskName, run, load, duration } = type;
    const time = run === 0 ? "" : duration === undefined ? "?" : formatDuration(duration);
    return [taskName, String(run), String(load), time, reasonsText(type)];
  });
  return [["TYPE", "RUN", "LOAD", "TIME", "WHY"], ...rows];
}

function typeLines(types: readonly PlannedType[]): string[] {
  const rows = typeRows(types);
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map(([name, ...cells]) => {
    const numbers = cells.slice(0, 3).map((cell, at) => cell.padStart(widths[at + 1]!));
    return [name!.padEnd(widths[0]!), ...numbers, cells[3]!].join("  ");
  });
}
