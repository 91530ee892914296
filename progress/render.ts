import { formatDuration } from "./format_duration.ts";
import { barLines } from "./_bar_lines.ts";
import { neutralizeLine } from "./neutralize.ts";
import type { ActiveTask, RunState, TypeProgress } from "./run_state.ts";
import { finishedOf, totalOf } from "./run_state.ts";
import type { Paint } from "./_style.ts";
import { paintColor, paintNothing } from "./_style.ts";
import { cutText, fitText, textWidth } from "./text_width.ts";

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
}

const MOST_ACTIVE = 10;
const LONGEST_LABEL = 400;
// In narrower terminals the bars are all there is.
const NARROWEST_WITH_TASKS = 20;

/**
 * Draws a run as lines: a bar for each type of task, then the tasks that run now, longest first.
 * Where the terminal is low, the bars of what is under way are kept, and fewer tasks.
 */
export function renderRun(state: RunState, options: RenderOptions): string[] {
  const paint = options.color ? paintColor : paintNothing;
  const width = Math.max(1, options.columns - 1);
  const room = options.rows === undefined ? Infinity : Math.max(1, options.rows - 1);
  const types = [...state.types.values()].filter((type) => totalOf(type) > 0);
  const tasks = state.active.size === 0 ? 0 : Math.min(state.active.size, MOST_ACTIVE) + 1;
  const shown = chooseTypes(types, Math.max(1, room - Math.min(tasks, 4)));
  const lines = barLines(shown, { width, now: options.now, paint });
  const hidden = types.length - shown.length;
  if (hidden > 0 && lines.length < room) {
    lines.push(paint(cutText(`and ${hidden} more task types`, width), "faint"));
  }
  const left = width < NARROWEST_WITH_TASKS ? 0 : room - lines.length;
  return left > 0
    ? [...lines, ...activeLines(state, { width, now: options.now, paint, left })]
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

interface ActiveOptions {
  readonly width: number;
  readonly now: number;
  readonly paint: Paint;
  readonly left: number;
}

function activeLines(state: RunState, { width, now, paint, left }: ActiveOptions): string[] {
  const all = state.active.size;
  const most = Math.min(MOST_ACTIVE, left);
  // One line is spent on saying how many more there are.
  const count = all > most ? Math.min(most, Math.max(0, left - 1)) : all;
  const shown = firstOf(state.active.values(), count).map(({ task, since }) => ({
    text: neutralizeLine(task.text.slice(0, LONGEST_LABEL)),
    time: formatDuration(now - since, { smallest: "s" }),
  }));
  const timeWidth = Math.max(0, ...shown.map(({ time }) => time.length));
  const widest = Math.max(0, ...shown.map(({ text }) => textWidth(text)));
  const textRoom = Math.max(1, Math.min(widest, width - 4 - timeWidth));
  const lines = shown.map(({ text, time }) =>
    `  ${fitText(text, textRoom)}  ${paint(time.padStart(timeWidth), "faint")}`
  );
  if (all > count) lines.push(paint(cutText(`  and ${all - count} more`, width), "faint"));
  return lines;
}

function firstOf(tasks: Iterable<ActiveTask>, count: number): ActiveTask[] {
  const first: ActiveTask[] = [];
  for (const task of tasks) {
    if (first.length >= count) break;
    first.push(task);
  }
  return first;
}
