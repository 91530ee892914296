import { isAutoVersion } from "../code_version/auto.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Refusal } from "../signing/entry_signing.ts";
import type { Task } from "../task.ts";
import type { LastTime } from "./_earlier_runs.ts";
import type { Look } from "./_entry_look.ts";
import type { PlanReason } from "./run_plan.ts";

/** Why a run would do what it would do. */
export interface Reason {
  readonly reason: PlanReason;
  readonly why: string;
}

const DIGITS = 40;
/** How much is shown of a version that follows the code. */
const SHOWN = 15;

const REFUSED: Readonly<Record<Refusal, string>> = {
  unsigned: "The entry is not trusted: it has no signature",
  "unknown key": "The entry is not trusted: it is signed by a key that is not among those to trust",
  altered: "The entry is not trusted: it is not what was signed",
};

/** Says why results are not there, by what was seen, and what the records of runs say. */
export class PlanReasons {
  readonly #lastTimes: ReadonlyMap<string, LastTime>;
  /** Of each task that was looked at: the nearest one nested in it whose code has changed. */
  readonly #changed = new Map<string, Task | undefined>();

  constructor(lastTimes: ReadonlyMap<string, LastTime>) {
    this.#lastTimes = lastTimes;
  }

  /** Why a result is not there, or of no use. */
  whyNotThere(task: Task, key: string, seen: Look): Reason {
    if (seen.kind === "refused") return { reason: "refused", why: REFUSED[seen.why] };
    if (seen.kind === "damaged" || seen.kind === "foreign") {
      return { reason: seen.kind, why: neutralizeLine(seen.why) };
    }
    const last = this.#lastTimes.get(task.id);
    return last === undefined
      ? { reason: "absent", why: "No result is in the storage" }
      : this.#since(task, key, last);
  }

  #since(task: Task, key: string, last: LastTime): Reason {
    const { start, state, error } = last;
    const at = `the run of ${start.toISOString()}`;
    if (digest(last.key) !== digest(key)) {
      if (this.#isChanged(task)) {
        const versions = `${shown(last.codeVersion)} → ${shown(task.codeVersion)}`;
        return {
          reason: "code",
          why: `The code of its type has changed since ${at} (${versions})`,
        };
      }
      const nested = this.#changedBelow(task)?.taskName;
      const whose = nested === undefined ? "of a task nested in it" : `of ${nested}, nested in it,`;
      return { reason: "nested-code", why: `The code ${whose} has changed since ${at}` };
    }
    if (state === "failed") {
      const why = error && `: ${error.name}: ${error.message}`;
      return { reason: "failed", why: neutralizeLine(`It failed in ${at}${why ?? ""}`) };
    }
    return last.key === key
      ? { reason: "removed", why: `Its result was there after ${at}, and is not any more` }
      : { reason: "cache", why: `Its results lie in another cache than in ${at}` };
  }

  #isChanged(task: Task): boolean {
    const last = this.#lastTimes.get(task.id);
    return last !== undefined && last.codeVersion !== task.codeVersion;
  }

  /** A task nested in this one whose own code has changed, as far as records name it. Linear in the graph. */
  #changedBelow(task: Task): Task | undefined {
    const known = this.#changed;
    const path = [task];
    for (let node = path.at(-1); node; node = path.at(-1)) {
      const open = known.has(node.id) ? [] : node.dependencies.filter(({ id }) => !known.has(id));
      if (open.length > 0) {
        for (const dependency of open) path.push(dependency);
        continue;
      }
      path.pop();
      if (known.has(node.id)) continue;
      const nearest = node.dependencies.find((each) => this.#isChanged(each));
      const deeper = node.dependencies.find(({ id }) => known.get(id) !== undefined);
      known.set(node.id, nearest ?? (deeper && known.get(deeper.id)));
    }
    return known.get(task.id);
  }
}

/** What a key says of the task and its code, whatever the cache. */
function digest(key: string): string {
  return key.slice(-DIGITS);
}

function shown(version: string | undefined): string {
  if (version === undefined) return "none";
  return neutralizeLine(isAutoVersion(version) ? version.slice(0, SHOWN) : version);
}
