import { describe } from "../describe.ts";
import { neutralizeLine } from "../progress/neutralize.ts";

/** What stands for a part that a value does not have. */
export const ABSENT = Symbol("absent");
/** No text of a value is longer, in characters. */
export const LONGEST = 80;

/** A value in a few words, safe to print; `undefined` where there is none. */
export function textOf(value: unknown): string | undefined {
  if (value === ABSENT) return undefined;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (value instanceof Date) return Number.isNaN(+value) ? "Invalid Date" : value.toISOString();
  if (Object.is(value, -0)) return "-0";
  if (typeof value === "bigint") return cut(`${value}n`);
  if (typeof value === "string") return cut(neutralizeLine(JSON.stringify(value)));
  if (value instanceof RegExp || value instanceof URL) return cut(neutralizeLine(String(value)));
  return neutralizeLine(describe(value));
}

/** Cuts a text that is too long to show. */
export function cut(text: string): string {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}
