import xterm from "@xterm/headless";
import type { ProgressOutput } from "../../progress/output.ts";

/** A real terminal, the engine of VS Code's, without a window. */
export class TestTerminal implements ProgressOutput, Disposable {
  readonly terminal = true;
  /** All that was written. */
  readonly writes: string[] = [];
  readonly #engine: InstanceType<typeof xterm.Terminal>;
  #hidesCursor = false;

  constructor(columns = 80, rows = 24) {
    // Newlines return to the first column too, as the driver of a real terminal sees to.
    const options = { allowProposedApi: true, convertEol: true, scrollback: 10_000 };
    this.#engine = new xterm.Terminal({ cols: columns, rows, ...options });
    for (const final of ["h", "l"]) {
      this.#engine.parser.registerCsiHandler({ prefix: "?", final }, ([mode]) => {
        if (mode === 25) this.#hidesCursor = final === "l";
        return false; // it is still to be done
      });
    }
  }

  write(text: string): void {
    this.writes.push(text);
    this.#engine.write(text);
  }

  size(): { columns: number; rows: number } {
    return { columns: this.#engine.cols, rows: this.#engine.rows };
  }

  /** Makes it another size; what it shows is broken into lines anew. */
  async resize(columns: number, rows: number): Promise<void> {
    await this.lines();
    this.#engine.resize(columns, rows);
  }

  /** All lines, those scrolled off too, without what is empty at the end. */
  async lines(): Promise<string[]> {
    await new Promise<void>((done) => this.#engine.write("", done));
    const buffer = this.#engine.buffer.active;
    const lines = Array.from({ length: buffer.length }, (_, row) => {
      return buffer.getLine(row)!.translateToString(true).trimEnd();
    });
    while (lines.at(-1) === "") lines.pop();
    return lines;
  }

  /** Where the cursor is: the line, counted from the first ever, and the column. */
  get cursor(): { line: number; column: number } {
    const { baseY, cursorY, cursorX } = this.#engine.buffer.active;
    return { line: baseY + cursorY, column: cursorX };
  }

  /** Whether the cursor is hidden, as it is while a display draws. */
  get hidesCursor(): boolean {
    return this.#hidesCursor;
  }

  /** Whether long lines are wrapped. */
  get wraps(): boolean {
    return this.#engine.modes.wraparoundMode;
  }

  [Symbol.dispose](): void {
    this.#engine.dispose();
  }
}
