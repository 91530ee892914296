/** What the traced tasks of the tests are told by their context. */
export interface TraceContext {
  /** The file that notes are appended to; none when nobody looks. */
  readonly trace?: string;
}

/** Appends a line to the trace; lines of several threads never mix. */
export function note(context: Readonly<Record<string, unknown>>, line: string): void {
  const { trace } = context as TraceContext;
  if (trace !== undefined) Deno.writeTextFileSync(trace, `${line}\n`, { append: true });
}

/** Waits, or rejects as soon as the signal aborts. */
export function wait(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      reject(signal.reason);
    });
  });
}

/** Computes without a pause. */
export function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end) Math.sqrt(Math.random());
}
