import { afterBeats } from "./patience.ts";

/** What Ctrl-C asks of a run. */
export interface Interrupts extends Disposable {
  /** Aborts at the first Ctrl-C: finish what runs, start nothing new. */
  readonly drain: AbortSignal;
  /** Aborts at the second: stop at once. */
  readonly stop: AbortSignal;
}

// The code of a program that Ctrl-C ended: 128 and the number of SIGINT.
const EXIT_CODE = 130;
// Enough for the program to say a last word about what it has: so many turns, since no time passes for one that
// stands still, each after so many ms.
const LAST_WORD = 10;
const TURN = 50;

/**
 * Listens for Ctrl-C until it is disposed. After the second one the program ends in a moment, since
 * nothing else ends a task that computes without a pause.
 *
 * @param first Is told of the first one.
 */
export function listenForInterrupts(first: () => void): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const interrupted = () => {
    if (stop.signal.aborted) Deno.exit(EXIT_CODE);
    if (drain.signal.aborted) {
      afterBeats(LAST_WORD, TURN, () => Deno.exit(EXIT_CODE));
      stop.abort(new DOMException("Stopped by Ctrl-C", "AbortError"));
    } else {
      first();
      drain.abort(new DOMException("Ended by Ctrl-C", "AbortError"));
    }
  };
  Deno.addSignalListener("SIGINT", interrupted);
  return {
    drain: drain.signal,
    stop: stop.signal,
    [Symbol.dispose]: () => Deno.removeSignalListener("SIGINT", interrupted),
  };
}
