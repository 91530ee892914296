const FIRST = 64 * 1024;

/** Makes pieces of one size of chunks of any. It keeps copies, never the chunks. */
export class PieceBuffer {
  readonly #size: number;
  #bytes = new Uint8Array(0);
  #filled = 0;

  /** Makes pieces of `size` bytes. */
  constructor(size: number) {
    this.#size = size;
  }

  /** Takes a chunk in, and gives the pieces that are full by it. Each is good until the next is asked for. */
  *take(chunk: Uint8Array): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < chunk.length;) {
      const part = chunk.subarray(at, at + this.#size - this.#filled);
      this.#reserve(this.#filled + part.length);
      this.#bytes.set(part, this.#filled);
      this.#filled += part.length;
      at += part.length;
      if (this.#filled < this.#size) continue;
      yield this.#bytes;
      this.#filled = 0;
    }
  }

  /** Gives what is left at the end: less than a piece. */
  rest(): Uint8Array<ArrayBuffer> {
    return this.#bytes.subarray(0, this.#filled);
  }

  #reserve(length: number): void {
    if (length <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.min(this.#size, Math.max(FIRST, 2 * length)));
    grown.set(this.#bytes.subarray(0, this.#filled));
    this.#bytes = grown;
  }
}
