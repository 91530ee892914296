import { isAutoVersion } from "../code_version/auto.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { formatDuration } from "../progress/format_duration.ts";
import type {
  CodeDifference,
  ExplainedEntry,
  ExplainedRun,
  Explanation,
  NearestResult,
  ParamDifference,
  PartDifference,
} from "./explanation.ts";

/** How an explanation is written. */
export interface ExplanationStyle {
  /** Writes a time. @default {in UTC, as `2026-11-23T12:10Z`} */
  readonly time?: (time: Date) => string;
  /** The modules that define the types, for commands to copy. @default {"<module>"} */
  readonly modules?: string;
}

/** How much is shown of a version that follows the code: `auto:` and ten digits. */
const VERSION_SHOWN = 15;
const MOST_LINES = 12;
const MOST_PARTS = 8;
/** Where a verdict cuts the task in words; the whole stands below it. */
const LONGEST_TASK = 100;
/** How many parts of code a verdict names. */
const MOST_NAMED = 2;

/** The explanation in one sentence. */
export function verdictText(explanation: Explanation, style: ExplanationStyle = {}): string {
  return new Writer(explanation, style).verdict();
}

/** The whole story: the verdict, what speaks for it, what to do. */
export function explanationText(explanation: Explanation, style: ExplanationStyle = {}): string {
  const writer = new Writer(explanation, style);
  const indented = (lines: readonly string[]) => lines.map((line) => `  ${line}`);
  return [writer.verdict(), ...indented(writer.evidence()), ...indented(writer.advice())].join(
    "\n",
  );
}

/** A code version for a person: `none` where there is none, a digest by its beginning. */
function versionText(version: string | undefined): string {
  if (version === undefined) return "none";
  return isAutoVersion(version) ? version.slice(0, VERSION_SHOWN) : version;
}

class Writer {
  readonly #explanation: Explanation;
  readonly #task: string;
  readonly #time: (time: Date) => string;
  readonly #modules: string;

  constructor(explanation: Explanation, { time = utc, modules = "<module>" }: ExplanationStyle) {
    this.#explanation = explanation;
    this.#task = neutralizeLine(String(explanation.task));
    this.#time = time;
    this.#modules = modules;
  }

  verdict(): string {
    const { cached } = this.#explanation;
    const task = this.#task.length > LONGEST_TASK
      ? `${this.#task.slice(0, LONGEST_TASK).replace(/…+$/, "")}…`
      : this.#task;
    return `${task} is ${cached ? "cached" : "not cached"}: ${this.#why()}`.toWellFormed();
  }

