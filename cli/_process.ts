import type { ApplicationContext } from "@stricli/core";

/** What every command gets as `this`. */
export interface LabContext extends ApplicationContext {
  /** What of the command line is known when a completion is asked for. */
  readonly completing?: { readonly config?: string | undefined; readonly lab?: string | undefined };
}

interface Output {
  writeSync(bytes: Uint8Array): number;
}

const encoder = new TextEncoder();
// A pipe that takes nothing for so many ms is taken to be gone.
const MOST_WAITS = 60_000;

/** Makes the context of one command line: it writes to this process's own streams. */
export function processContext(completing?: LabContext["completing"]): LabContext {
  return {
    process: { stdout: writer(Deno.stdout), stderr: writer(Deno.stderr), env: {}, exitCode: null },
    completing,
  };
}

// Synchronous, so that all is written when the process ends, however it ends.
function writer(output: Output): { write(text: string): void } {
  let closed = false;
  return {
    write(text: string): void {
      const bytes = encoder.encode(text);
      let written = 0;
      let waits = 0;
      while (written < bytes.length && !closed) {
        try {
          written += output.writeSync(bytes.subarray(written));
          waits = 0;
        } catch (error) {
          // As in `lab ls | head`: nobody reads any more, which is no failure.
          if (error instanceof Deno.errors.BrokenPipe) closed = true;
          // A pipe that another process has set to non-blocking is full for a while.
          else if (!(error instanceof Deno.errors.WouldBlock) || ++waits > MOST_WAITS) throw error;
          else Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
        }
      }
    },
  };
}
