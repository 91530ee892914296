/** How often it is counted that time has passed, in ms. */
const BEAT = 100;

/**
 * Calls `over` after so many beats, each of so many ms. No beat passes for a program that is stopped, or whose
 * machine stands still, so that nobody else is taken to be slow for that. The interval may be cleared before.
 */
export function afterBeats(
  beats: number,
  ms: number,
  over: () => void,
): ReturnType<typeof setInterval> {
  let passed = 0;
  const timer = setInterval(() => {
    if (++passed < beats) return;
    clearInterval(timer);
    over();
  }, ms);
  return timer;
}

/** Ends the wait for something that takes too long, as time passes for the program itself. */
export class Patience implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;

  /** `reason` is what the signal aborts with after so many ms, rounded up to tenths of a second. */
  constructor(ms: number, reason: unknown) {
    this.#timer = afterBeats(Math.ceil(ms / BEAT), BEAT, () => this.#controller.abort(reason));
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
