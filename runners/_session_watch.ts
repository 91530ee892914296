import { labelOf } from "./_label.ts";
import { MemoryWatch } from "./_memory_watch.ts";
import type { RunSetting } from "./runner.ts";
import type { PendingJob, Seat } from "./_seat.ts";

/** What a watch looks at, and whom it tells. */
export interface WatchSetting {
  /** The workers of the run. */
  readonly seats: () => readonly Seat[];
  /** The tasks that were given up, and go on in threads that nothing stops. */
  readonly givenUp: () => readonly string[];
  /** Takes in what happens. */
  readonly report: RunSetting["report"];
  /** Takes what became of a worker's jobs, as far as that can be seen. */
  readonly take: (seat: Seat) => void;
  /** A task goes on after its time. */
  readonly overdue: (seat: Seat, pending: PendingJob) => void;
  /** A worker begins nothing any more. */
  readonly stuck: (seat: Seat) => void;
}

// How often to look, in ms.
const LOOK = 100;
// What tasks take is told once a second.
const LOOKS_A_REPORT = 10;

/** Looks at the workers of a run from time to time: what they began, what it takes, and whether they go on. */
export class SessionWatch implements Disposable {
  readonly #setting: WatchSetting;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #memory: MemoryWatch;
  #looks = 0;

  constructor(setting: WatchSetting) {
    this.#setting = setting;
    this.#memory = new MemoryWatch({
      running: () => this.#running(),
      warn: (text) =>
        setting.report({ kind: "log", at: Date.now(), level: "warn", text, isUrgent: true }),
    });
    this.#timer = setInterval(() => this.#look(), LOOK);
    Deno.unrefTimer(this.#timer);
  }

  /** A job was begun. Those that take a while are noticed; of the others, whoever hears of them tells. */
  started(pending: PendingJob, at: number): void {
    pending.announced = true;
    this.#setting.report({ kind: "started", at, task: labelOf(pending.job.task) });
  }

  /** Looks no more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#memory[Symbol.dispose]();
  }

  #look(): void {
    for (const seat of [...this.#setting.seats()]) {
      this.#setting.take(seat);
      const { overdue } = seat;
      if (overdue !== undefined) this.#setting.overdue(seat, overdue);
      else if (seat.looksStuck()) this.#setting.stuck(seat);
      for (const [pending, at] of seat.begun()) {
        if (!pending.announced) this.started(pending, at);
      }
    }
    const isInThreads = this.#setting.seats().some(({ group, load }) => !group.stops && load > 0);
    if (isInThreads) this.#memory.look();
    if (++this.#looks % LOOKS_A_REPORT === 0) this.#tellUsage();
  }

  #running(): string[] {
    const running = this.#setting.seats().flatMap((seat) =>
      seat.running.map(({ job }) => String(job.task))
    );
    return [...running, ...this.#setting.givenUp().map((name) => `${name} (given up)`)];
  }

  #tellUsage(): void {
    for (const seat of this.#setting.seats()) {
      for (const [{ job, announced }, usage] of seat.usages()) {
        if (!announced) continue;
        this.#setting.report({ kind: "usage", at: Date.now(), task: labelOf(job.task), ...usage });
      }
    }
  }
}
