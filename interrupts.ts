/** What Ctrl-C asks of a run. */
export interface Interrupts extends Disposable {
  /** Aborts at the first Ctrl-C: finish what runs, start nothing new. */
  readonly drain: AbortSignal;
  /** Aborts at the second: stop at once. */
  readonly stop: AbortSignal;
}

/**
 * Listens for Ctrl-C until it is disposed.
 *
 * @param first Is told of the first one.
 */
export function listenForInterrupts(first: () => void): Interrupts {
  const drain = new AbortController();
  const stop = new AbortController();
  const interrupted = () => {
    if (drain.signal.aborted) stop.abort(new DOMException("Stopped by Ctrl-C", "AbortError"));
    else {
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