  #why(): string {
    const { reason, entry, run, nearest, looked, task } = this.#explanation;
    const when = (cached: Date | undefined) => cached === undefined ? "" : this.#at(cached);
    switch (reason) {
      case "cached":
        return entry === undefined
          ? "its result is there"
          : `it was computed ${this.#computed(entry)}`;
      case "migrated":
        return `a run takes over the result of ${entry!.task}, computed ${this.#computed(entry!)}`;
      case "no-storage":
        return "the Lab has no storage, so nothing is kept";
      case "no-cache":
        return `results of ${task.taskName} are not kept (cache null)`;
      case "damaged":
        return "its entry is damaged, and counts as not there";
      case "foreign":
        return "what lies under its key is no result that this Lab would load";
      case "refused":
        return "its entry is not trusted, and counts as not there";
      case "failed":
        return `it failed when it last ran, in the run of ${this.#at(run!.start)}`;
      case "skipped":
        return `it was skipped in the run of ${this.#at(run!.start)}`;
      case "removed":
        return `its result was there in the run of ${
          this.#at(run!.start)
        }, and was removed since, or never kept`;
      case "cache":
        return `its result lies in another cache, "${nearest!.cache.name}", since ${
          when(nearest!.cached)
        }`;
      case "code":
      case "nested-code":
        return this.#codeVerdict();
      case "renamed":
        return `its type was named ${nearest!.renamedFrom} when it ran, ${when(nearest!.cached)}`;
      case "params":
        return `never run with these params; the nearest of ${
          counted(looked!.results, "result", "results")
        } of ${task.taskName} ${this.#differs(nearest!)}`;
      case "absent":
        return this.#absent();
    }
  }

  #absent(): string {
    const { task, looked } = this.#explanation;
    const unusable = looked?.unusable ?? 0;
    return unusable > 0
      ? `never run, as far as can be told: of ${task.taskName} there is nothing but ` +
        counted(unusable, "damaged entry", "damaged entries")
      : `never run: the storage has no results of ${task.taskName}`;
  }

  #codeVerdict(): string {
    const { reason, task, nearest, run } = this.#explanation;
    const since = this.#at(nearest?.cached ?? run!.start);
    const types = [...new Set(nearest?.code.map(({ type }) => type))];
    const others = types.filter((type) => type !== task.taskName);
    const nested = others.length === 0 ? "a type nested in it" : `${listed(others)}, nested in it,`;
    const whose = reason === "code" ? task.taskName : nested;
    const parts = nearest?.code.flatMap(({ parts = [] }) => parts) ?? [];
    const named = parts.length === 0 || parts.length > MOST_NAMED
      ? ""
      : `: ${parts.map(({ part }) => part).join(", ")}`;
    return `the code of ${whose} has changed since it ran, ${since}${named}`;
  }

  #differs({ params, more, code }: NearestResult): string {
    const count = params.length + more;
    const places = `differs in ${counted(count, "param", "params")}`;
    return code.length === 0 ? places : `${places}, and is of other code`;
  }

  evidence(): string[] {
    const { problem, entry, run, nearest, looked, reason } = this.#explanation;
    const lines: string[] = [];
    if (this.#task.length > LONGEST_TASK) lines.push(`Task ${this.#task}`);
    if (problem !== undefined) lines.push(problem);
    if (entry !== undefined && reason !== "migrated") lines.push(...this.#origin(entry));
    if (entry !== undefined && reason === "migrated") lines.push(`Entry ${entry.key}`);
    if (run !== undefined) lines.push(this.#runLine(run));
    if (nearest !== undefined) lines.push(...this.#nearestLines(nearest));
    if (looked && looked.untrusted > 0) {
      lines.push(
        `${counted(looked.untrusted, "entry", "entries")} that would be nearer: not trusted`,
      );
    }
    if (looked && looked.passedOver > 0) {
      const entries = counted(looked.passedOver, "entry", "entries");
      lines.push(`${entries} of the type were not compared: too many params in all`);
    }
    return lines;
  }

  #origin({ key, environment, accepted, migrated, cache, codeVersion }: ExplainedEntry): string[] {
    const { host, target, deno } = environment;
    const on = [host && `host ${host}`, target, deno && `Deno ${deno}`].filter((each) => each);
    return [
      `Entry ${key}`,
      `Cache ${cache.name}, format ${cache.version}; code version ${versionText(codeVersion)}`,
      ...(on.length > 0 ? [`Computed on ${on.join(", ")}`] : []),
      ...migrated.map(({ task, at }) => `Taken over ${this.#iso(at)} from ${task}`),
      ...accepted.map(({ type, from, to, why, at }) =>
        `Accepted ${this.#iso(at)} for ${type} ${versionText(from ?? undefined)} → ${
          versionText(to ?? undefined)
        }: ${why}`
      ),
    ];
  }

  #runLine({ key, start, state, same, error, cause, codeVersion }: ExplainedRun): string {
    const run = `run ${key.slice(-8)} of ${this.#at(start)}`;
    const code = same ? "" : this.#otherCode(codeVersion);
    switch (state) {
      case "failed":
        return `It failed in ${run}${code}: ${error?.name}: ${error?.message}`;
      case "skipped":
        return cause === undefined
          ? `It was skipped in ${run}${code}, which ended before`
          : `It was skipped in ${run}${code}, because ${cause} failed`;
      case "run":
        return `It ran in ${run}${code}`;
      case "cached":
        return `It was cached in ${run}${code}`;
    }
  }

  #otherCode(version: string | undefined): string {
    const { task, nearest } = this.#explanation;
    const own = nearest?.code.find(({ type }) => type === task.taskName);
    return own === undefined && nearest !== undefined
      ? ", with other code nested in it"
      : `, with other code (${versionText(version)})`;
  }

  #nearestLines(nearest: NearestResult): string[] {
    const { key, params, more, code, renamedFrom } = nearest;
    const isSame = params.length === 0 && renamedFrom === undefined;
    const task = isSame ? "of the same task" : nearest.task;
    const lines = [
      `Nearest result: ${task}, computed ${this.#computed(nearest)}`,
      `Entry ${key}`,
    ];
    const shown = params.slice(0, MOST_LINES).map((each) => this.#paramLine(each));
    const left = params.length - shown.length + more;
    if (left > 0) shown.push(`and ${counted(left, "more param", "more params")} (--json)`);
    for (const each of code.slice(0, MOST_LINES)) shown.push(...this.#codeLines(each));
    if (code.length > MOST_LINES) shown.push(`and ${code.length - MOST_LINES} more types (--json)`);
    return [...lines, ...shown.map((line) => `  ${line}`)];
  }

  #paramLine({ type, path, before, after, places }: ParamDifference): string {
    const own = type === this.#explanation.task.taskName ? "" : `${type} `;
    const times = places > 1 ? `, in ${places} places` : "";
    return `${own}${path}: ${before ?? "(none)"} → ${after ?? "(none)"}${times}`;
  }

  #codeLines({ type, from, to, tasks, parts }: CodeDifference): string[] {
    const many = tasks > 1 ? ` (${tasks} tasks)` : "";
    const head = `Code of ${type}${many}: ${versionText(from)} → ${versionText(to)}`;
    const isAuto = isAutoVersion(from) && isAutoVersion(to);
    if (parts === undefined) {
      return [isAuto ? `${head}; of what ${versionText(from)} was made is not kept` : head];
    }
    if (parts.length === 0) {
      return [`${head}: the same declarations, which refer to others, or run in another order`];
    }
    const shown = parts.slice(0, MOST_PARTS).map((part) => `  ${partText(part)}`);
    const left = parts.length - shown.length;
    return [head, ...shown, ...(left > 0 ? [`  and ${left} more (--json)`] : [])];
  }

  advice(): string[] {
    const { reason, nearest, key, run, task } = this.#explanation;
    switch (reason) {
      case "cached":
      case "migrated":
        return [];
      case "no-storage":
        return ["To keep results, name a storage"];
      case "no-cache":
        return ["It is computed in each run that needs it"];
      case "damaged":
        return [
          "A run computes it again, and replaces the entry; lab verify looks for more damage",
        ];
      case "foreign":
        return [`A run computes it, and replaces what is there; lab show ${key} tells what it is`];
      case "refused":
        return [
          "A run computes it again, and replaces the entry; or add the key to those to trust",
        ];
      case "failed":
      case "skipped":
        return [`A run tries again; lab runs ${run!.key.slice(-8)} tells more of that one`];
      case "cache":
        return ["A run computes it again, unless that cache is named once more"];
      case "code":
      case "nested-code":
        return nearest === undefined ? RUN : [this.#acceptAdvice(nearest)];
      case "renamed":
        return [
          `A run computes it again; formerly: ["${nearest!.renamedFrom}"] in the definition of ` +
          `${task.taskName} would keep its results`,
        ];
      case "params":
        return this.#isNewParam(nearest!)
          ? ["A run computes it; if the param is new to the type, migrate keeps earlier results"]
          : RUN;
      default:
        return RUN;
    }
  }

  #acceptAdvice({ code }: NearestResult): string {
    const types = [...new Set(code.map(({ type }) => type))].join(",");
    return `A run computes it again. If the edit changes nothing of what is computed: ` +
      `lab accept ${this.#modules} --types ${types} --why "…"`;
  }

  /** Whether a param came or went, at the top of the task's own. */
  #isNewParam({ params }: NearestResult): boolean {
    return params.some(({ type, path, before, after }) =>
      type === this.#explanation.task.taskName && /^params\.[^.[]+$/.test(path) &&
      (before === undefined || after === undefined)
    );
  }

  #computed({ cached, duration, environment: { host } }: ExplainedEntry): string {
    const on = host === undefined ? "" : ` on ${host}`;
    return `${this.#at(cached)} in ${formatDuration(duration)}${on}`;
  }

  #at(time: Date): string {
    return Number.isNaN(time.getTime()) ? "at a time unknown" : this.#time(time);
  }

  #iso(text: string): string {
    return this.#at(new Date(text));
  }
}

const RUN = ["A run computes it"];

function utc(time: Date): string {
  return `${time.toISOString().slice(0, 16)}Z`;
}

function partText({ part, change, from, to }: PartDifference): string {
  if (change === "moved") return `${part} (moved from ${from})`;
  if (from !== undefined && to !== undefined) return `${part} ${from} → ${to}`;
  return `${part} ${change}`;
}

function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function listed(names: readonly string[]): string {
  const [last, ...before] = names.toReversed();
  return before.length === 0 ? last! : `${before.toReversed().join(", ")} and ${last}`;
}
