import type { RunEvent, RunSummary, TaskLabel, TaskUsage } from "./events.ts";
import { FailureGroups } from "./failure_groups.ts";
import { neutralizeLine } from "./neutralize.ts";

/** The tasks of one type, counted. */
export interface TypeProgress {
  /** The name of the type, safe to print. */
  readonly name: string;
  /** How many tasks are known to belong to the run. */
  planned: number;
  /** How many run now. */
  active: number;
  /** How many ran to their end. */
  run: number;
  /** How many results came from the cache. */
  cached: number;
  /** How many failed. */
  failed: number;
  /** How many were skipped. */
  skipped: number;
  /** When the first began or was found, in ms since the epoch. */
  firstAt?: number;
  /** When the first began to run: rates are counted from here, since what is cached costs little. */
  firstRunAt?: number;
  /** When the last so far came to its end. */
  lastAt?: number;
}

/** A task that runs now. */
export interface ActiveTask {
  /** Which. */
  readonly task: TaskLabel;
  /** Since when, in ms since the epoch. */
  readonly since: number;
  /** Which attempt it is, where those before it failed. */
  readonly attempt?: Attempt;
  /** What it took when that was last told, and when that was, in ms since the epoch. */
  usage?: TaskUsage & { readonly at: number };
  /** The worker that has it, where that is not this program. */
  worker?: string;
}

/** One of the attempts at a task. */
export interface Attempt {
  /** Which, from 1. */
  readonly number: number;
  /** How many there are at most. */
  readonly of: number;
}

/** A task that has begun, or is about to, and waits. */
export interface WaitingTask {
  /** Which. */
  readonly task: TaskLabel;
  /** Since when, in ms since the epoch. */
  readonly since: number;
  /** The attempt that is to come, and when, in ms since the epoch. Else another process computes it. */
  readonly next?: Attempt & { readonly at: number };
}

/** All that a display knows of a run. */
export interface RunState {
  /** By the name of the type, in the order in which they were planned. */
  readonly types: Map<string, TypeProgress>;
  /** By task id, the one that has been running longest first. */
  readonly active: Map<string, ActiveTask>;
  /** By task id, those that wait for their next attempt, in the order in which they failed. */
  readonly pausing: Map<string, WaitingTask>;
  /** By task id, those that another process computes, the one that has been waited for longest first. */
  readonly elsewhere: Map<string, WaitingTask>;
  /** The failures, those that are alike counted together. */
  readonly failures: FailureGroups;
  /** When the first event came, in ms since the epoch. */
  startedAt?: number;
  /** Set when the run is over. */
  summary?: RunSummary;
}

/** The state before the first event. */
export function initialState(): RunState {
  return {
    types: new Map(),
    active: new Map(),
    pausing: new Map(),
    elsewhere: new Map(),
    failures: new FailureGroups(),
  };
}

/**
 * Takes an event into the state, in place: a copy per event would make a run of n tasks O(n²). It
 * counts and no more, so that its cost does not grow with the run. Log lines change nothing.
 */
export function advance(state: RunState, event: RunEvent): void {
  if (event.kind === "log") return;
  state.startedAt ??= event.at;
  switch (event.kind) {
    case "planned":
      typeOf(state, event.type).planned += event.count;
      return;
    case "started":
      return start(state, event);
    case "usage": {
      const active = state.active.get(event.task.id);
      if (active) {
        active.usage = { cpu: event.cpu, memory: event.memory, at: event.at };
        active.worker = event.worker ?? active.worker;
      }
      return;
    }
    case "waiting":
      // Waiting again after its turn has come and gone, it waits since it began to.
      if (state.elsewhere.has(event.task.id)) return;
      state.elsewhere.set(event.task.id, { task: event.task, since: event.at });
      return;
    case "ended":
      state.summary = event.summary;
      return endAll(state);
    default:
      return end(state, event);
  }
}

/** Takes away what goes on: the run is over. */
export function endAll({ active, pausing, elsewhere }: RunState): void {
  for (const tasks of [active, pausing, elsewhere]) tasks.clear();
}

type EventOf<K extends RunEvent["kind"]> = Extract<RunEvent, { kind: K }>;

function start(state: RunState, { task, at }: EventOf<"started">): void {
  const type = typeOf(state, task.type);
  type.firstAt ??= at;
  type.firstRunAt ??= at;
  if (!state.active.has(task.id)) type.active++;
  const attempt = state.pausing.get(task.id)?.next;
  state.pausing.delete(task.id);
  state.elsewhere.delete(task.id);
  state.active.set(task.id, { task, since: at, ...(attempt && { attempt }) });
}

function end(state: RunState, event: EventOf<"retrying" | "done" | "failed" | "skipped">): void {
  const { task, at } = event;
  const type = typeOf(state, task.type);
  if (event.kind !== "skipped") type.firstAt ??= at;
  if (state.active.delete(task.id)) type.active--;
  state.pausing.delete(task.id);
  state.elsewhere.delete(task.id);
  if (event.kind === "retrying") {
    const next = { number: event.attempt + 1, of: event.attempts, at: at + event.delay };
    state.pausing.set(task.id, { task, since: at, next });
    return;
  }
  if (event.kind !== "skipped") type.lastAt = at;
  if (event.kind === "failed") {
    type.failed++;
    state.failures.add(task, event.error);
  } else if (event.kind === "skipped") type.skipped++;
  else if (event.from === "cache") type.cached++;
  else type.run++;
}

/** How many tasks of a type need nothing more. */
export function finishedOf(type: TypeProgress): number {
  return type.run + type.cached + type.failed + type.skipped;
}

/** How many tasks of a type there are: as planned, or more where more were seen. */
export function totalOf(type: TypeProgress): number {
  return Math.max(type.planned, finishedOf(type) + type.active);
}

/** Tasks per ms that ran, to success or failure; `undefined` before there is any to count. */
export function rateOf(type: TypeProgress, now: number): number | undefined {
  const ran = type.run + type.failed;
  if (ran === 0 || type.firstRunAt === undefined) return undefined;
  const span = (finishedOf(type) === totalOf(type) ? type.lastAt ?? now : now) - type.firstRunAt;
  return span > 0 ? ran / span : undefined;
}

/** The summary that the run gave, or what can be said of a run that was broken off. */
export function summaryOf(state: RunState, now: number): RunSummary {
  if (state.summary) return state.summary;
  const sum = { tasks: 0, run: 0, cached: 0, failed: 0, skipped: 0 };
  for (const type of state.types.values()) {
    sum.tasks += totalOf(type);
    sum.run += type.run;
    sum.cached += type.cached;
    sum.failed += type.failed;
    sum.skipped += type.skipped;
  }
  return { ...sum, duration: now - (state.startedAt ?? now) };
}

function typeOf(state: RunState, name: string): TypeProgress {
  let type = state.types.get(name);
  if (!type) {
    type = {
      name: neutralizeLine(name),
      planned: 0,
      active: 0,
      run: 0,
      cached: 0,
      failed: 0,
      skipped: 0,
    };
    state.types.set(name, type);
  }
  return type;
}
