import type { LogLevel, ProgressDisplay, RunEvent } from "./events.ts";
import { endingLines } from "./_ending_lines.ts";
import { escapeHtml } from "./html.ts";
import { FailureLines, isGraveEnough, logLines } from "./_log_lines.ts";
import { notebookHtml } from "./_notebook_html.ts";
import { advance, endAll, initialState, summaryOf } from "./run_state.ts";
import { paintNothing } from "./_style.ts";

/** The part of `Deno.jupyter` that a display uses. */
export interface Notebook {
  /** Sends a message of Jupyter's protocol to whoever shows the notebook. */
  broadcast(kind: string, content: Record<string, unknown>): Promise<void>;
}

/** What a notebook display needs to know; all of it is decided. */
export interface NotebookDisplayOptions {
  /** The notebook. */
  readonly notebook: Notebook;
  /** What is shown besides log lines: progress and a summary, or nothing. */
  readonly shows: "progress" | "logs";
  /** The least time between two drawings, in ms. */
  readonly refresh: number;
  /** Log lines below this are left out. */
  readonly logLevel: LogLevel;
  /** The clock, in ms since the epoch. */
  readonly now: () => number;
}

// Wide enough for any task in words.
const LINES = { paint: paintNothing, labelWidth: 200 };

/** One output of a cell that is drawn again in place, and log lines as the cell's standard error. */
export class NotebookDisplay implements ProgressDisplay {
  readonly #options: NotebookDisplayOptions;
  readonly #state = initialState();
  readonly #failures = new FailureLines(this.#state.failures);
  readonly #id = crypto.randomUUID();
  #sent: Promise<void> = Promise.resolve();
  #pending = 0;
  #isShown = false;
  #drawnAt = -Infinity;
  #timer: ReturnType<typeof setInterval> | undefined;
  #open = true;

  /** Opens a display; nothing is shown before the first event. */
  constructor(options: NotebookDisplayOptions) {
    this.#options = options;
  }

  /** Takes in what happened; draws where it is time to. */
  handle(event: RunEvent): void {
    if (event.kind === "log") {
      if (isGraveEnough(event.level, this.#options.logLevel)) this.#print(logLines(event, LINES));
      return;
    }
    if (!this.#open) return;
    advance(this.#state, event);
    if (event.kind === "ended") return this.#finish();
    if (event.kind === "failed") {
      this.#print(this.#failures.of(event, LINES));
    }
    this.#drawInTime();
  }

  /** Resolves when all that was shown has been sent. */
  settle(): Promise<void> {
    return this.#sent;
  }

  /** Leaves what is shown as it is, with a summary; does nothing where that was done. */
  [Symbol.dispose](): void {
    if (this.#open) this.#finish();
  }

  #drawInTime(): void {
    if (this.#options.shows === "logs") return;
    const { now, refresh } = this.#options;
    if (now() - this.#drawnAt >= refresh) this.#draw();
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#draw(), refresh);
    this.#timer.unref();
  }

  #draw(): void {
    // A notebook that is slow to take one picture is not sent a queue of them.
    if (this.#pending > 0) return;
    this.#drawnAt = this.#options.now();
    this.#show(notebookHtml(this.#state, { now: this.#drawnAt }));
  }

  #finish(): void {
    this.#open = false;
    clearInterval(this.#timer);
    if (this.#options.shows === "logs" || this.#state.startedAt === undefined) return;
    endAll(this.#state);
    const now = this.#options.now();
    const summary = summaryOf(this.#state, now);
    const text = endingLines(this.#state, summary).join("\n");
    this.#show(`${notebookHtml(this.#state, { now })}<pre>${escapeHtml(text)}</pre>`, text);
  }

  #show(html: string, text = ""): void {
    this.#send(this.#isShown ? "update_display_data" : "display_data", {
      data: { "text/html": html, "text/plain": text },
      metadata: {},
      transient: { display_id: this.#id },
    });
    this.#isShown = true;
  }

  #print(lines: readonly string[]): void {
    if (lines.length > 0) this.#send("stream", { name: "stderr", text: `${lines.join("\n")}\n` });
  }

  #send(kind: string, content: Record<string, unknown>): void {
    this.#pending++;
    this.#sent = this.#sent
      .then(() => this.#options.notebook.broadcast(kind, content))
      // Whoever showed the notebook is gone. The run is worth more than its picture.
      .catch(() => {})
      .finally(() => this.#pending--);
  }
}
