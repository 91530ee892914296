import type { LogLevel, ProgressDisplay, RunEvent } from "./events.ts";
import { DrawBudget } from "./_draw_budget.ts";
import { endingLines } from "./_ending_lines.ts";
import { FrameWriter } from "./_frame_writer.ts";
import type { TerminalSize } from "./_frame_writer.ts";
import { FailureLines, isGraveEnough, logLines } from "./_log_lines.ts";
import type { LogLineOptions } from "./_log_lines.ts";
import { neutralizeKeepingColor } from "./neutralize.ts";
import type { ProgressOutput } from "./output.ts";
import { renderRun } from "./render.ts";
import { advance, endAll, initialState, summaryOf } from "./run_state.ts";
import { paintColor, paintNothing } from "./_style.ts";
import { isGuessing } from "./text_width.ts";

/** What a live display needs to know; all of it is decided. */
export interface LiveDisplayOptions {
  /** The terminal. */
  readonly output: ProgressOutput;
  /** Its width, where it is not to be asked. */
  readonly columns?: number | undefined;
  /** The least time between two drawings, in ms. */
  readonly refresh: number;
  /** Log lines below this are left out. */
  readonly logLevel: LogLevel;
  /** Whether to use colours. */
  readonly color: boolean;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
}

/** Bars and active tasks at the end of a terminal, log lines above them. */
export class LiveDisplay implements ProgressDisplay {
  readonly #options: LiveDisplayOptions;
  readonly #state = initialState();
  readonly #failures = new FailureLines(this.#state.failures);
  readonly #writer: FrameWriter;
  readonly #budget: DrawBudget;
  #above: string[] = [];
  #labelWidth = 40;
  #kept = new Map<string, number>();
  #keptFor = "";
  #timer: ReturnType<typeof setInterval> | undefined;
  #open = true;
  #broken = false;

  /** Opens a display; nothing is drawn before the first event. */
  constructor(options: LiveDisplayOptions) {
    this.#options = options;
    this.#writer = new FrameWriter(options.output);
    this.#budget = new DrawBudget(options.refresh);
  }

  /** Whether bars are, or will be, on the screen, so that other output must go through here. */
  get open(): boolean {
    return this.#open;
  }

  /** Whether colours are used. */
  get color(): boolean {
    return this.#options.color;
  }

  /** Takes in what happened; draws where it is time to. */
  handle(event: RunEvent): void {
    const { at } = event;
    if (event.kind === "log") {
      if (!isGraveEnough(event.level, this.#options.logLevel)) return;
      this.#add(logLines(event, this.#lineOptions()));
      if (event.isUrgent && this.#open) return this.#draw(at);
    } else if (this.#open) {
      advance(this.#state, event);
      if (event.kind === "ended") return this.#finish(at);
      if (event.kind === "failed") {
        this.#add(this.#failures.of(event, this.#lineOptions()));
      }
    }
    this.#drawInTime(at);
  }

  /** Prints what the program itself writes, above the bars; its colours are kept. */
  print(text: string): void {
    const lines = neutralizeKeepingColor(text).replace(/\n$/, "").split("\n");
    this.#add(lines.map((line) => line.includes("\x1b") ? `${line}\x1b[0m` : line));
    this.#drawInTime(this.#options.now());
  }

  /** Leaves the bars as they are, with a summary below them; does nothing where that was done. */
  [Symbol.dispose](): void {
    if (this.#open) this.#finish(this.#options.now());
  }

  #add(lines: readonly string[]): void {
    for (const line of lines) this.#above.push(line);
  }

  #lineOptions(): LogLineOptions {
    return {
      paint: this.#options.color ? paintColor : paintNothing,
      labelWidth: this.#labelWidth,
    };
  }

  #drawInTime(at: number): void {
    if (!this.#open) {
      // The bars stay where they were left; what is said later goes below.
      this.#write([]);
      return;
    }
    if (this.#budget.take(at)) this.#draw(at);
    this.#startTimer();
  }

  #startTimer(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => {
      const now = this.#options.now();
      if (this.#budget.take(now)) this.#draw(now);
    }, this.#options.refresh);
    this.#timer.unref();
  }

  #draw(now: number): void {
    const size = this.#size();
    this.#labelWidth = Math.max(20, Math.floor(size.columns / 2));
    const keptFor = `${size.columns} columns${isGuessing() ? ", guessed" : ""}`;
    if (keptFor !== this.#keptFor) this.#kept = new Map();
    this.#keptFor = keptFor;
    const { color } = this.#options;
    this.#write(renderRun(this.#state, { ...size, color, now, kept: this.#kept }), size);
  }

  #finish(now: number): void {
    this.#open = false;
    clearInterval(this.#timer);
    endAll(this.#state);
    const { columns } = this.#size();
    const bars = renderRun(this.#state, { columns, color: this.#options.color, now });
    // As lines above an empty frame: they stay.
    if (this.#state.startedAt !== undefined) {
      const summary = summaryOf(this.#state, now);
      this.#add([...bars, ...endingLines(this.#state, summary, { columns })]);
    }
    if (this.#above.length > 0) this.#write([]);
  }

  #write(frame: readonly string[], size: TerminalSize = this.#size()): void {
    const above = this.#above;
    this.#above = [];
    if (this.#broken) return;
    try {
      this.#writer.draw(frame, above, size);
    } catch {
      // The terminal is gone, as after a hang-up. The run is worth more than its picture.
      this.#broken = true;
    }
  }

  #size(): TerminalSize {
    const size = this.#options.output.size?.();
    return {
      columns: Math.max(1, this.#options.columns ?? (size?.columns || 80)),
      rows: Math.max(2, size?.rows || 24),
    };
  }
}
