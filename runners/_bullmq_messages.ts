import { isPlainObject } from "../describe.ts";
import type { LogLevel } from "../progress/events.ts";
import type { PackedError } from "./_transport.ts";

/** A worker, as jobs and displays name it. */
export interface WorkerName {
  /** Its own name. */
  readonly worker: string;
  /** The name of the machine. */
  readonly host: string;
}

/** A worker in words: `gpu-1@host`. */
export function workerText({ worker, host }: WorkerName): string {
  return `${worker}@${host}`;
}

/** A line that a task logged: how grave, what, and when, in ms since the epoch. */
export type LogRow = readonly [level: LogLevel, text: string, at: number];

/** What is told of a job in which several tasks travel; positions are those in the job, from 0. */
export interface GroupNews {
  /** The task that it is about. */
  readonly at?: number;
  /** Tasks that were not begun, and that this job does not begin any more: others may. */
  readonly released?: readonly number[];
}

/** What a worker tells of a job while it has it; BullMQ calls it progress. */
export type Progress =
  & WorkerName
  & GroupNews
  & (
    /** What the task logged. `lost`: how many lines were left out, since there were too many. */
    | { readonly kind: "logs"; readonly rows: readonly LogRow[]; readonly lost?: number }
    /** Somebody else computes the same, since when it was first found so. */
    | { readonly kind: "held"; readonly since: number }
    /** It has been running for a while. */
    | { readonly kind: "runs" }
    /** Tasks that travel with one that takes long are left to others. */
    | { readonly kind: "released" }
    /** Why it failed, in full: BullMQ keeps but a message. */
    | { readonly kind: "error"; readonly error: PackedError }
    /** The worker did not take the job on: others may. `since` is when the first one refused it. */
    | { readonly kind: "refused"; readonly why: string; readonly since: number }
  );

/** What a job of one task comes to that did not fail. */
export type Returned =
  & WorkerName
  & (
    /**
     * `start` in ms since the epoch, `duration` in ms. `took`: for how long a place of the worker was taken up, in ms,
     * with all that goes on around the task. `found`: somebody else had computed it.
     */
    | {
      readonly kind: "done";
      readonly start: number;
      readonly duration: number;
      readonly took?: number;
      readonly found?: true;
    }
    /** Results of these ids could not be loaded. */
    | { readonly kind: "missing"; readonly ids: readonly string[] }
    /** It was stopped, since the program that asked for it was. */
    | { readonly kind: "cancelled" }
  );

/** What became of a task that travelled with others. */
export type Row =
  | Exclude<Returned, { kind: "cancelled" }>
  /** It failed, and its error. */
  | WorkerName & { readonly kind: "failed"; readonly error: PackedError }
  /** It was not run, or whether it can be is for a job of its own to find out. */
  | { readonly kind: "left" };

/** What a job of several tasks comes to: a row for each, in their order. */
export interface ReturnedGroup {
  readonly kind: "group";
  readonly rows: readonly Row[];
}

const LEVELS: readonly unknown[] = ["debug", "info", "warn", "error"];
/** Names of workers and machines are cut here. */
const MOST_NAME = 100;
/** Causes of errors are followed no further. */
const CAUSES = 10;
/** Texts are cut here, in UTF-16 code units, by who sends them and by who reads them: each may be anybody. */
const MOST_TEXT = 8000;
/** How many lines of a log are sent at once. */
export const MOST_LINES = 100;
/** How many tasks travel in one job at most. */
export const MOST_TOGETHER = 32;
/** Errors of tasks that travel together share so many UTF-16 code units. */
const MOST_ERRORS = 64 * 1024;

/** A text that is not too long for the broker. */
export function cut(text: string, most = MOST_TEXT): string {
  return text.length > most ? `${text.slice(0, most)}…` : text;
}

/** An error that is not too long for the broker, with so many causes at most. */
export function cutError(
  { name, message, stack, cause }: PackedError,
  causes = CAUSES,
  text = MOST_TEXT,
): PackedError {
  return {
    name: name.slice(0, MOST_NAME),
    message: cut(message, text),
    stack: stack === undefined ? undefined : cut(stack, text),
    cause: cause === undefined || causes === 0 ? undefined : cutError(cause, causes - 1, text),
  };
}

/** Cuts the errors among rows so far that all of them are not too long for the broker. */
export function cutRows(rows: readonly Row[]): Row[] {
  const most = MOST_ERRORS / rows.filter(({ kind }) => kind === "failed").length;
  return rows.map((row) =>
    row.kind === "failed" ? { ...row, error: within(row.error, most) } : row
  );
}

