import { activeRows } from "./active_rows.ts";
import { fieldsOf } from "./_bar_lines.ts";
import { escapeHtml } from "./html.ts";
import { type RunState, totalOf, type TypeProgress } from "./run_state.ts";

const MOST_ACTIVE = 10;
const HEADINGS = ["", "", "done", "elapsed", "rate", "", ""] as const;
// As on a terminal; they are told apart in light and in dark themes, and without colour by the words.
const PIECES = [
  ["cached", "#4c8dd6"],
  ["run", "#3fa45b"],
  ["skipped", "#c9a227"],
  ["failed", "#d0443e"],
] as const;

/** Draws a run as HTML: a row with a bar for each type of task, then the tasks that run now. */
export function notebookHtml(state: RunState, { now }: { readonly now: number }): string {
  const types = [...state.types.values()].filter((type) => totalOf(type) > 0);
  const head = HEADINGS.map((heading) => `<th style="text-align:right">${heading}</th>`).join("");
  const rows = types.map((type) => rowHtml(type, now)).join("");
  const table = `<table><thead><tr>${head}</tr></thead><tbody>${rows}</tbody></table>`;
  return `<div class="labtech-progress">${table}${activeHtml(state, now)}</div>`;
}

function rowHtml(type: TypeProgress, now: number): string {
  const { count, elapsed, rate, left, cached, failed, skipped } = fieldsOf(type, now);
  const rest = [cached, failed, skipped].filter((text) => text !== "").join(", ");
  const cells = [count, elapsed, rate, left].map((text) =>
    `<td style="text-align:right">${escapeHtml(text)}</td>`
  );
  return `<tr><td>${escapeHtml(type.name)}</td><td>${barHtml(type)}</td>${cells.join("")}` +
    `<td style="text-align:left">${escapeHtml(rest)}</td></tr>`;
}

function barHtml(type: TypeProgress): string {
  const total = totalOf(type);
  const pieces = PIECES.map(([kind, color]) => {
    const width = (100 * type[kind] / total).toFixed(2);
    return `<div style="width:${width}%;background:${color}"></div>`;
  });
  return '<div style="display:flex;width:16em;height:0.8em;border:1px solid currentColor">' +
    `${pieces.join("")}</div>`;
}

function activeHtml(state: RunState, now: number): string {
  const { rows, more } = activeRows(state, now, MOST_ACTIVE);
  if (rows.length === 0) return "";
  const items = rows.map(({ name, ...told }) => {
    const { status, since, cpu, memory } = told;
    const rest = [status, since, cpu, memory].filter((text) => text !== "").map(escapeHtml);
    return `<li><code>${escapeHtml(name)}</code> ${rest.join(" · ")}</li>`;
  });
  if (more !== "") items.push(`<li>${escapeHtml(more)}</li>`);
  return `<ul style="margin:0">${items.join("")}</ul>`;
}
