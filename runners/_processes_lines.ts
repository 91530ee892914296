// A task that writes without ever ending its line would fill the memory.
const LONGEST = 1 << 16;

/** Takes lines out of bytes, and tells of each. */
export class LineReader {
  readonly #decoder = new TextDecoder();
  readonly #take: (line: string) => void;
  readonly #patience: number;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #rest = "";

  /** `patience`: how long, in ms, a line that was begun waits for its end. */
  constructor(take: (line: string) => void, patience = Infinity) {
    this.#take = take;
    this.#patience = patience;
  }

  /** Takes in what came. */
  push(bytes: Uint8Array): void {
    this.#add(this.#decoder.decode(bytes, { stream: true }));
  }

  /** Ends the last line. */
  end(): void {
    clearTimeout(this.#timer);
    this.#add(this.#decoder.decode());
    if (this.#rest !== "") this.#take(this.#rest);
    this.#rest = "";
  }

  #add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#take(line.endsWith("\r") ? line.slice(0, -1) : line);
    if (this.#rest.length > LONGEST) {
      this.#take(this.#rest);
      this.#rest = "";
    }
    clearTimeout(this.#timer);
    if (this.#rest !== "" && this.#patience < Infinity) {
      this.#timer = setTimeout(() => this.end(), this.#patience);
    }
  }
}
