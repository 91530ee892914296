import type { Environment } from "../caches/environment.ts";
import type { AcceptedChange, MigratedFrom } from "../caches/metadata.ts";
import type { RecordedError, RecordedState } from "../runs/run_record.ts";
import type { Task } from "../task.ts";
import { explanationText, verdictText } from "./explanation_text.ts";

/**
 * Why the result of a task is in the storage: `"cached"`, or, of an earlier shape, `"migrated"`: a run would take
 * it over by `migrate` or `formerly`.
 *
 * Why it is not: `"no-storage"`: the Lab has none; `"no-cache"`: results of the type are not kept; the entry that
 * is there is `"damaged"`, `"foreign"` (of another cache, format or task) or `"refused"` (not trusted). Or there
 * is none: it `"failed"`, was `"skipped"`, or was there and `"removed"`, as the latest record that names it
 * says; it lies in another `"cache"`; the `"code"` of the type has changed since, or that of a type nested in it
 * (`"nested-code"`); the type was `"renamed"`; there are results of the type, with other `"params"`; or
 * there is nothing like it (`"absent"`).
 */
export type ExplanationReason =
  | "cached"
  | "migrated"
  | "no-storage"
  | "no-cache"
  | "damaged"
  | "foreign"
  | "refused"
  | "failed"
  | "skipped"
  | "removed"
  | "cache"
  | "code"
  | "nested-code"
  | "renamed"
  | "params"
  | "absent";

/** A result in the storage, as its metadata tells of it. Texts are safe to print. */
export interface ExplainedEntry {
  /** Its key. */
  readonly key: string;
  /** Its task in words. */
  readonly task: string;
  /** The code version of that task; `undefined` for none. */
  readonly codeVersion: string | undefined;
  /** The name of the cache that wrote it, and the version of its format. */
  readonly cache: { readonly name: string; readonly version: number };
  /** When the result was there. Invalid when what the entry says makes no sense. */
  readonly cached: Date;
  /** How long it took to compute, in ms. */
  readonly duration: number;
  /** The size of its files, in bytes. */
  readonly bytes: number;
  /** What it was computed on. */
  readonly environment: Partial<Environment>;
  /** By what declarations it came to be good for its code versions, the oldest first. */
  readonly accepted: readonly AcceptedChange[];
  /** From which entries it was taken over, the oldest first. */
  readonly migrated: readonly MigratedFrom[];
}

/** What the record of a run says of a task. Texts are safe to print. */
export interface ExplainedRun {
  /** The key of the record: `lab runs` shows it. */
  readonly key: string;
  /** When the run began. */
  readonly start: Date;
  /** What became of the task. */
  readonly state: RecordedState;
  /** Whether it was of the code of now, and all that is nested in it. */
  readonly same: boolean;
  /** The code version of the task then; `undefined` for none. */
  readonly codeVersion: string | undefined;
  /** Why it failed. */
  readonly error?: RecordedError;
  /** How the code of its type differs from that of now, where nothing else in the storage tells. */
  readonly code?: CodeDifference;
  /** The task whose failure is why it was skipped, in words, or by its id; left out where the run had ended. */
  readonly cause?: string;
}

/** A place at which the params of an earlier task differ from those of now. Texts are safe to print. */
export interface ParamDifference {
  /** The name of the type whose params they are: that of the task itself, or of one nested in it. */
  readonly type: string;
  /** Where, as in code: `params.model.depth`. */
  readonly path: string;
  /** What stood there earlier, in a few words; `undefined` where nothing did. */
  readonly before: string | undefined;
  /** What stands there now. */
  readonly after: string | undefined;
  /** In how many places it does: a task may be nested more than once, and several may differ alike. */
  readonly places: number;
}

/** A part of the code of a type that is not as it was: a declaration, a package, a file. Safe to print. */
export interface PartDifference {
  /** Which: `models/tree.ts fitTree`, `npm:d3-array` or `data/birds.csv`; see `TaskCode.parts`. */
  readonly part: string;
  /** What became of it. */
  readonly change: "changed" | "added" | "removed" | "moved";
  /** Where the same declaration stood earlier, where it moved; the locked version, where a package changed. */
  readonly from?: string;
  /** The locked version of a package as it is now. */
  readonly to?: string;
}

