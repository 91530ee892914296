import type { Differences } from "./value_difference.ts";

/** Whether a value is a stream of bytes. */
export function isStream(value: unknown): value is ReadableStream<Uint8Array> {
  return value instanceof ReadableStream;
}

/** Finds the first byte at which two streams differ. Both are read as far as that, and let go of. */
export async function streamDifferences(
  before: ReadableStream<Uint8Array>,
  after: ReadableStream<Uint8Array>,
): Promise<Differences> {
  await using one = new Pieces(before);
  await using other = new Pieces(after);
  let at = 0;
  while (true) {
    const [a, b] = [await one.ahead(), await other.ahead()];
    const length = Math.min(a.length, b.length);
    let same = 0;
    while (same < length && a[same] === b[same]) same++;
    at += same;
    if (same < length || (length === 0 && a.length + b.length > 0)) {
      const shown = (bytes: Uint8Array) => same < bytes.length ? String(bytes[same]) : undefined;
      const first = [{ path: `result[${at}]`, before: shown(a), after: shown(b) }];
      return { first, more: true, within: false };
    }
    if (length === 0) return { first: [], more: false, within: false };
    one.take(length);
    other.take(length);
  }
}

/** A stream, of which one may look at the next bytes. */
class Pieces implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  #piece = new Uint8Array();

  constructor(stream: ReadableStream<Uint8Array>) {
    this.#reader = stream.getReader();
  }

  /** The next bytes; none at the end. */
  async ahead(): Promise<Uint8Array> {
    while (this.#piece.length === 0) {
      const { done, value } = await this.#reader.read();
      if (done) break;
      this.#piece = value as Uint8Array<ArrayBuffer>;
    }
    return this.#piece;
  }

  /** Goes on by so many bytes. */
  take(count: number): void {
    this.#piece = this.#piece.subarray(count);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel().catch(() => {});
  }
}
