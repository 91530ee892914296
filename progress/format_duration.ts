/** How {@linkcode formatDuration} writes. */
export interface FormatDurationOptions {
  /**
   * The smallest unit shown: `"s"` cuts to whole seconds, for times that are drawn while they run.
   *
   * @default "ms"
   */
  readonly smallest?: "ms" | "s";
}

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/**
 * Writes a length of time, given in ms, for people: `85 ms`, `4.1 s`, `2 min 03 s`, `1 h 12 min`,
 * `3 d 04 h`. What is negative or not a number, as when a clock was set back, counts as 0.
 */
export function formatDuration(ms: number, options: FormatDurationOptions = {}): string {
  if (ms === Infinity) return "∞";
  const time = ms > 0 ? ms : 0;
  if (options.smallest === "s") {
    const cut = Math.floor(time / SECOND) * SECOND;
    return cut < MINUTE ? `${cut / SECOND} s` : parts(cut);
  }
  if (Math.round(time) < SECOND) return `${Math.round(time)} ms`;
  // Rounded before it is compared, lest 59.96 s become "60.0 s".
  const tenths = Math.round(time / 100);
  return tenths < 600 ? `${(tenths / 10).toFixed(1)} s` : parts(time);
}

function parts(time: number): string {
  const seconds = Math.round(time / SECOND) * SECOND;
  if (seconds < HOUR) {
    return `${Math.floor(seconds / MINUTE)} min ${rest(seconds, MINUTE, SECOND)} s`;
  }
  const minutes = Math.round(time / MINUTE) * MINUTE;
  if (minutes < DAY) return `${Math.floor(minutes / HOUR)} h ${rest(minutes, HOUR, MINUTE)} min`;
  const hours = Math.round(time / HOUR) * HOUR;
  return `${Math.floor(hours / DAY)} d ${rest(hours, DAY, HOUR)} h`;
}

function rest(time: number, whole: number, unit: number): string {
  return String(Math.floor((time % whole) / unit)).padStart(2, "0");
}
