import { AsyncLocalStorage } from "node:async_hooks";
import { builtin } from "../builtin.ts";
import type { LogLevel } from "../progress/events.ts";

/** Takes a line that was logged. */
export type LineSink = (level: LogLevel, text: string) => void;

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;
type Line = keyof typeof LEVELS;
// These remember something between calls, or lay their text out.
const OTHERS = [
  ...["assert", "count", "countReset", "dir", "dirxml", "table", "trace"] as const,
  ...["group", "groupCollapsed", "groupEnd", "time", "timeEnd", "timeLog"] as const,
];
type Method = Line | typeof OTHERS[number];
const METHODS = [...Object.keys(LEVELS) as Line[], ...OTHERS];

const inside = new AsyncLocalStorage<LineSink>();
// The console is the one of the whole thread; runs at the same time share what is put in its place.
let captures = 0;
const original = new Map<Method, typeof console.log>();

/** Writes what `console.log` would: strings as they are, all else as the console shows it. */
export function formatLine(values: readonly unknown[]): string {
  const [first] = values;
  if (values.length > 1 && typeof first === "string" && first.includes("%")) {
    return builtin<typeof import("node:util")>("node:util").format(...values);
  }
  return values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ");
}

/** Whether what runs just now belongs to a task. */
export function isWithinTask(): boolean {
  return inside.getStore() !== undefined;
}

/** What takes the lines of the task that runs just now, if one does. */
export function sinkOfTask(): LineSink | undefined {
  return inside.getStore();
}

const ends = new WeakMap<LineSink, (() => void)[]>();

/** Has something done when the task whose lines a sink takes has ended. */
export function atTaskEnd(sink: LineSink, act: () => void): void {
  const acts = ends.get(sink);
  if (acts === undefined) ends.set(sink, [act]);
  else acts.push(act);
}

/** Says that the task whose lines a sink takes has ended. */
export function taskEnded(sink: LineSink): void {
  for (const act of ends.get(sink) ?? []) act();
}

/** Runs a task with its console led to `sink`, while the console is captured. */
export function withConsole<T>(sink: LineSink, work: () => T): T {
  return inside.run(sink, work);
}

/**
 * Leads `console.*` within tasks to the task's own log; what others write goes where it went before.
 * Disposing gives the console back.
 */
export function captureConsole(): Disposable {
  if (++captures === 1) {
    for (const method of METHODS) {
      original.set(method, console[method] as typeof console.log);
      console[method] = (...values: unknown[]) => write(method, values);
    }
  }
  let disposed = false;
  return {
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      if (--captures > 0) return;
      for (const [method, log] of original) console[method] = log as never;
      original.clear();
    },
  };
}

function write(method: Method, values: readonly unknown[]): void {
  const sink = inside.getStore();
  if (sink === undefined) original.get(method)?.apply(console, [...values]);
  else if (Object.hasOwn(LEVELS, method)) sink(LEVELS[method as Line], formatLine(values));
  else (consoleOf(sink)[method] as typeof console.log)(...values);
}

const consoles = new WeakMap<LineSink, Console>();

// The runtime's own console, writing to a task's log.
function consoleOf(sink: LineSink): Console {
  let own = consoles.get(sink);
  if (own === undefined) {
    const { Console } = builtin<typeof import("node:console")>("node:console");
    const { Writable } = builtin<typeof import("node:stream")>("node:stream");
    const stream = (level: LogLevel) =>
      new Writable({
        decodeStrings: false,
        write(text: string, _encoding: string, done: () => void) {
          sink(level, text.replace(/\n$/, ""));
          done();
        },
      });
    own = new Console({ stdout: stream("info"), stderr: stream("warn") }) as unknown as Console;
    consoles.set(sink, own);
  }
  return own;
}
