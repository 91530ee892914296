/** Longer messages are refused. The structured format holds results of 1 GiB at most. */
export const MAX_MESSAGE = 2 ** 30 + 2 ** 24;

// What fits is written to a pipe in one piece, never mixed with what others write (PIPE_BUF of pipe(7); POSIX
// promises 512).
const PACKET = Deno.build.os === "linux" || Deno.build.os === "android" ? 4096 : 512;
/** The length of a marker. */
export const MARKER = 16;
const HEADER = MARKER + 2;
const LENGTH = 4;
const FIRST_CAPACITY = 1 << 16;

/** A message with its length, 4 bytes big-endian, in front: pieces to be written one after the other. */
export function framed(message: readonly Uint8Array[]): Uint8Array[] {
  const length = message.reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (length > MAX_MESSAGE) throw new RangeError(`A message of ${length} bytes is too long`);
  const head = new Uint8Array(LENGTH);
  new DataView(head.buffer).setUint32(0, length);
  return [head, ...message];
}

/** Takes messages out of a stream of bytes. */
export class MessageReader {
  readonly #head = new Uint8Array(LENGTH);
  readonly #take: (message: Uint8Array) => void;
  #known = 0;
  #length = 0;
  #body: Uint8Array<ArrayBuffer> | undefined;

  constructor(take: (message: Uint8Array) => void) {
    this.#take = take;
  }

  /**
   * Takes in what came.
   *
   * @throws {RangeError} When a message is said to be longer than any is.
   */
  push(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const target = this.#body ?? this.#head;
      const end = this.#body === undefined ? LENGTH : this.#length;
      const taken = bytes.subarray(at, at + end - this.#known);
      this.#room(this.#known + taken.length).set(taken, this.#known);
      at += taken.length;
      this.#known += taken.length;
      if (this.#known < end) return;
      if (target === this.#head) this.#begin();
      else this.#complete();
    }
  }

  #begin(): void {
    this.#length = new DataView(this.#head.buffer).getUint32(0);
    if (this.#length > MAX_MESSAGE) {
      throw new RangeError(`a message of ${this.#length} bytes is too long`);
    }
    this.#known = 0;
    // Memory is taken as bytes come, not as they are announced.
    this.#body = new Uint8Array(Math.min(this.#length, FIRST_CAPACITY));
    if (this.#length === 0) this.#complete();
  }

  #room(needed: number): Uint8Array {
    if (this.#body === undefined) return this.#head;
    if (needed > this.#body.length) {
      const larger = new Uint8Array(
        Math.min(this.#length, Math.max(needed, this.#body.length * 2)),
      );
      larger.set(this.#body);
      this.#body = larger;
    }
    return this.#body;
  }

  #complete(): void {
    const message = this.#body!;
    [this.#body, this.#known] = [undefined, 0];
    this.#take(message);
  }
}

/**
 * Writes bytes to a pipe into which others write as well: cut into packets, each begun by a marker that
 * nobody else knows, its length (2 bytes, big-endian), and written in one piece.
 */
export class PacketWriter {
  readonly #packet = new Uint8Array(PACKET);
  readonly #write: (packet: Uint8Array) => void;

  constructor(marker: Uint8Array, write: (packet: Uint8Array) => void) {
    this.#packet.set(marker);
    this.#write = write;
  }

  /** Writes pieces, one after the other. */
  write(pieces: readonly Uint8Array[]): void {
    let filled = HEADER;
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const part = piece.subarray(at, at + PACKET - filled);
        this.#packet.set(part, filled);
        at += part.length;
        filled += part.length;
        if (filled === PACKET) {
          this.#flush(filled);
          filled = HEADER;
        }
      }
    }
    if (filled > HEADER) this.#flush(filled);
  }

  #flush(end: number): void {
    new DataView(this.#packet.buffer).setUint16(MARKER, end - HEADER);
    this.#write(this.#packet.subarray(0, end));
  }
}

/** What a {@linkcode PacketReader} takes apart. */
export interface Sorted {
  /** Takes what packets hold. */
  content(bytes: Uint8Array): void;
  /** Takes what others wrote. */
  output(bytes: Uint8Array): void;
}

/** Tells packets from what others wrote into the same pipe. */
export class PacketReader {
  readonly #marker: Uint8Array;
  readonly #sorted: Sorted;
  #rest = new Uint8Array(0);
  #left = 0;

  constructor(marker: Uint8Array, sorted: Sorted) {
    this.#marker = marker;
    this.#sorted = sorted;
  }

  /** Takes in what came. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) {
        const part = bytes.subarray(at, at + this.#left);
        at += part.length;
        this.#left -= part.length;
        this.#sorted.content(part);
        continue;
      }
      const packet = this.#find(bytes, at);
      if (packet > at) this.#sorted.output(bytes.subarray(at, packet));
      at = packet;
      if (bytes.length - at < HEADER) break;
      this.#left = bytes[at + MARKER]! << 8 | bytes[at + MARKER + 1]!;
      at += HEADER;
    }
    this.#rest = bytes.slice(at);
  }

  /** Where the marker begins, or may begin, at the end; else the end. */
  #find(bytes: Uint8Array, from: number): number {
    const first = this.#marker[0]!;
    for (let at = bytes.indexOf(first, from); at >= 0; at = bytes.indexOf(first, at + 1)) {
      const end = Math.min(MARKER, bytes.length - at);
      let same = 1;
      while (same < end && bytes[at + same] === this.#marker[same]) same++;
      if (same === end) return at;
    }
    return bytes.length;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
