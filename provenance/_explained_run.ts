import { SerializationError, StorageError } from "../errors.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { findRuns, type RunRecord, type StoredRun } from "../runs/find_runs.ts";
import type { RecordedTask } from "../runs/run_record.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { Task } from "../task.ts";
import type { ExplainedRun } from "./explanation.ts";

/** Whose records are looked at, and where they are. */
export interface RunsSetting extends Call {
  /** Where they are. */
  readonly storage: Storage;
  /** What tells which are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
}

/** So many records are looked at, the newest first. */
const MOST = 20;

/**
 * What the latest records say of a task: the first that names its key, or else the first that names the task,
 * which was of other code then, or kept by another cache.
 */
export async function latestRun(
  task: Task,
  key: string,
  { storage, signing, signal }: RunsSetting,
): Promise<ExplainedRun | undefined> {
  let other: ExplainedRun | undefined;
  for (const run of (await findRuns(storage, { signing, signal })).slice(0, MOST)) {
    const found = await mention(run, task, key, { signal });
    if (found?.same) return found;
    other ??= found;
  }
  return other;
}

/** What the record says of the run that computed a result, where that can be told by the times. */
export async function runThatComputed(
  task: Task,
  key: string,
  start: Date,
  { storage, signing, signal }: RunsSetting,
): Promise<ExplainedRun | undefined> {
  const runs = (await findRuns(storage, { signing, signal })).filter((run) => run.start <= start);
  for (const run of runs.slice(0, MOST)) {
    const found = await mention(run, task, key, { signal });
    if (found?.same && found.state === "run") return found;
  }
}

async function mention(
  run: StoredRun,
  task: Task,
  key: string,
  call: Call,
): Promise<ExplainedRun | undefined> {
  try {
    const record = await run.load(call);
    const recorded = await record?.task({ key, id: task.id }, call);
    return recorded && explainedRun(record!, recorded, task, digits(recorded.key) === digits(key));
  } catch (error) {
    // It is good for a hint only.
    if (error instanceof SerializationError || error instanceof StorageError) return undefined;
    throw error;
  }
}

/** What a key says of the task and its code, whatever the cache. */
function digits(key: string): string {
  return key.slice(-40);
}

function explainedRun(
  { key, start }: RunRecord,
  { state, codeVersion, error, cause }: RecordedTask,
  task: Task,
  same: boolean,
): ExplainedRun {
  return {
    ...{ key, start, state, same, codeVersion: codeVersion && neutralizeLine(codeVersion) },
    ...(error && {
      error: { name: neutralizeLine(error.name), message: neutralizeLine(error.message) },
    }),
    ...(cause !== undefined && { cause: neutralizeLine(wordsOf(cause, task)) }),
  };
}

/** The task with an id, in words where it is nested in this one. */
function wordsOf(id: string, task: Task): string {
  const seen = new Set<Task>();
  const pending: Task[] = [task];
  for (let node = pending.pop(); node; node = pending.pop()) {
    if (node.id === id) return String(node);
    if (seen.has(node)) continue;
    seen.add(node);
    for (const nested of node.dependencies) pending.push(nested);
  }
  return id;
}