/** A type whose code version is another one than when the earlier result was computed. */
export interface CodeDifference {
  /** The name of the type: that of the task itself, or of one nested in it. */
  readonly type: string;
  /** The version that the earlier result was computed with; `undefined` for none. */
  readonly from: string | undefined;
  /** The version that the task has now. */
  readonly to: string | undefined;
  /** How many tasks are of that type and version: of the task itself and those nested in it. */
  readonly tasks: number;
  /**
   * What of the code is another one. Left out where the version does not follow the code, or what it was made of is
   * not kept. Empty where all parts are the same, and only how they refer to each other has changed.
   */
  readonly parts?: readonly PartDifference[];
}

/** The cached result that is most like the one asked for, and how it differs. */
export interface NearestResult extends ExplainedEntry {
  /** The earlier name of the type, where it was renamed. */
  readonly renamedFrom?: string;
  /** How the params differ; none where they are the same. */
  readonly params: readonly ParamDifference[];
  /** How many such differences are left out. */
  readonly more: number;
  /** How the code differs. */
  readonly code: readonly CodeDifference[];
}

/** What was looked at to find the nearest result. */
export interface LookedAt {
  /** How many entries the storage has, of whatever type, but for records. */
  readonly entries: number;
  /** How many results of the type there are in the storage, whatever their params and code. */
  readonly results: number;
  /** How many entries of the type are torn, or made by something else. */
  readonly unusable: number;
  /** How many would have been nearer, and are not trusted. */
  readonly untrusted: number;
  /** How many were not compared, since there were too many params in all. */
  readonly passedOver: number;
}

/** The parts of an {@linkcode Explanation}. */
export interface ExplanationParts {
  readonly task: Task;
  readonly key: string;
  readonly reason: ExplanationReason;
  readonly problem?: string;
  readonly entry?: ExplainedEntry;
  readonly run?: ExplainedRun;
  readonly nearest?: NearestResult;
  readonly looked?: LookedAt;
}

/**
 * Whether the result of a task is in the storage, and why. It reads well in the console, and as JSON has the same
 * members, with the task in words and by type and id.
 */
export class Explanation {
  /** The task that was asked about. */
  readonly task: Task;
  /** The key under which its result lies, or would. */
  readonly key: string;
  /** Why it is cached, or not. */
  readonly reason: ExplanationReason;
  /** What is wrong with the entry under the key, where that is of no use. Safe to print. */
  readonly problem: string | undefined;
  /** The entry under the key; of a result of an earlier shape, that. */
  readonly entry: ExplainedEntry | undefined;
  /** What the latest record of a run that names the task says of it, among the newest 20. */
  readonly run: ExplainedRun | undefined;
  /** The cached result that is most like it, where it is not cached itself. */
  readonly nearest: NearestResult | undefined;
  /** What was looked at to find that. */
  readonly looked: LookedAt | undefined;

  /** Made by the Lab. */
  constructor(parts: ExplanationParts) {
    this.task = parts.task;
    this.key = parts.key;
    this.reason = parts.reason;
    this.problem = parts.problem;
    this.entry = parts.entry;
    this.run = parts.run;
    this.nearest = parts.nearest;
    this.looked = parts.looked;
  }

  /** Whether a run would load the result, and not compute it. */
  get cached(): boolean {
    return this.reason === "cached" || this.reason === "migrated";
  }

  /** The explanation in one sentence, safe to print. */
  get verdict(): string {
    return verdictText(this);
  }

  /** The whole story in a few lines, safe to print: the verdict, what speaks for it, what to do. */
  toString(): string {
    return explanationText(this);
  }

  /** The same in the console. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }

  /** What `JSON.stringify` writes. */
  toJSON(): Record<string, unknown> {
    const { task, key, cached, reason, verdict, problem, entry, run, nearest, looked } = this;
    return {
      ...{ task: String(task), type: task.taskName, id: task.id, key },
      ...{ cached, reason, verdict, problem, entry, run, nearest, looked },
    };
  }
}
