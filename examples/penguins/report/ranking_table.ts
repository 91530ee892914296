import type { Standing } from "../tasks/ranking.ts";

/** The ranking as lines of text: means, and after `±` the standard deviations over the folds. */
export function rankingTable(standings: readonly Standing[]): string {
  const head = ["rank", "model", "setting", "accuracy", "macro F1"];
  const body = standings.map((standing) => [
    String(standing.rank),
    standing.model,
    `${standing.parameter} = ${standing.value}`,
    spread(standing.accuracy, standing.accuracy_sd),
    spread(standing.macro_f1, standing.macro_f1_sd),
  ]);
  const widths = head.map((title, i) =>
    Math.max(title.length, ...body.map((row) => row[i]!.length))
  );
  const line = (cells: string[]) =>
    cells
      .map((cell, i) => i === 0 ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!))
      .join("  ")
      .trimEnd();
  return [
    line(head),
    line(widths.map((width) => "─".repeat(width))),
    ...body.map(line),
  ].join("\n");
}

function spread(mean: number, sd: number): string {
  return `${mean.toFixed(3)} ± ${sd.toFixed(3)}`;
}
