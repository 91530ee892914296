import { activeLines, MOST_ACTIVE } from "./_active_lines.ts";
import { countActive } from "./active_rows.ts";
import { barLines } from "./_bar_lines.ts";
import type { RunState, TypeProgress } from "./run_state.ts";
import { finishedOf, totalOf } from "./run_state.ts";
import { paintColor, paintNothing } from "./_style.ts";
import { cutText } from "./text_width.ts";

/** What a picture of a run is drawn for. */
export interface RenderOptions {
  /** The width of the terminal; no line is as wide, lest it wrap. */
  readonly columns: number;
  /** The height of the terminal; there are fewer lines. As many as wanted where it is left out. */
  readonly rows?: number;
  /** Whether lines are coloured. */
  readonly color: boolean;
  /** The time, in ms since the epoch. */
  readonly now: number;
  /** How wide columns of tasks were in pictures before, for this width; is kept up to date. @default {none were} */
  readonly kept?: Map<string, number>;
}

// In narrower terminals the bars are all there is.
const NARROWEST_WITH_TASKS = 20;

/**
 * Draws a run as lines: a bar for each type of task, then the tasks that run now, longest first, with
 * what they take where that is known, and those that wait. Where the terminal is low, the bars of what is under way are
 * kept, and fewer tasks.
 */
export function renderRun(state: RunState, options: RenderOptions): string[] {
  const paint = options.color ? paintColor : paintNothing;
  const width = Math.max(1, options.columns - 1);
  const room = options.rows === undefined ? Infinity : Math.max(1, options.rows - 1);
  const types = [...state.types.values()].filter((type) => totalOf(type) > 0);
  const { now, kept = new Map() } = options;
  const count = countActive(state, now);
  const tasks = count === 0 ? 0 : Math.min(count, MOST_ACTIVE) + 1;
  const shown = chooseTypes(types, Math.max(1, room - Math.min(tasks, 4)));
  const lines = barLines(shown, { width, now, paint });
  const hidden = types.length - shown.length;
  if (hidden > 0 && lines.length < room) {
    lines.push(paint(cutText(`and ${hidden} more task types`, width), "faint"));
  }
  const left = width < NARROWEST_WITH_TASKS ? 0 : room - lines.length;
  return left > 0 && count > 0
    ? [...lines, ...activeLines(state, { width, now, paint, left, count, kept })]
    : lines;
}

// What does not fit goes: types that are finished first, then those that have not begun.
function chooseTypes(types: readonly TypeProgress[], room: number): readonly TypeProgress[] {
  if (types.length <= room) return types;
  const byUse = [...types].sort((a, b) => useOf(b) - useOf(a));
  const chosen = new Set(byUse.slice(0, Math.max(1, room - 1)));
  return types.filter((type) => chosen.has(type));
}

function useOf(type: TypeProgress): number {
  if (type.active > 0) return 2;
  return finishedOf(type) < totalOf(type) ? 1 : 0;
}
