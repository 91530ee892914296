import type { ExplanationWords } from "./_explanation_words.ts";
import type { Explanation, NearestResult } from "./explanation.ts";

const RUN = ["A run computes it"];

/** Writes what can be done. */
export class ExplanationAdvice {
  readonly #explanation: Explanation;
  readonly #words: ExplanationWords;

  constructor(explanation: Explanation, words: ExplanationWords) {
    this.#explanation = explanation;
    this.#words = words;
  }

  /** The lines. */
  lines(): string[] {
    const { reason, nearest, key, run, task, looked } = this.#explanation;
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
        return nearest?.params.length === 0 ? [this.#acceptAdvice(nearest)] : RUN;
      case "renamed":
        return [
          `A run computes it again; formerly: ["${nearest!.renamedFrom}"] in the definition of ` +
          `${task.taskName} would keep its results`,
        ];
      case "params":
        return this.#isNewParam(nearest!)
          ? ["A run computes it; if the param is new to the type, migrate keeps earlier results"]
          : RUN;
      case "absent":
        return looked?.entries === 0
          ? ["A run computes it; if one did, its results lie in another storage"]
          : RUN;
      default:
        return RUN;
    }
  }

  #acceptAdvice({ code }: NearestResult): string {
    const types = [...new Set(code.map(({ type }) => type))].join(",");
    return `A run computes it again. If the edit changes nothing of what is computed: ` +
      `lab accept ${this.#words.modules} --types ${types} --why "…"`;
  }

  /** Whether a param came or went, at the top of the task's own. */
  #isNewParam({ params }: NearestResult): boolean {
    return params.some(({ type, path, before, after }) =>
      type === this.#explanation.task.taskName && /^params\.[^.[]+$/.test(path) &&
      (before === undefined || after === undefined)
    );
  }
}
