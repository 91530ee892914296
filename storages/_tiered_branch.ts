/**
 * One of several streams that get the same chunks. Each chunk is taken by all before the next one is
 * given to any, so that nothing piles up in front of the slowest.
 */
export class Branch {
  /** What its consumer reads. */
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #asked = Promise.withResolvers<void>();
  #isOver = false;

  /** Makes a stream without chunks. */
  constructor() {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: () => this.#asked.resolve(),
      cancel: () => this.leave(),
    }, { highWaterMark: 0 });
  }

  /** Hands a chunk over; waits until the consumer is done with it, or reads no more. */
  async give(chunk: Uint8Array): Promise<void> {
    await this.#asked.promise;
    if (this.#isOver) return;
    this.#asked = Promise.withResolvers();
    this.#controller.enqueue(chunk);
    await this.#asked.promise;
  }

  /** Ends the stream. */
  close(): void {
    if (this.#isOver) return;
    this.leave();
    this.#controller.close();
  }

  /** Fails the stream. */
  fail(error: unknown): void {
    if (this.#isOver) return;
    this.leave();
    this.#controller.error(error);
  }

  /** Notes that the consumer reads no more. */
  leave(): void {
    this.#isOver = true;
    this.#asked.resolve();
  }
}
