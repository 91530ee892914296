import type { LogLevel, RunEvent } from "./events.ts";
import { type FailureGroups, reasonOf } from "./failure_groups.ts";
import { neutralize, neutralizeLine } from "./neutralize.ts";
import type { Paint, Style } from "./_style.ts";
import { paintNothing } from "./_style.ts";
import { cutMiddle } from "./text_width.ts";

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

// Of failures that are alike, and of all: the end of the run tells the rest, in groups.
const MOST_ALIKE = 3;
const MOST_FAILURES = 20;

/**
 * The failure of a task in one line, the last one that was counted; none after many, and after a few that
 * are alike.
 */
export class FailureLines {
  readonly #failures: FailureGroups;
  #shown = 0;

  /** `failures` counts them. */
  constructor(failures: FailureGroups) {
    this.#failures = failures;
  }

  /** The lines for a failure that was just counted. */
  of({ task, error }: Extract<RunEvent, { kind: "failed" }>, options: LogLineOptions): string[] {
    if (this.#shown > MOST_FAILURES) return [];
    const alike = this.#failures.latest?.count ?? 1;
    if (alike > MOST_ALIKE + 1) return [];
    const label = labelOf(task.text, options);
    if (alike === MOST_ALIKE + 1) {
      return [
        label +
        options.paint("failed alike; further failures like this are only counted", "failed"),
      ];
    }
    if (this.#shown++ === MOST_FAILURES) return ["further failures are only counted"];
    return [label + options.paint(`failed: ${reasonOf(error, task)}`, "failed")];
  }
}

function labelOf(text: string, { paint, labelWidth }: LogLineOptions): string {
  return paint(`[${cutMiddle(neutralizeLine(text), labelWidth)}]`, "faint") + " ";
}
