import { StoredTask } from "../maintenance/stored_task.ts";
import { SerializationError } from "../errors.ts";
import type { EntryMetadata } from "../caches/metadata.ts";
import type { TaskNode } from "../params.ts";
import { numberRanges, paramDistance, type ParamParts, paramParts } from "./_param_distance.ts";

/** By what a duration is estimated: that of the task itself, of tasks like it, or of its type. */
export type DurationBasis = "same" | "nearest" | "type";

/** How long a task will take, it seems. */
export interface KnownDuration {
  /** In ms. */
  readonly duration: number;
  /** By what. */
  readonly basis: DurationBasis;
}

interface Sample {
  readonly parts: ParamParts;
  readonly duration: number;
}

/** What is known of a task type. */
interface TypeDurations {
  samples: Sample[];
  /** How many there were to choose from. */
  offered: number;
  /** Every how manieth was chosen. */
  stride: number;
  /** Of tasks whose params are not known. */
  readonly others: number[];
  ranges: ReadonlyMap<string, number> | undefined;
  median: number | undefined;
}

/** How many results of a type are compared with. */
const SAMPLES = 48;
const NEAREST = 3;

/** How long tasks took in earlier runs. */
export class KnownDurations {
  readonly #byId = new Map<string, number>();
  readonly #types = new Map<string, TypeDurations>();

  /** How many results, with their params, are known of a type. */
  samplesOf(taskName: string): number {
    return this.#types.get(taskName)?.samples.length ?? 0;
  }

  /** Whether a task itself is known. */
  has(id: string): boolean {
    return this.#byId.has(id);
  }

  /** Takes in an entry. Its own word for what it is: no more hangs on it than an estimate. */
  addEntry({ task: table, duration }: EntryMetadata): void {
    if (!(duration >= 0)) return;
    try {
      const task = new StoredTask(table);
      this.#byId.set(task.id, duration);
      const type = this.#type(task.taskName);
      // Of many, every second, then every fourth, and so on: those that come first may be all alike.
      if (type.offered++ % type.stride !== 0) return;
      type.samples.push({ parts: paramParts(task), duration });
      if (type.samples.length > SAMPLES) {
        type.samples = type.samples.filter((_, at) => at % 2 === 0);
        type.stride *= 2;
      }
      type.ranges = undefined;
    } catch (error) {
      if (!(error instanceof SerializationError)) throw error;
    }
  }

  /** Takes in what the record of a run says; what was known of the task before is newer. */
  addRecorded(type: string, id: string, duration: number): void {
    if (!this.#byId.has(id)) this.#byId.set(id, duration);
    const known = this.#type(type);
    known.others.push(duration);
    known.median = undefined;
  }

  /** How long a task will take; `undefined` where nothing is known of its type. */
  of(task: TaskNode): KnownDuration | undefined {
    const same = this.#byId.get(task.id);
    if (same !== undefined) return { duration: same, basis: "same" };
    const type = this.#types.get(task.taskName);
    if (type === undefined) return undefined;
    if (type.samples.length > 0) return { duration: nearest(type, task), basis: "nearest" };
    type.median ??= medianOf(type.others);
    return type.median === undefined ? undefined : { duration: type.median, basis: "type" };
  }

  #type(name: string): TypeDurations {
    let type = this.#types.get(name);
    if (type === undefined) {
      type = {
        ...{ samples: [], offered: 0, stride: 1, others: [] },
        ...{ ranges: undefined, median: undefined },
      };
      this.#types.set(name, type);
    }
    return type;
  }
}

/** The mean of the nearest by params. */
function nearest(type: TypeDurations, task: TaskNode): number {
  const ranges = type.ranges ??= numberRanges(type.samples.map(({ parts }) => parts));
  const parts = paramParts(task);
  const chosen = type.samples
    .map((sample) => ({ far: paramDistance(parts, sample.parts, ranges), ...sample }))
    .sort((a, b) => a.far - b.far).slice(0, NEAREST);
  return chosen.reduce((sum, { duration }) => sum + duration, 0) / chosen.length;
}

function medianOf(durations: readonly number[]): number | undefined {
  const sorted = durations.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]
    : sorted.length === 0
    ? undefined
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
