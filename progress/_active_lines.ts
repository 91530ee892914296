import { type ActiveRow, activeRows } from "./active_rows.ts";
import type { RunState } from "./run_state.ts";
import type { Paint } from "./_style.ts";
import { cutMiddle, cutText, fitText, textWidth } from "./text_width.ts";

/** How tasks that go on are drawn. */
export interface ActiveOptions {
  /** The columns there are. */
  readonly width: number;
  /** The time, in ms since the epoch. */
  readonly now: number;
  /** Colours, or does not. */
  readonly paint: Paint;
  /** The lines there are. */
  readonly left: number;
  /** How many tasks go on. */
  readonly count: number;
  /** How wide columns were before: they never shrink, so that nothing jumps as tasks come and go. */
  readonly kept: Map<string, number>;
}

/** No more tasks are named. */
export const MOST_ACTIVE = 10;

type Column = "status" | "brief" | "since" | "cpu" | "memory";

// The least of a name, in columns, that what is said of the task leaves, if there is so much of it.
const SHORTEST_NAME = 16;
// From the most that there is to say to the least.
const CHOICES: readonly (readonly Column[])[] = [
  ["status", "since", "cpu", "memory"],
  ["brief", "since", "cpu", "memory"],
  ["brief", "since", "memory"],
  ["brief", "since"],
  ["since"],
];
const ON_THE_RIGHT: ReadonlySet<Column> = new Set(["since", "cpu", "memory"]);

/** Draws the tasks that go on, one a line, in columns that align. */
export function activeLines(state: RunState, options: ActiveOptions): string[] {
  const { width, now, paint, left, count, kept } = options;
  const most = Math.min(MOST_ACTIVE, left);
  // One line is spent on saying how many more there are.
  const { rows, more } = activeRows(state, now, count > most ? Math.min(most, left - 1) : most);
  const gap = width < 60 ? " " : "  ";
  const { name, columns } = layOut(rows, { width, gap, kept });
  const lines = rows.map((row) => {
    const cells = columns.map(({ column, width }) => {
      const text = row[column];
      const filled = ON_THE_RIGHT.has(column) ? padStart(text, width) : fitText(text, width);
      return paint(filled, column === "status" || column === "brief" ? styleOf(row) : "faint");
    });
    return [`  ${fitText(row.name, name, cutMiddle)}`, ...cells].join(gap).trimEnd();
  });
  if (more !== "") lines.push(paint(cutText(`  ${more}`, width), "faint"));
  return lines;
}

function styleOf({ isPlain }: ActiveRow): "faint" | "skipped" {
  return isPlain ? "faint" : "skipped";
}

interface Layout {
  readonly name: number;
  readonly columns: readonly { readonly column: Column; readonly width: number }[];
}

function layOut(
  rows: readonly ActiveRow[],
  { width, gap, kept }: Pick<ActiveOptions, "width" | "kept"> & { readonly gap: string },
): Layout {
  const widest = (column: Column | "name") => {
    const width = Math.max(kept.get(column) ?? 0, ...rows.map((row) => textWidth(row[column])));
    kept.set(column, width);
    return width;
  };
  const longest = widest("name");
  for (const [n, choice] of CHOICES.entries()) {
    const columns = choice
      .map((column) => ({ column, width: widest(column) }))
      .filter(({ width }) => width > 0);
    const taken = columns.reduce((sum, column) => sum + gap.length + column.width, 2);
    const name = Math.min(longest, width - taken);
    // In words, where half of the line is left for names; shorter, where enough of them is.
    const least = Math.min(longest, n === 0 ? Math.floor(width / 2) : SHORTEST_NAME);
    if (name >= least || n === CHOICES.length - 1) return { name: Math.max(1, name), columns };
  }
  return { name: longest, columns: [] };
}

function padStart(text: string, width: number): string {
  return " ".repeat(Math.max(0, width - textWidth(text))) + text;
}
