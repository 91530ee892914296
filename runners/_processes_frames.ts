/** Longer messages are refused. The structured format holds results of 1 GiB at most. */
export const MAX_MESSAGE = 2 ** 30 + 2 ** 24;

// What fits is written to a pipe in one piece, never mixed with what others write (PIPE_BUF of pipe(7); POSIX
// promises 512).
const PACKET = Deno.build.os === "linux" || Deno.build.os === "android" ? 4096 : 512;
// Deno 2.9.6 writes what holds the end of a line to standard output in two pieces.
const NEWLINE = 10;
const BASE = 128;
const MARKER = 16;
const HEADER = MARKER + 4;
const LENGTH = 4;
const FIRST_CAPACITY = 1 << 22;

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

/** Gives what packets of one child begin with. Nobody else knows it. */
export function newMarker(): Uint8Array {
  return crypto.getRandomValues(new Uint8Array(MARKER)).map((byte) => byte | BASE);
}

/**
 * Writes bytes to a pipe into which others write as well: cut into packets that are written in one piece.
 * A packet is a marker, the length of its content and the number of newlines in that, the content with
 * other bytes in place of newlines, and where those stood. Numbers are two bytes of 7 bits, the eighth set.
 */
export class PacketWriter {
  readonly #packet = new Uint8Array(PACKET);
  readonly #write: (packet: Uint8Array) => void;
  #newlines: number[] = [];
  #end = HEADER;

  constructor(marker: Uint8Array, write: (packet: Uint8Array) => void) {
    this.#packet.set(marker);
    this.#write = write;
  }

  /** Writes pieces, one after the other. */
  write(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      for (let at = 0; at < piece.length;) {
        const taken = this.#fill(piece.subarray(at, at + PACKET));
        at += taken;
        if (taken === 0) this.#flush();
      }
    }
    if (this.#end > HEADER) this.#flush();
  }

  /** Takes as much as there is room for, and gives how much that is. */
  #fill(bytes: Uint8Array): number {
    const begin = this.#end;
    const room = () => PACKET - 2 * this.#newlines.length;
    const part = bytes.subarray(0, Math.max(0, room() - begin));
    this.#packet.set(part, begin);
    let end = begin + part.length;
    let at = this.#packet.indexOf(NEWLINE, begin);
    for (; at >= 0 && at < end; at = this.#packet.indexOf(NEWLINE, at + 1)) {
      if (at + 1 > room() - 2) {
        end = at;
        break;
      }
      this.#newlines.push(at - HEADER);
      this.#packet[at] = 0;
      end = Math.min(end, room());
    }
    this.#end = end;
    return end - begin;
  }

  #flush(): void {
    this.#put(MARKER, this.#end - HEADER);
    this.#put(MARKER + 2, this.#newlines.length);
    for (const at of this.#newlines) {
      this.#put(this.#end, at);
      this.#end += 2;
    }
    this.#write(this.#packet.subarray(0, this.#end));
    this.#end = HEADER;
    this.#newlines = [];
  }

  #put(at: number, number: number): void {
    this.#packet[at] = BASE | Math.floor(number / BASE);
    this.#packet[at + 1] = BASE | number % BASE;
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

  constructor(marker: Uint8Array, sorted: Sorted) {
    this.#marker = marker;
    this.#sorted = sorted;
  }

  /** Takes in what came; its memory is given over. */
  push(chunk: Uint8Array): void {
    const bytes = this.#rest.length === 0 ? chunk : joined(this.#rest, chunk);
    let at = 0;
    while (at < bytes.length) {
      const packet = this.#find(bytes, at);
      if (packet > at) this.#sorted.output(bytes.subarray(at, packet));
      at = packet;
      if (bytes.length - at < HEADER) break;
      const begin = at + HEADER;
      const end = begin + numberAt(bytes, at + MARKER);
      const next = end + 2 * numberAt(bytes, at + MARKER + 2);
      if (bytes.length < next) break;
      for (let i = end; i < next; i += 2) bytes[begin + numberAt(bytes, i)] = NEWLINE;
      this.#sorted.content(bytes.subarray(begin, end));
      at = next;
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

function numberAt(bytes: Uint8Array, at: number): number {
  return (bytes[at]! & (BASE - 1)) * BASE + (bytes[at + 1]! & (BASE - 1));
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
