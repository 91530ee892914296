import { formatDuration } from "./format_duration.ts";
import type { TypeProgress } from "./run_state.ts";
import { finishedOf, rateOf, totalOf } from "./run_state.ts";
import type { Paint, Style } from "./_style.ts";
import { fitText, textWidth } from "./_text_width.ts";

/** How bars are drawn. */
export interface BarOptions {
  /** The columns there are. */
  readonly width: number;
  /** The time, in ms since the epoch. */
  readonly now: number;
  /** Colours, or does not. */
  readonly paint: Paint;
}

/** What a bar tells beside itself. */
export type Field =
  | "count"
  | "percent"
  | "elapsed"
  | "rate"
  | "left"
  | "cached"
  | "failed"
  | "skipped";

const FIELDS: readonly Field[] = [
  ...["count", "percent", "elapsed", "rate", "left"] as const,
  ...["cached", "failed", "skipped"] as const,
];

// What is given up first where the terminal is narrow. The count and failures stay.
const DISPENSABLE: readonly Field[] = ["rate", "elapsed", "percent", "cached", "skipped", "left"];

const STYLES: Readonly<Partial<Record<Field, Style>>> = {
  percent: "faint",
  elapsed: "faint",
  rate: "faint",
  cached: "cached",
  failed: "failed",
  skipped: "skipped",
};

const SHORTEST_BAR = 8;
const LONGEST_BAR = 40;

interface Row {
  readonly type: TypeProgress;
  readonly fields: Readonly<Record<Field, string>>;
}

/** Draws the bars of types of tasks, in columns that align. */
export function barLines(types: readonly TypeProgress[], options: BarOptions): string[] {
  const rows = types.map((type): Row => ({ type, fields: fieldsOf(type, options.now) }));
  const layout = layOut(rows, options.width);
  return rows.map((row) => barLine(row, layout, options.paint));
}

interface Layout {
  readonly name: number;
  readonly bar: number;
  readonly gap: string;
  /** The width of each field that is shown. */
  readonly fields: ReadonlyMap<Field, number>;
}

function layOut(rows: readonly Row[], width: number): Layout {
  const gap = width < 60 ? " " : "  ";
  const fields = new Map<Field, number>();
  for (const field of FIELDS) {
    const widest = Math.max(0, ...rows.map((row) => row.fields[field].length));
    if (widest > 0) fields.set(field, widest);
  }
  const widestName = Math.max(0, ...rows.map((row) => textWidth(row.type.name)));
  let name = Math.min(widestName, Math.max(8, Math.floor(width * 0.3)));
  // What is left for the bar, its gap taken off.
  const room = () =>
    [...fields.values()].reduce((left, field) => left - field - gap.length, width - name) -
    gap.length;
  for (const field of DISPENSABLE) {
    if (room() >= SHORTEST_BAR) break;
    fields.delete(field);
  }
  const bar = room() >= 3 ? Math.min(LONGEST_BAR, room()) : 0;
  if (bar === 0) name = Math.max(1, Math.min(name, name + room() + gap.length));
  return { name, bar, gap, fields };
}

function barLine(row: Row, layout: Layout, paint: Paint): string {
  const cells = [fitText(row.type.name, layout.name)];
  if (layout.bar > 0) cells.push(bar(row.type, layout.bar, paint));
  for (const [field, width] of layout.fields) {
    const text = row.fields[field].padStart(width);
    const style = STYLES[field];
    cells.push(style && row.fields[field] ? paint(text, style) : text);
  }
  return cells.join(layout.gap).trimEnd();
}

/** A bar in pieces, one for each way in which tasks come to their end. */
function bar(type: TypeProgress, width: number, paint: Paint): string {
  const total = totalOf(type);
  const pieces: [number, Style][] = [
    [type.cached, "cached"],
    [type.run, "ran"],
    [type.skipped, "skipped"],
    [type.failed, "failed"],
  ];
  let text = "";
  let counted = 0;
  let drawn = 0;
  for (const [count, style] of pieces) {
    counted += count;
    // Rounded down as a sum: full only when all is finished.
    const end = total === 0 ? 0 : Math.floor(width * counted / total);
    text += paint("━".repeat(end - drawn), style);
    drawn = end;
  }
  return text + paint("─".repeat(width - drawn), "faint");
}

/** The numbers of a type in words; empty where there is nothing to say. */
export function fieldsOf(type: TypeProgress, now: number): Readonly<Record<Field, string>> {
  const total = totalOf(type);
  const finished = finishedOf(type);
  const rate = rateOf(type, now);
  return {
    count: `${finished}/${total}`,
    percent: total === 0 ? "" : `${Math.floor(100 * finished / total)}%`,
    elapsed: elapsedOf(type, now),
    rate: rate === undefined ? "" : formatRate(rate),
    left: rate === undefined || finished === total
      ? ""
      : `${formatDuration((total - finished) / rate + 999, { smallest: "s" })} left`,
    cached: type.cached === 0 ? "" : `${type.cached} cached`,
    failed: type.failed === 0 ? "" : `${type.failed} failed`,
    skipped: type.skipped === 0 ? "" : `${type.skipped} skipped`,
  };
}

function elapsedOf(type: TypeProgress, now: number): string {
  if (type.firstAt === undefined) return "";
  if (finishedOf(type) < totalOf(type)) {
    return formatDuration(now - type.firstAt, { smallest: "s" });
  }
  return formatDuration((type.lastAt ?? now) - type.firstAt);
}

// In the unit that gives at least one whole task.
function formatRate(perMs: number): string {
  const perSecond = perMs * 1000;
  if (perSecond >= 1) return `${perSecond >= 10 ? Math.round(perSecond) : perSecond.toFixed(1)}/s`;
  const perMinute = perSecond * 60;
  if (perMinute >= 1) return `${perMinute.toFixed(1)}/min`;
  return `${(perMinute * 60).toFixed(1)}/h`;
}
