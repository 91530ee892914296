import { isAutoVersion } from "../code_version/auto.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { formatDuration } from "../progress/format_duration.ts";
import type { ExplainedEntry } from "./explanation.ts";

/** How an explanation is written. */
export interface ExplanationStyle {
  /** Writes a time. @default {in UTC, as `2026-11-23T12:10Z`} */
  readonly time?: (time: Date) => string;
  /** The modules that define the types, for commands to copy. @default {"<module>"} */
  readonly modules?: string;
}

/** Writes what all parts of an explanation have in them. */
export class ExplanationWords {
  /** What stands for the modules. */
  readonly modules: string;
  readonly #time: (time: Date) => string;

  constructor({ time = utc, modules = "<module>" }: ExplanationStyle) {
    this.#time = time;
    this.modules = neutralizeLine(modules);
  }

  /** A time; given as text, in ISO 8601. */
  at(given: Date | string): string {
    const time = new Date(given);
    return Number.isNaN(time.getTime()) ? "at a time unknown" : this.#time(time);
  }

  /** When a result was computed, how long that took, and where. */
  computed({ cached, duration, environment: { host } }: ExplainedEntry): string {
    const on = host === undefined ? "" : ` on ${host}`;
    return `${this.at(cached)} in ${formatDuration(duration)}${on}`;
  }
}

function utc(time: Date): string {
  return `${time.toISOString().slice(0, 16)}Z`;
}

/** How much is shown of a version that follows the code: `auto:` and ten digits. */
const VERSION_SHOWN = 15;

/** A code version for a person: `none` where there is none, a digest by its beginning. */
export function versionText(version: string | null | undefined): string {
  if (version === undefined || version === null) return "none";
  return isAutoVersion(version) ? version.slice(0, VERSION_SHOWN) : version;
}

/** A number of things: `1 entry`, `12 entries`. */
export function counted(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}
