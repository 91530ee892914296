const encoder = new TextEncoder();
/** How often it is drawn, in ms. */
const EACH = 100;

/** One line on the terminal of standard error that tells how far a long command has come; else nothing. */
export class ProgressLine implements Disposable {
  readonly #isShown = Deno.stderr.isTerminal();
  #next = performance.now() + EACH;
  #isDrawn = false;

  /** Tells how far it is; the text is only made when it is drawn. It holds nothing but words and numbers. */
  update(text: () => string): void {
    const now = performance.now();
    if (!this.#isShown || now < this.#next) return;
    this.#next = now + EACH;
    this.#isDrawn = true;
    write(`\r\x1b[K${text()}`);
  }

  /** Takes the line away. */
  [Symbol.dispose](): void {
    if (this.#isDrawn) write("\r\x1b[K");
    this.#isDrawn = false;
  }
}

function write(text: string): void {
  try {
    Deno.stderr.writeSync(encoder.encode(text));
  } catch {
    // Nobody looks any more.
  }
}
