import type { LogLevel, ProgressDisplay, RunEvent } from "./events.ts";
import { fieldsOf } from "./_bar_lines.ts";
import { formatDuration } from "./format_duration.ts";
import { endingLines } from "./_ending_lines.ts";
import { FailureLines, isGraveEnough, logLines } from "./_log_lines.ts";
import type { LogLineOptions } from "./_log_lines.ts";
import { neutralizeLine } from "./neutralize.ts";
import type { ProgressOutput } from "./output.ts";
import { advance, initialState, summaryOf } from "./run_state.ts";
import type { TypeProgress } from "./run_state.ts";
import { paintColor, paintNothing } from "./_style.ts";

/** What a plain display needs to know; all of it is decided. */
export interface PlainDisplayOptions {
  /** Where to write. */
  readonly output: ProgressOutput;
  /** What is written besides log lines: progress and a summary, or nothing. */
  readonly shows: "progress" | "logs";
  /** Log lines below this are left out. */
  readonly logLevel: LogLevel;
  /** Whether to use colours. */
  readonly color: boolean;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
}

const LEAST_PAUSE = 5_000;
// Pauses grow with the run, so that a night in CI takes some two hundred lines, not thousands; to
// five minutes, which continuous integration does not take for a standstill.
const PAUSES_IN_A_RUN = 20;
const LONGEST_PAUSE = 300_000;
// After this, what still runs is named, though no task has come to its end.
const LONGEST_SILENCE = 120_000;

/** Plain lines, for files, pipes and continuous integration. */
export class PlainDisplay implements ProgressDisplay {
  readonly #options: PlainDisplayOptions;
  readonly #lineOptions: LogLineOptions;
  readonly #state = initialState();
  readonly #failures = new FailureLines(this.#state.failures);
  /** The counts that were last written of each type. */
  readonly #written = new Map<TypeProgress, string>();
  #lookedAt: number | undefined;
  #writtenAt: number | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;
  #open = true;
  #broken = false;

  /** Opens a display; nothing is written before the first event. */
  constructor(options: PlainDisplayOptions) {
    this.#options = options;
    this.#lineOptions = { paint: options.color ? paintColor : paintNothing, labelWidth: 200 };
  }

  /** Takes in what happened; writes where it is time to. */
  handle(event: RunEvent): void {
    if (event.kind === "log") {
      if (isGraveEnough(event.level, this.#options.logLevel)) {
        this.#write(logLines(event, this.#lineOptions));
      }
      return;
    }
    if (this.#options.shows === "logs" || !this.#open) return;
    advance(this.#state, event);
    if (event.kind === "ended") return this.#finish(event.at);
    if (event.kind === "failed") {
      this.#write(this.#failures.of(event, this.#lineOptions));
    }
    this.#startTimer();
    this.#writeInTime(event.at);
  }

  /** Writes the last counts and a summary, unless the end of the run did so. */
  [Symbol.dispose](): void {
    if (this.#open) this.#finish(this.#options.now());
  }

  #startTimer(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#writeInTime(this.#options.now()), LEAST_PAUSE);
    this.#timer.unref();
  }

  #writeInTime(now: number): void {
    this.#lookedAt ??= now;
    this.#writtenAt ??= now;
    const elapsed = now - this.#state.startedAt!;
    // Whatever the sign: a clock that was set back must not silence the run.
    const pause = Math.abs(now - this.#lookedAt);
    const least = Math.min(LONGEST_PAUSE, Math.max(LEAST_PAUSE, elapsed / PAUSES_IN_A_RUN));
    if (pause < least) return;
    this.#lookedAt = now;
    this.#writeChanges(now);
    if (Math.abs(now - this.#writtenAt) >= LONGEST_SILENCE) this.#breakSilence(now);
  }

  #writeChanges(now: number): void {
    const lines: string[] = [];
    for (const type of this.#state.types.values()) {
      const fields = fieldsOf(type, now);
      const counts = `${fields.count} ${fields.skipped}`;
      if (this.#written.get(type) === counts) continue;
      this.#written.set(type, counts);
      lines.push(typeLine(type.name, fields));
    }
    if (lines.length > 0) this.#writtenAt = now;
    this.#write(lines);
  }

  #breakSilence(now: number): void {
    const [oldest] = this.#state.active.values();
    if (!oldest) return;
    this.#writtenAt = now;
    const label = neutralizeLine(oldest.task.text);
    const since = formatDuration(now - oldest.since, { smallest: "s" });
    this.#write([`${this.#state.active.size} running, the longest for ${since}: ${label}`]);
  }

  #finish(now: number): void {
    this.#open = false;
    clearInterval(this.#timer);
    if (this.#state.startedAt === undefined) return;
    this.#writeChanges(now);
    const summary = summaryOf(this.#state, now);
    this.#write(endingLines(this.#state, summary));
  }

  #write(lines: readonly string[]): void {
    if (lines.length === 0 || this.#broken) return;
    try {
      this.#options.output.write(lines.map((line) => `${line}\n`).join(""));
    } catch {
      // Nobody reads any more, as after `| head`. The run is worth more than its report.
      this.#broken = true;
    }
  }
}

function typeLine(name: string, fields: ReturnType<typeof fieldsOf>): string {
  const { count, percent, elapsed, rate, left, cached, failed, skipped } = fields;
  const share = percent && ` (${percent})`;
  const rest = [
    cached,
    failed,
    skipped,
    rate,
    left,
    elapsed && `${rate && !left ? "in" : "after"} ${elapsed}`,
  ];
  return `${name}: ${[count + share, ...rest].filter((part) => part !== "").join(", ")}`;
}
