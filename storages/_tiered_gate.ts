import type { Call } from "./storage.ts";

/** For how long nothing is asked after a first failure; it doubles with each further one. In ms. */
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 60_000;
/** How many times as long as the failure took the pause is at least: waiting costs a tenth of the time. */
const SHARE = 9;

/** How something is asked. */
export interface Question extends Call {
  /** Which errors are not the storage's own: they come through, and say nothing of how it is. */
  readonly excuses?: (error: unknown) => boolean;
  /** Whether to ask even in a pause. @default {"seldom"} */
  readonly when?: "seldom" | "always";
}

/** What came of a question; `error` where it failed now, neither where it was not asked. */
export interface Answer<T> {
  /** What was answered. */
  readonly answer?: { readonly value: T };
  /** Why there is no answer. */
  readonly error?: unknown;
}

/**
 * Asks a storage that may be down. After a failure it is left alone for a while, so that who waits for a
 * dead one's time-outs waits once and not each time; then one question is let through to try it.
 */
export class Gate {
  readonly #warn: (error: unknown) => void;
  #isDown = false;
  #isTrying = false;
  #pause = 0;
  #until = 0;
  #lastError?: unknown;

  /** `warn` is told of the first failure, and of the first after each recovery. */
  constructor(warn: (error: unknown) => void) {
    this.#warn = warn;
  }

  /** Why it is not asked. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** Asks; gives `undefined` in a pause, and where the storage fails, of which a warning tells. */
  async ask<T>(act: () => Promise<T>, question?: Question): Promise<{ value: T } | undefined> {
    return (await this.tryAsk(act, question)).answer;
  }

  /** As {@linkcode ask}, but tells the failure too. */
  async tryAsk<T>(
    act: () => Promise<T>,
    { signal, excuses, when = "seldom" }: Question = {},
  ): Promise<Answer<T>> {
    signal?.throwIfAborted();
    if (when === "seldom" && this.#isPaused()) return {};
    const isTrying = this.#isDown;
    if (isTrying) this.#isTrying = true;
    const start = Date.now();
    try {
      const value = await act();
      this.#isDown = false;
      this.#pause = 0;
      return { answer: { value } };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (excuses?.(error)) throw error;
      this.#fail(error, Date.now() - start);
      return { error };
    } finally {
      if (isTrying) this.#isTrying = false;
    }
  }

  #isPaused(): boolean {
    if (!this.#isDown) return false;
    const left = this.#until - Date.now();
    // More than the longest is left where the clock was set back.
    return this.#isTrying || (left > 0 && left <= LONGEST_PAUSE);
  }

  #fail(error: unknown, duration: number): void {
    const isFirst = !this.#isDown;
    this.#lastError = error;
    // Those that were asked together fail together, which counts once.
    if (isFirst || Date.now() >= this.#until) {
      const pause = Math.max(2 * this.#pause || FIRST_PAUSE, SHARE * duration);
      this.#pause = Math.min(pause, LONGEST_PAUSE);
    }
    this.#until = Date.now() + this.#pause;
    this.#isDown = true;
    if (isFirst) this.#warn(error);
  }
}
