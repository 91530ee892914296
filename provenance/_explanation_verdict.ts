import { neutralizeLine } from "../progress/neutralize.ts";
import { counted, type ExplanationWords } from "./_explanation_words.ts";
import type { Explanation, NearestResult } from "./explanation.ts";

/** Where a verdict cuts the task in words; the whole stands below it. */
const LONGEST_TASK = 100;
/** How many parts of code a verdict names. */
const MOST_NAMED = 2;

/** Whether a verdict does not have the whole of a task in words. */
export function isCut(task: string): boolean {
  return task.length > LONGEST_TASK;
}

/** Writes an explanation in one sentence. */
export class ExplanationVerdict {
  readonly #explanation: Explanation;
  readonly #words: ExplanationWords;

  constructor(explanation: Explanation, words: ExplanationWords) {
    this.#explanation = explanation;
    this.#words = words;
  }

  /** The sentence. */
  text(): string {
    const { cached, task } = this.#explanation;
    const words = neutralizeLine(String(task));
    const shown = isCut(words)
      ? `${words.slice(0, LONGEST_TASK).replace(/…+$/, "")}…`.toWellFormed()
      : words;
    return `${shown} is ${cached ? "cached" : "not cached"}: ${this.#why()}`;
  }

  #why(): string {
    const { reason, entry, run, nearest, looked, task } = this.#explanation;
    const when = (cached: Date | undefined) => cached === undefined ? "" : this.#words.at(cached);
    switch (reason) {
      case "cached":
        return entry === undefined
          ? "its result is there"
          : `it was computed ${this.#words.computed(entry)}`;
      case "migrated":
        return `a run takes over the result of ${entry!.task}, computed ${
          this.#words.computed(entry!)
        }`;
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
        return `it failed when it last ran, in the run of ${this.#words.at(run!.start)}`;
      case "skipped":
        return `it was skipped in the run of ${this.#words.at(run!.start)}`;
      case "removed":
        return `its result was there in the run of ${
          this.#words.at(run!.start)
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
        return `never run with these params; ${
          this.#nearest(looked!.results)
        } of ${task.taskName} ${this.#differs(nearest!)}`;
      case "absent":
        return this.#absent();
    }
  }

  #absent(): string {
    const { task, looked } = this.#explanation;
    const unusable = looked?.unusable ?? 0;
    if (looked?.entries === 0) return "never run: the storage is empty";
    return unusable > 0
      ? `never run, as far as can be told: of ${task.taskName} there is nothing but ` +
        counted(unusable, "damaged entry", "damaged entries")
      : `never run: the storage has no results of ${task.taskName}`;
  }

  #codeVerdict(): string {
    const { reason, task, nearest, run } = this.#explanation;
    const same = nearest?.params.length === 0 ? nearest : undefined;
    const since = this.#words.at(same?.cached ?? run!.start);
    const types = [...new Set(same?.code.map(({ type }) => type))];
    const others = types.filter((type) => type !== task.taskName);
    const nested = others.length === 0 ? "a type nested in it" : `${listed(others)}, nested in it,`;
    const whose = reason === "code" ? task.taskName : nested;
    const code = same?.code ?? (run?.code ? [run.code] : []);
    const parts = code.flatMap(({ parts = [] }) => parts);
    const named = parts.length === 0 || parts.length > MOST_NAMED
      ? ""
      : `: ${parts.map(({ part }) => part).join(", ")}`;
    return `the code of ${whose} has changed since it ran, ${since}${named}`;
  }

  #nearest(results: number): string {
    return results === 1 ? "the only result" : `the nearest of ${results} results`;
  }

  #differs({ params, more, code }: NearestResult): string {
    const [first, ...others] = params;
    const own = first?.type === this.#explanation.task.taskName ? "" : `${first?.type} `;
    const where = others.length + more === 0
      ? `${own}${first?.path}`
      : counted(params.length + more, "param", "params");
    return `differs in ${where}${code.length === 0 ? "" : ", and is of other code"}`;
  }
}

function listed(names: readonly string[]): string {
  const [last, ...before] = names.toReversed();
  return before.length === 0 ? last! : `${before.toReversed().join(", ")} and ${last}`;
}
