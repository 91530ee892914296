import { escapeHtml } from "./progress/html.ts";
import { formatDuration } from "./progress/format_duration.ts";
import { formatSummary } from "./progress/format_summary.ts";
import { neutralizeLine } from "./progress/neutralize.ts";
import type { RunSummary } from "./progress/events.ts";
import type { Task, TaskResult } from "./task.ts";

/** How many tasks a table shows. */
const MOST_ROWS = 50;
/** How many characters of a result it shows. */
const LONGEST = 200;

/**
 * Draws results as an HTML table: a row a task, with its result as `Deno.inspect` shows it, and how long
 * it took.
 */
export function resultsHtml(
  results: Iterable<readonly [Task, TaskResult]>,
  summary: RunSummary,
): string {
  const all = [...results];
  const rows = all.slice(0, MOST_ROWS).map(([task, { value, meta }]) =>
    `<tr><td style="text-align:left"><code>${
      escapeHtml(neutralizeLine(String(task)))
    }</code></td>` +
    `<td style="text-align:left"><code>${escapeHtml(shown(value))}</code></td>` +
    `<td>${formatDuration(meta.duration)}</td></tr>`
  );
  const more = all.length - MOST_ROWS;
  const rest = more > 0 ? `<tr><td colspan="3">and ${more} more</td></tr>` : "";
  return '<table><thead><tr><th style="text-align:left">task</th>' +
    '<th style="text-align:left">result</th><th>took</th></tr></thead>' +
    `<tbody>${rows.join("")}${rest}</tbody></table><p>${escapeHtml(formatSummary(summary))}</p>`;
}

function shown(value: unknown): string {
  const text = Deno.inspect(value, {
    colors: false,
    depth: 2,
    iterableLimit: 10,
    strAbbreviateSize: LONGEST,
  });
  const line = neutralizeLine(text);
  return line.length > LONGEST ? `${line.slice(0, LONGEST - 1)}…` : line;
}
