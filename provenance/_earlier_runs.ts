import { SerializationError, StorageError } from "../errors.ts";
import { findRuns } from "../runs/find_runs.ts";
import type { RecordedTask } from "../runs/run_record.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";

/** What the latest record that names a task says of it. What it says is not verified, and not safe to print. */
export interface LastTime extends RecordedTask {
  /** When that run began. */
  readonly start: Date;
}

/** What the latest records of runs say. */
export interface EarlierRuns {
  /** Of each task that was asked for, where one names it. */
  readonly tasks: ReadonlyMap<string, LastTime>;
  /** How long tasks took that ran then, those of the latest run first, in ms. */
  readonly durations: readonly {
    readonly type: string;
    readonly id: string;
    readonly ms: number;
  }[];
  /** How many records were read. */
  readonly records: number;
}

/** What is to be looked for. */
export interface EarlierRunsQuery extends Call {
  /** Whose records are trusted; all when it is left out. */
  readonly signing: EntrySigning | undefined;
  /** No more records are read once all of these are named. */
  readonly needed: ReadonlySet<string>;
  /** What is kept of other tasks: whether these are asked for. */
  readonly isAskedFor: (id: string) => boolean;
}

/** However many tasks are named by none: so many records are read, and so many rows of them, at most. */
const MOST_RECORDS = 10;
const MOST_ROWS = 50_000;

/** Reads what the latest records say of tasks. */
export async function earlierRuns(
  storage: Storage,
  { signing, signal, needed, isAskedFor }: EarlierRunsQuery,
): Promise<EarlierRuns> {
  const tasks = new Map<string, LastTime>();
  const durations: { type: string; id: string; ms: number }[] = [];
  const missing = new Set(needed);
  let [records, rows] = [0, 0];
  for (const run of (await findRuns(storage, { signing, signal })).slice(0, MOST_RECORDS)) {
    if (missing.size === 0 || rows >= MOST_ROWS) break;
    const found = await rowsOf(async () => await (await run.load({ signal }))?.tasks({ signal }));
    if (found === undefined) continue;
    records++;
    rows += found.length;
    for (const task of found) {
      const { id, type, state, duration } = task;
      if (duration !== undefined) durations.push({ type, id, ms: duration });
      // What could not run says nothing of itself.
      if (state === "skipped" || tasks.has(id) || !isAskedFor(id)) continue;
      tasks.set(id, { ...task, start: run.start });
      missing.delete(id);
    }
  }
  return { tasks, durations, records };
}

/** The tasks of a record; `undefined` where it cannot be read: it is good for a hint only. */
async function rowsOf(
  read: () => Promise<RecordedTask[] | undefined>,
): Promise<RecordedTask[] | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SerializationError || error instanceof StorageError) return undefined;
    throw error;
  }
}
