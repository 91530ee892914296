import type { LogLevel, RunEvent } from "./events.ts";
import { neutralize, neutralizeLine } from "./neutralize.ts";
import type { Paint, Style } from "./_style.ts";
import { paintNothing } from "./_style.ts";
import { cutText } from "./text_width.ts";

const GRAVITY: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };
const STYLES: Readonly<Record<LogLevel, Style | undefined>> = {
  debug: "faint",
  info: undefined,
  warn: "skipped",
  error: "failed",
};
const WORDS: Readonly<Record<LogLevel, string>> = {
  debug: "",
  info: "",
  warn: "warning: ",
  error: "error: ",
};

/** How log lines are written. */
export interface LogLineOptions {
  /** Colours, or does not. */
  readonly paint: Paint;
  /** Labels are cut to this many columns. */
  readonly labelWidth: number;
}

/** Whether a line of this level is to be shown where `least` is the least grave that is. */
export function isGraveEnough(level: LogLevel, least: LogLevel): boolean {
  return GRAVITY[level] >= GRAVITY[least];
}

/** A log event as lines, each with its label: `[label] text`. Without colour, grave ones say so. */
export function logLines(
  event: Extract<RunEvent, { kind: "log" }>,
  options: LogLineOptions,
): string[] {
  const { paint } = options;
  const style = STYLES[event.level];
  const prefix = event.task ? labelOf(event.task.text, options) : "";
  const word = paint === paintNothing ? WORDS[event.level] : "";
  const lines = neutralize(event.text).replace(/\n+$/, "").split("\n");
  return lines.map((line) => prefix + (style ? paint(word + line, style) : line));
}

// Beyond these, failures are only counted: the run's error lists them all.
const MOST_FAILURES = 20;

/** How a failure is written. */
export interface FailureLineOptions extends LogLineOptions {
  /** How many failures there were before. */
  readonly before: number;
}

/** The failure of a task in one line; the run's error has the whole of it. None after many. */
export function failureLines(
  event: Extract<RunEvent, { kind: "failed" }>,
  options: FailureLineOptions,
): string[] {
  if (options.before === MOST_FAILURES) return ["further failures are only counted"];
  if (options.before > MOST_FAILURES) return [];
  const { name, message } = event.error;
  const first = neutralize(`${name}: ${message}`).trim().split("\n")[0]!;
  return [labelOf(event.task.text, options) + options.paint(`failed: ${first}`, "failed")];
}

function labelOf(text: string, { paint, labelWidth }: LogLineOptions): string {
  return paint(`[${cutText(neutralizeLine(text), labelWidth)}]`, "faint") + " ";
}
