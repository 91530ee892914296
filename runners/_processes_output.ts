import { atTaskEnd, type LineSink, sinkOfTask } from "./_console.ts";
import { LineReader } from "./_processes_lines.ts";
import type { LogLevel } from "../progress/events.ts";

type Out = typeof Deno.stdout | typeof Deno.stderr;

// Longer than this, in ms, a line that was begun does not wait for its end.
const PATIENCE = 50;

/**
 * Leads what tasks write to standard output and error to their logs, line by line. What is not written
 * within a task goes on as before, and so does what is written past Deno.
 */
export function captureOutput(): void {
  capture(Deno.stdout, "info");
  capture(Deno.stderr, "warn");
}

function capture(out: Out, level: LogLevel): void {
  const readers = new WeakMap<LineSink, LineReader>();
  const takes = (bytes: Uint8Array) => {
    const sink = sinkOfTask();
    if (sink === undefined) return false;
    let reader = readers.get(sink);
    if (reader === undefined) readers.set(sink, reader = openReader(sink, level));
    reader.push(bytes);
    return true;
  };
  const [write, writeSync] = [out.write.bind(out), out.writeSync.bind(out)];
  out.write = (bytes) => takes(bytes) ? Promise.resolve(bytes.length) : write(bytes);
  out.writeSync = (bytes) => takes(bytes) ? bytes.length : writeSync(bytes);
}

function openReader(sink: LineSink, level: LogLevel): LineReader {
  const reader = new LineReader((line) => sink(level, line), PATIENCE);
  atTaskEnd(sink, () => reader.end());
  return reader;
}

/**
 * Keeps the orders of the Lab, which come by standard input, from tasks and from what they start: for
 * them it is empty.
 */
export function closeInput(): void {
  const { Command } = Deno;
  const empty = { read: () => Promise.resolve(null), readSync: () => null };
  Object.assign(Deno.stdin, empty);
  Object.defineProperty(Deno.stdin, "readable", {
    get: () => new Blob([]).stream(),
    configurable: true,
  });
  Deno.Command = class extends Command {
    constructor(command: string | URL, options: Deno.CommandOptions = {}) {
      const { stdin = "null" } = options;
      super(command, { ...options, stdin: stdin === "inherit" ? "null" : stdin });
    }
  };
}
