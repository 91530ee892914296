import { formatDuration } from "./format_duration.ts";
import type { TypeProgress } from "./run_state.ts";
import { finishedOf, rateOf, totalOf } from "./run_state.ts";
import type { Paint, Style } from "./_style.ts";
import { fitText, textWidth } from "./text_width.ts";

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

// Those that stand in columns, and those that follow, each row its own.
const COLUMNS: readonly Field[] = ["count", "percent", "elapsed", "rate", "left"];
const TAIL: readonly Field[] = ["cached", "failed", "skipped"];

// What is given up first where the terminal is narrow, for the sake of the bar.
const DISPENSABLE: readonly Field[] = ["rate", "elapsed", "percent", "cached", "skipped", "left"];

// What is given up after the bar, in a terminal of a few columns.
const LAST: readonly Field[] = ["failed", "count"];

const STYLES: Readonly<Partial<Record<Field, Style>>> = {
  percent: "faint",
  elapsed: "faint",
  rate: "faint",
  cached: "cached",
  failed: "failed",
  skipped: "skipped",
};

// How wide columns are at the least while tasks are to come, so that bars do not change their length with
// each digit: "59 s", "9.9/s", "59 s left".
const RESERVED: Readonly<Partial<Record<Field, number>>> = {
  percent: 4,
  elapsed: 4,
  rate: 5,
  left: 9,
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
  /** The width of each column that is shown. */
  readonly columns: ReadonlyMap<Field, number>;
  readonly tail: readonly Field[];
}

function layOut(rows: readonly Row[], width: number): Layout {
  const gap = width < 60 ? " " : "  ";
  const shown = new Set<Field>([...COLUMNS, ...TAIL]);
  const isOpen = rows.some(({ type }) => finishedOf(type) < totalOf(type));
  const leastOf = (field: Field) => {
    if (field === "count") return widest(rows, ({ type }) => 2 * `${totalOf(type)}`.length + 1);
    return isOpen ? RESERVED[field] ?? 0 : 0;
  };
  const measure = () => {
    const tail = TAIL.filter((field) => shown.has(field));
    const columns = new Map(
      COLUMNS.filter((field) => shown.has(field))
        .map((field) => {
          const width = widest(rows, (row) => row.fields[field].length);
          return [field, width === 0 ? 0 : Math.max(leastOf(field), width)] as const;
        })
        .filter(([, width]) => width > 0),
    );
    const parts = [...columns.values(), widest(rows, (row) => tailOf(row, tail).join(", ").length)];
    const taken = parts.reduce((sum, part) => sum + (part > 0 ? part + gap.length : 0), 0);
    // For the name and the bar.
    return { columns, tail, room: width - taken - gap.length };
  };
  const longestName = widest(rows, (row) => textWidth(row.type.name));
  const shortestName = Math.min(longestName, Math.max(8, Math.floor(width * 0.3)));
  let { columns, tail, room } = measure();
  const giveUp = (fields: readonly Field[], least: number) => {
    for (const field of fields) {
      if (room >= least) return;
      shown.delete(field);
      ({ columns, tail, room } = measure());
    }
  };
  giveUp(DISPENSABLE, shortestName + SHORTEST_BAR);
  const name = Math.max(shortestName, Math.min(longestName, room - SHORTEST_BAR));
  const bar = Math.min(LONGEST_BAR, room - name);
  if (bar >= 3) return { name, bar, gap, columns, tail };
  giveUp(LAST, 1 - gap.length);
  return { name: Math.min(longestName, room + gap.length), bar: 0, gap, columns, tail };
}

function widest(rows: readonly Row[], widthOf: (row: Row) => number): number {
  return rows.reduce((most, row) => Math.max(most, widthOf(row)), 0);
}

function tailOf(row: Row, tail: readonly Field[], paint?: Paint): string[] {
  return tail.filter((field) => row.fields[field] !== "")
    .map((field) => paint ? paint(row.fields[field], STYLES[field]!) : row.fields[field]);
}

function barLine(row: Row, layout: Layout, paint: Paint): string {
  const cells = [fitText(row.type.name, layout.name)];
  if (layout.bar > 0) cells.push(bar(row.type, layout.bar, paint));
  for (const [field, width] of layout.columns) {
    const text = row.fields[field].padStart(width);
    const style = STYLES[field];
    cells.push(style && row.fields[field] ? paint(text, style) : text);
  }
  cells.push(tailOf(row, layout.tail, paint).join(", "));
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
  // What was skipped is over, but not done.
  const done = finished - type.skipped;
  return {
    count: `${done}/${total}`,
    percent: total === 0 ? "" : `${Math.floor(100 * done / total)}%`,
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
