/** Waits for a promise, or until the signal aborts; then rejects with its reason. */
export async function orAbort<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return await promise;
  signal.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/** Lets what changes a key wait until what changed it before is done, within one storage. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Does something when it is its turn. */
  async take<T>(key: string, act: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const before = this.#last.get(key);
    const { promise: done, resolve } = Promise.withResolvers<void>();
    const mine = before ? before.then(() => done) : done;
    this.#last.set(key, mine);
    try {
      if (before) await orAbort(before, signal);
      return await act();
    } finally {
      resolve();
      if (this.#last.get(key) === mine) this.#last.delete(key);
    }
  }
}
