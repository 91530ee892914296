/** Where a display writes: standard error, or something that stands for it. */
export interface ProgressOutput {
  /** Whether it is a terminal, which understands escape sequences. */
  readonly terminal: boolean;
  /** Writes text, all of it, before it returns. */
  write(text: string): void;
  /** How large the terminal is now, in characters; `undefined` where nobody knows. */
  size?(): { readonly columns: number; readonly rows: number } | undefined;
}

const encoder = new TextEncoder();
// A terminal or pipe that cannot take more for this long is taken to be gone.
const MOST_WAITS = 2000;

/** Standard error. It needs no permission. */
export const stderrOutput: ProgressOutput = {
  get terminal(): boolean {
    return Deno.stderr.isTerminal();
  },
  write(text: string): void {
    const bytes = encoder.encode(text);
    let written = 0;
    let waits = 0;
    while (written < bytes.length) {
      try {
        written += Deno.stderr.writeSync(bytes.subarray(written));
        waits = 0;
      } catch (error) {
        // A pipe that another process has set to non-blocking is full for a while.
        if (!(error instanceof Deno.errors.WouldBlock) || ++waits > MOST_WAITS) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
      }
    }
  },
  size(): { columns: number; rows: number } | undefined {
    try {
      return Deno.consoleSize();
    } catch {
      return undefined;
    }
  },
};