function within(error: PackedError, most: number): PackedError {
  let short = cutError(error);
  for (let [causes, text] = [CAUSES, MOST_TEXT]; JSON.stringify(short).length > most;) {
    [causes, text] = [causes >> 1, text >> 1];
    short = cutError(error, causes, text);
    if (text < MOST_NAME) break;
  }
  return short;
}

/** Reads what a worker told of a job; `undefined` where it is nothing that one tells. */
export function readProgress(data: unknown): Progress | undefined {
  if (!isPlainObject(data)) return undefined;
  const { kind, rows, lost, error, why, since } = data;
  const name = { ...nameIn(data), ...groupNewsIn(data) };
  if (kind === "logs" && Array.isArray(rows)) {
    return {
      kind,
      ...name,
      rows: rows.slice(0, MOST_LINES).filter(isLogRow).map(([level, text, at]) =>
        [level, cut(text), at] as const
      ),
      ...(isCount(lost) && { lost }),
    };
  }
  if (kind === "held" && isTime(since)) return { kind, ...name, since };
  if (kind === "runs" || kind === "released") return { kind, ...name };
  if (kind === "error") {
    const packed = errorIn(error);
    return packed && { kind, ...name, error: packed };
  }
  if (kind === "refused" && typeof why === "string" && isTime(since)) {
    return { kind, ...name, why: cut(why), since };
  }
}

/** Reads what a job came to; `undefined` where it is nothing that a worker gives. */
export function readReturned(data: unknown): Returned | undefined {
  if (!isPlainObject(data)) return undefined;
  const { kind, start, duration, took, found, ids } = data;
  const name = nameIn(data);
  if (kind === "done" && isTime(start) && isTime(duration)) {
    const more = isTime(took) ? { took } : {};
    return { kind, ...name, start, duration, ...more, ...(found === true && { found }) };
  }
  const areIds = Array.isArray(ids) && ids.length > 0 && ids.every((id) => typeof id === "string");
  if (kind === "missing" && areIds) {
    return { kind, ...name, ids };
  }
  if (kind === "cancelled") return { kind, ...name };
}

/** Reads what a job of so many tasks came to; `undefined` where it is nothing that a worker gives. */
export function readReturnedGroup(data: unknown, size: number): readonly Row[] | undefined {
  if (!isPlainObject(data)) return undefined;
  const { kind, rows } = data;
  if (kind !== "group" || !Array.isArray(rows) || rows.length !== size) return undefined;
  return rows.map((row): Row => {
    const failure = readFailure(row);
    if (failure !== undefined && row.kind === "failed") return { kind: "failed", ...failure };
    const returned = readReturned(row);
    return returned === undefined || returned.kind === "cancelled" ? { kind: "left" } : returned;
  });
}

/** Who ran a task that failed, and its error. */
export interface Failure extends WorkerName {
  readonly error: PackedError;
}

/** Reads who ran a task, and its error; `undefined` where it is none. */
export function readFailure(data: unknown): Failure | undefined {
  const error = isPlainObject(data) ? errorIn(data.error) : undefined;
  return error && { ...nameIn(data as Record<string, unknown>), error };
}

function groupNewsIn({ at, released }: Record<string, unknown>): GroupNews {
  const isPosition = (value: unknown): value is number => isCount(value) && value < MOST_TOGETHER;
  const positions = Array.isArray(released) ? released.filter(isPosition) : [];
  return {
    ...(isPosition(at) && { at }),
    ...(positions.length > 0 && { released: positions.slice(0, MOST_TOGETHER) }),
  };
}

function nameIn({ worker, host }: Record<string, unknown>): WorkerName {
  return { worker: named(worker), host: named(host) };
}

function named(value: unknown): string {
  return typeof value === "string" && value !== "" ? value.slice(0, MOST_NAME) : "unknown";
}

function isLogRow(row: unknown): row is LogRow {
  return Array.isArray(row) && LEVELS.includes(row[0]) && typeof row[1] === "string" &&
    isTime(row[2]);
}

function errorIn(value: unknown, causes = CAUSES): PackedError | undefined {
  if (!isPlainObject(value)) return undefined;
  const { name, message, stack, cause } = value;
  if (typeof name !== "string" || typeof message !== "string") return undefined;
  return cutError({
    name,
    message,
    stack: typeof stack === "string" ? stack : undefined,
    cause: causes > 0 ? errorIn(cause, causes - 1) : undefined,
  });
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= 8.64e15;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
