import type { LogLevel } from "../progress/events.ts";
import {
  cut,
  type GroupNews,
  type LogRow,
  MOST_LINES,
  type WorkerName,
} from "./_bullmq_messages.ts";
import type { BullJob } from "./_bullmq_package.ts";

/** How long lines are kept together before they are sent, in ms. */
const PAUSE = 100;

/** Sends what the task of a job logs to whoever asked for it. More than the broker should carry is left out. */
export class JobLog {
  readonly #job: BullJob;
  readonly #name: WorkerName;
  readonly #news: () => GroupNews;
  #rows: LogRow[] = [];
  #lost = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** What is on its way; while the broker is away, nothing follows it. */
  #sent: Promise<void> | undefined;

  /** `news` gives what goes with it, where the task travels with others. */
  constructor(job: BullJob, name: WorkerName, news: () => GroupNews = () => ({})) {
    this.#job = job;
    this.#name = name;
    this.#news = news;
  }

  /** Takes a line. */
  add(level: LogLevel, text: string, at: number): void {
    if (this.#rows.length >= MOST_LINES) {
      this.#lost++;
      return;
    }
    this.#rows.push([level, cut(text), at]);
    this.#wait();
  }

  /** Resolves when all is sent, as far as the broker takes it. */
  async flush(): Promise<void> {
    while (this.#rows.length > 0 || this.#sent !== undefined) {
      if (this.#sent === undefined) this.#send();
      await this.#sent;
    }
  }

  #wait(): void {
    if (this.#sent === undefined) this.#timer ??= setTimeout(() => this.#send(), PAUSE);
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const [rows, lost] = [this.#rows, this.#lost];
    [this.#rows, this.#lost] = [[], 0];
    const message = {
      kind: "logs",
      ...this.#name,
      ...this.#news(),
      rows,
      ...(lost > 0 && { lost }),
    };
    // A line that is lost is no reason for a task to fail.
    this.#sent = this.#job.updateProgress(message).catch(() => {}).then(() => {
      this.#sent = undefined;
      if (this.#rows.length > 0) this.#wait();
    });
  }
}
