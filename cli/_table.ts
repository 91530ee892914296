import { cutMiddle, cutText, loadTextWidth, textWidth } from "../progress/text_width.ts";

/** One column of a table. */
export interface Column {
  /** Its heading. */
  readonly title: string;
  /** On which side its cells stand. @default {"left"} */
  readonly align?: "left" | "right";
  /** Whether it is cut where the table is too wide. @default {false} */
  readonly flexible?: boolean;
  /** Where it is cut. @default {"end"} */
  readonly cut?: "end" | "middle";
}

const GAP = "  ";
const LEAST = 20;

/**
 * Writes rows as a table with headings.
 *
 * @param width The columns that there are; nothing is cut when it is undefined.
 */
export async function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  width: number | undefined,
): Promise<string> {
  await loadTextWidth();
  const cells = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, i) =>
    cells.reduce((w, row) => Math.max(w, textWidth(row[i]!)), 0)
  );
  if (width !== undefined) shrink(widths, columns, width - GAP.length * (columns.length - 1));
  return cells.map((row) => {
    const line = row.map((cell, i) => aligned(cell, widths[i]!, columns[i]!));
    return `${line.join(GAP).trimEnd()}\n`;
  }).join("");
}

function aligned(cell: string, width: number, { align, cut: where }: Column): string {
  const cut = where === "middle" ? cutMiddle(cell, width) : cutText(cell, width);
  const space = " ".repeat(Math.max(0, width - textWidth(cut)));
  return align === "right" ? space + cut : cut + space;
}

/** Takes from flexible columns, the widest first, until all fit. */
function shrink(widths: number[], columns: readonly Column[], width: number): void {
  const fixed = widths.filter((_, i) => !columns[i]!.flexible);
  let space = width - fixed.reduce((sum, w) => sum + w, 0);
  const flexible = widths.keys().filter((i) => columns[i]!.flexible).toArray()
    .sort((a, b) => widths[a]! - widths[b]!);
  for (const [n, i] of flexible.entries()) {
    const share = Math.max(LEAST, Math.floor(space / (flexible.length - n)));
    widths[i] = Math.min(widths[i]!, share);
    space -= widths[i]!;
  }
}

/** How wide standard output is; `undefined` where it is no terminal. */
export function outputWidth(): number | undefined {
  if (!Deno.stdout.isTerminal()) return undefined;
  try {
    return Deno.consoleSize().columns || undefined;
  } catch {
    return undefined;
  }
}
