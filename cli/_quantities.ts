import { formatDuration } from "../progress/format_duration.ts";

const UNITS = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;
const formats = UNITS.map((unit) =>
  new Intl.NumberFormat("en", {
    style: "unit",
    unit,
    unitDisplay: unit === "byte" ? "long" : "short",
    maximumSignificantDigits: 3,
    useGrouping: false,
  })
);
// Of Swedish form, which is that of ISO 8601 with a space.
const times = new Intl.DateTimeFormat("sv-SE", { dateStyle: "short", timeStyle: "short" });

/** Writes a size for people: `512 bytes`, `1.2 kB`, `34 MB` (of 1000 each). */
export function formatBytes(bytes: number): string {
  let unit = 0;
  // From 999.5 on, three digits would say 1000.
  while (bytes >= 999.5 && unit < UNITS.length - 1) {
    bytes /= 1000;
    unit++;
  }
  return formats[unit]!.format(bytes);
}

/** Writes a time in the local zone, `2026-11-23 04:46`; `?` when it is none. */
export function formatTime(time: Date): string {
  return Number.isNaN(time.getTime()) ? "?" : times.format(time);
}

/** Writes how long ago a time was; in words when it is to come. */
export function formatAge(time: Date, now: number): string {
  const age = now - time.getTime();
  return age < 0 ? "in the future" : `${formatDuration(age, { smallest: "s" })} ago`;
}

/** Writes a number of things: `1 entry`, `12 entries`. */
export function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

const SPAN = /^(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)$/;
const SECONDS = { s: 1, m: 60, min: 60, h: 3600, d: 86_400, w: 604_800 };

/** Reads a span of time such as `30d` or `12h`, and gives it in ms. */
export function parseSpan(text: string): number {
  const [, number, unit] = SPAN.exec(text) ?? [];
  if (unit === undefined) {
    throw new SyntaxError(`expected a number and one of s, m, h, d, w, as in 30d`);
  }
  return Number(number) * SECONDS[unit as keyof typeof SECONDS] * 1000;
}

const SIZE = /^(\d+(?:\.\d+)?)\s*([kmgt]?)(i?)b?$/i;

/** Reads a size such as `10GB` (of 1000 each) or `512MiB` (of 1024), and gives it in bytes. */
export function parseSize(text: string): number {
  const [, number, unit, binary] = SIZE.exec(text) ?? [];
  if (number === undefined || (binary && !unit)) {
    throw new SyntaxError("expected a number and one of kB, MB, GB, TB, as in 10GB");
  }
  const power = ["", "k", "m", "g", "t"].indexOf(unit!.toLowerCase());
  return Math.floor(Number(number) * (binary ? 1024 : 1000) ** power);
}

/** Reads a whole number from 1. */
export function parseCount(text: string): number {
  const number = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(number) && number > 0) return number;
  throw new SyntaxError(`expected a whole number from 1`);
}
