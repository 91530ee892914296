import { isAutoVersion } from "../code_version/auto.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { isCut } from "./_explanation_verdict.ts";
import { counted, type ExplanationWords, versionText } from "./_explanation_words.ts";
import type {
  CodeDifference,
  ExplainedEntry,
  ExplainedRun,
  Explanation,
  NearestResult,
  ParamDifference,
  PartDifference,
} from "./explanation.ts";

const MOST_LINES = 12;
const MOST_PARTS = 8;

/** Writes what speaks for a verdict. */
export class ExplanationEvidence {
  readonly #explanation: Explanation;
  readonly #words: ExplanationWords;

  constructor(explanation: Explanation, words: ExplanationWords) {
    this.#explanation = explanation;
    this.#words = words;
  }

  /** The lines. */
  lines(): string[] {
    const { task, problem, entry, run, nearest, looked, reason } = this.#explanation;
    const lines: string[] = [];
    const words = neutralizeLine(String(task));
    if (isCut(words)) lines.push(`Task ${words}`);
    if (problem !== undefined) lines.push(problem);
    if (entry !== undefined && reason !== "migrated") lines.push(...this.#origin(entry));
    if (entry !== undefined && reason === "migrated") lines.push(`Entry ${entry.key}`);
    if (run !== undefined) lines.push(this.#runLine(run));
    if (run?.code) lines.push(...this.#codeLines(run.code).map((line) => `  ${line}`));
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
      ...migrated.map(({ task, at }) => `Taken over ${this.#words.at(at)} from ${task}`),
      ...accepted.map(({ type, from, to, why, at }) =>
        `Accepted ${this.#words.at(at)} for ${type} ${versionText(from)} → ${
          versionText(to)
        }: ${why}`
      ),
    ];
  }

  #runLine({ key, start, state, same, error, cause, codeVersion }: ExplainedRun): string {
    const run = `run ${key.slice(-8)} of ${this.#words.at(start)}`;
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
    const task = isSame ? "that of the same task" : nearest.task;
    const lines = [
      `Nearest result: ${task}, computed ${this.#words.computed(nearest)}`,
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
}

function partText({ part, change, from, to }: PartDifference): string {
  if (change === "moved") return `${part} (moved from ${from})`;
  if (from !== undefined && to !== undefined) return `${part} ${from} → ${to}`;
  return `${part} ${change}`;
}
