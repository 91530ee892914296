import { AsyncLocalStorage } from "node:async_hooks";
import type { LogLevel } from "../progress/events.ts";

/** Takes a line that was logged. */
export type LineSink = (level: LogLevel, text: string) => void;

const LEVELS = { debug: "debug", log: "info", info: "info", warn: "warn", error: "error" } as const;
type Method = keyof typeof LEVELS;
const METHODS = Object.keys(LEVELS) as Method[];

const inside = new AsyncLocalStorage<LineSink>();
// The console is the one of the whole thread; runs at the same time share what is put in its place.
let captures = 0;
const original = new Map<Method, typeof console.log>();

/** Writes what `console.log` would: strings as they are, all else as the console shows it. */
export function formatLine(values: readonly unknown[]): string {
  return values.map((value) => typeof value === "string" ? value : Deno.inspect(value)).join(" ");
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
      original.set(method, console[method]);
      console[method] = (...values: unknown[]) => write(method, values);
    }
  }
  return {
    [Symbol.dispose]() {
      if (--captures > 0) return;
      for (const [method, log] of original) console[method] = log;
      original.clear();
    },
  };
}

function write(method: Method, values: readonly unknown[]): void {
  const sink = inside.getStore();
  if (sink !== undefined) sink(LEVELS[method], formatLine(values));
  else original.get(method)?.apply(console, [...values]);
}
