// Keeps a block of lines at the end of a terminal up to date, with other lines above it.
//
// No library underneath, though there are good ones: `log-update` (through `ansi-escapes`) reads
// the environment when it is imported, which a program without `--allow-env` does not survive;
// `cli-progress` holds the process open with its timer, lets escape sequences of log lines through,
// and knows bars only. What is hard, the width of characters, is left to `string-width`.
//
// Sequences: ECMA-48 and the private modes of the VT100 and xterm, which all terminals share
// (https://invisible-island.net/xterm/ctlseqs/ctlseqs.html).

import type { ProgressOutput } from "./output.ts";
import { unpaint } from "./_style.ts";
import { textWidth } from "./text_width.ts";

// The cursor is hidden and wrapping off only within one write. So the terminal is whole at any
// time between writes, whatever ends the process then, be it `kill -9`.
const BEGIN = "\x1b[?25l\r";
const END = "\x1b[?7h\x1b[?25h";
const NO_WRAP = "\x1b[?7l";
const ERASE_LINE = "\x1b[K";
// After a space, since tmux keeps a copy of what is erased from the very first cell of the screen.
const ERASE_BELOW = " \x1b[J\r";

/** The size of a terminal in characters. */
export interface TerminalSize {
  /** Its width. */
  readonly columns: number;
  /** Its height. */
  readonly rows: number;
}

/** Draws a block of lines over the one before. */
export class FrameWriter {
  readonly #output: ProgressOutput;
  #frame: readonly string[] = [];
  #columns = 0;

  /** Draws on a terminal, from the cursor's line on. */
  constructor(output: ProgressOutput) {
    this.#output = output;
  }

  /** Draws `frame` in place of the frame before, and `above` for good above it. */
  draw(frame: readonly string[], above: readonly string[], size: TerminalSize): void {
    const resized = size.columns !== this.#columns;
    if (above.length === 0 && !resized && sameLines(frame, this.#frame)) return;
    const rows = resized ? heightOf(this.#frame, size.columns) : this.#frame.length;
    const height = Math.min(rows, size.rows - 1);
    const up = height > 0 ? `\x1b[${height}A` : "";
    const clear = above.length > 0 || resized ? ERASE_BELOW : "";
    this.#output.write(
      BEGIN + up + clear + above.map((line) => `${line}\n`).join("") +
        NO_WRAP + frame.map((line) => `${line}${ERASE_LINE}\n`).join("") + ERASE_BELOW + END,
    );
    this.#frame = frame;
    this.#columns = size.columns;
  }
}

// Terminals break lines anew when they become narrower, so that a frame grows.
function heightOf(frame: readonly string[], columns: number): number {
  return frame.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(textWidth(unpaint(line)) / columns)),
    0,
  );
}

function sameLines(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((line, i) => line === b[i]);
}
