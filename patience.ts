/** How often it is counted that time has passed, in ms. */
const BEAT = 100;

/**
 * Ends the wait for something that takes too long. The time is counted in beats of the program: none passes
 * for one that is stopped, or whose machine stands still, so that nobody else is taken to be slow for that.
 */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;
  #beats = 0;

  /** `reason` is what the signal aborts with after so many ms, rounded up to tenths of a second. */
  constructor(ms: number, reason: unknown) {
    this.#timer = setInterval(() => {
      if (++this.#beats * BEAT < ms) return;
      clearInterval(this.#timer);
      this.#controller.abort(reason);
    }, BEAT);
  }

  /** Aborts when patience is at its end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits no more. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
