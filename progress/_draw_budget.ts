/**
 * How often a display may draw: once in each period, with a few more in a row where it drew less
 * before. So a task that holds the thread for long is seen to start right after another was seen
 * to end, and the average is kept. (A token bucket.)
 */
export class DrawBudget {
  readonly #period: number;
  #left = MOST_IN_A_ROW;
  #at = -Infinity;

  /** Allows one drawing in each `period`, in ms. */
  constructor(period: number) {
    this.#period = period;
  }

  /** Whether to draw now. A clock that was set back does not matter. */
  take(now: number): boolean {
    const gained = Math.max(0, now - this.#at) / this.#period;
    this.#left = Math.min(MOST_IN_A_ROW, this.#left + gained);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

const MOST_IN_A_ROW = 3;
