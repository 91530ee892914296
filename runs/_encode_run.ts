import { sha256Hex } from "../digest.ts";
import type { PlannedTask } from "../plan.ts";
import type { RunSummary } from "../progress/events.ts";
import type { Task } from "../task.ts";
import { environment } from "../caches/environment.ts";
import { runKey } from "./run_key.ts";
import {
  MOST_TASKS,
  MOST_VERSION,
  MOST_WORKER,
  type RecordedError,
  RUN_FORMAT,
  TASKS_FILE,
} from "./run_record.ts";
import type { RunOutcome } from "./run_outcome.ts";

const DIGITS = 40;
/** Where error messages are cut, in code units. */
const MESSAGE = 300;
const NAME = 60;

const encoder = new TextEncoder();

/** The files of a record. */
export interface EncodedRun {
  /** Its key. */
  readonly key: string;
  /** What {@linkcode RUN_FILE} holds. */
  readonly metadata: Uint8Array;
  /** What {@linkcode TASKS_FILE} holds. */
  readonly tasks: Uint8Array;
}

/**
 * Writes a run as JSON. Of the tasks that ran or were in the cache, which may be many, a row has the digits
 * of id and key alone (some 95 bytes); what they have in common stands in a table of types.
 */
export function encodeRun(outcome: RunOutcome): EncodedRun {
  const { id, start, ending, error, summary } = outcome;
  const key = runKey(start, id);
  const rows = rowsOf(outcome);
  const tasks = encoder.encode(tasksText(rows));
  const { slowest = [], ...numbers } = summary;
  const metadata = {
    key,
    run: {
      format: RUN_FORMAT,
      id,
      start: start.toISOString(),
      ending,
      error: error === undefined ? undefined : recordedError(error),
      summary: { ...numbers, slowest } satisfies RunSummary,
      environment: environment(),
      leftOut: rows.leftOut,
    },
    files: { [TASKS_FILE]: { bytes: tasks.length, sha256: sha256Hex(tasks) } },
  };
  return { key, metadata: encoder.encode(JSON.stringify(metadata, null, 1)), tasks };
}

interface Rows {
  readonly types: unknown[];
  readonly workers: string[];
  readonly failed: unknown[];
  readonly skipped: unknown[];
  readonly run: unknown[];
  readonly cached: unknown[];
  readonly leftOut: number;
}

function rowsOf(outcome: RunOutcome): Rows {
  const { tasks, run, cached, failed, skipped, attempts } = outcome;
  const types = new TypeTable();
  const workers = new Map<string, number>();
  const head = (id: string) => {
    const planned = tasks.get(id)!;
    return [types.indexOf(planned), id.slice(-DIGITS), planned.key.slice(-DIGITS)];
  };
  const more = (id: string) => {
    const times = attempts(id);
    const worker = outcome.workers?.get(id);
    if (worker === undefined) return times === undefined || times < 2 ? [] : [times];
    const name = cut(worker, MOST_WORKER);
    if (!workers.has(name)) workers.set(name, workers.size);
    return [Math.max(1, times ?? 1), workers.get(name)!];
  };
  let room = MOST_TASKS;
  const listed = <T>(items: Iterable<T>, row: (item: T) => unknown): unknown[] => {
    const rows = Iterator.from(items).take(room).map(row).toArray();
    room -= rows.length;
    return rows;
  };
  const rows = {
    failed: listed(failed, ([task, error]: [Task, unknown]) => {
      const { name, message } = recordedError(error);
      return [...head(task.id), String(task), name, message, ...more(task.id)];
    }),
    skipped: listed(skipped, ([task, cause]: [Task, Task | undefined]) => {
      return [...head(task.id), String(task), cause?.id ?? null];
    }),
    run: listed(run, ([id, duration]: [string, number]) => {
      return [...head(id), Math.round(duration * 1000) / 1000, ...more(id)];
    }),
    cached: listed(cached, head),
  };
  const leftOut = failed.size + skipped.size + run.size + cached.size - (MOST_TASKS - room);
  return { types: types.rows, workers: [...workers.keys()], ...rows, leftOut };
}

/** The types of tasks: by name, code version, and what their cache puts before keys. */
class TypeTable {
  readonly rows: unknown[] = [];
  readonly #indices = new Map<string, number>();

  indexOf({ task, cache }: PlannedTask): number {
    const { taskName, codeVersion } = task;
    const prefix = cache?.keyPrefix ?? "";
    const text = `${taskName}\n${prefix}\n${codeVersion ?? ""}\n${codeVersion === undefined}`;
    let index = this.#indices.get(text);
    if (index === undefined) {
      const version = codeVersion === undefined ? null : cut(codeVersion, MOST_VERSION);
      index = this.rows.push([taskName, prefix, version]) - 1;
      this.#indices.set(text, index);
    }
    return index;
  }
}

/** A row a line, so that a person or `grep` can find a task. */
function tasksText({ leftOut: _, workers, ...rows }: Rows): string {
  const parts = Object.entries({ ...rows, ...(workers.length > 0 && { workers }) }).map((
    [name, rows],
  ) => `"${name}":[${rows.map((row) => `\n${JSON.stringify(row)}`).join(",")}]`);
  return `{${parts.join(",\n")}}\n`;
}

function recordedError(error: unknown): RecordedError {
  const { name, message } = error instanceof Error ? error : new Error(String(error));
  return { name: cut(name, NAME), message: cut(message, MESSAGE) };
}

function cut(given: unknown, most: number): string {
  const text = String(given);
  return (text.length > most ? `${text.slice(0, most - 1)}…` : text).toWellFormed();
}
