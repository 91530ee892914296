import { afterBeats } from "../patience.ts";

// How long, in ms, an idle worker is kept for the next run, in so many parts: none of them passes while the program
// stands still.
const IDLE = 500;
const PARTS = 5;

/** Calls `over` when idle workers have waited for their next run long enough. Does not keep the program from its end. */
export function startIdling(over: () => void): ReturnType<typeof setInterval> {
  const timer = afterBeats(PARTS, IDLE / PARTS, over);
  Deno.unrefTimer(timer);
  return timer;
}
