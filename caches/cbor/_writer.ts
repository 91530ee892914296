import { SerializationError } from "../../errors.ts";
import { bigintToBytes } from "./_bignum.ts";
import { encodeWtf8, putCodePoint } from "./_wtf8.ts";
import { TAG_NEGATIVE_BIGNUM, TAG_POSITIVE_BIGNUM, TAG_WTF8 } from "./tags.ts";

/** Major types of RFC 8949, shifted to where they stand in the first byte of an item. */
export const UNSIGNED = 0x00, NEGATIVE = 0x20, BYTES = 0x40, TEXT = 0x60;
export const ARRAY = 0x80, MAP = 0xa0, TAG = 0xc0;
/** Simple values of RFC 8949, as whole items. */
export const FALSE = 0xf4, TRUE = 0xf5, NULL = 0xf6, UNDEFINED = 0xf7;
/** Floats of RFC 8949: the first byte, the number follows. */
export const FLOAT16 = 0xf9, FLOAT32 = 0xfa, FLOAT64 = 0xfb;

/** From here on bytes are passed on as they are instead of copied. */
const PASSED_ON = 4096;
/** Up to here a loop over the characters is faster than a call of `encodeInto`. */
const SHORT_TEXT = 48;
/** From here on a text gets a buffer of its own, to leave no slab mostly empty. */
const LONG_TEXT = 16_384;
const MAX_SLAB = 2 ** 20;

const encoder = new TextEncoder();

/**
 * A first slab that is used again by the next writer: most documents fit in it, and a fresh one
 * would cost more than what is written. `undefined` while a writer has it.
 */
let firstSlab: Slab | undefined = newSlab(16_384);

interface Slab {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly view: DataView<ArrayBuffer>;
}

function newSlab(length: number): Slab {
  const bytes = new Uint8Array(length);
  return { bytes, view: new DataView(bytes.buffer) };
}

/** The elements of a typed array, whose byte string in the document is a head alone. */
export interface ElementsApart {
  /** Where in the document they would begin. */
  readonly at: number;
  /** The elements: the memory of the typed array itself. */
  readonly bytes: Uint8Array;
}

/** Collects the bytes of a document, each item in its shortest form. */
export class Writer {
  #slab: Uint8Array<ArrayBuffer>;
  #view: DataView<ArrayBuffer>;
  #at = 0;
  #start = 0;
  #nextSlab = 65_536;
  readonly #borrowed: Slab | undefined;
  readonly #maxBytes: number;
  readonly #chunks: Uint8Array[] = [];
  #flushed = 0;
  readonly #apartFrom: number;
  readonly #apart: ElementsApart[] = [];

  /** Begins a document. Typed arrays of `apartFrom` bytes and more stay out of it. */
  constructor(maxBytes: number, apartFrom = Infinity) {
    this.#apartFrom = apartFrom;
    this.#borrowed = firstSlab;
    firstSlab = undefined;
    const slab = this.#borrowed ?? newSlab(16_384);
    this.#slab = slab.bytes;
    this.#view = slab.view;
    this.#maxBytes = maxBytes;
  }

  /** Gives the first slab back. What was written is gone unless it was taken before. */
  release(): void {
    if (this.#borrowed !== undefined) firstSlab = this.#borrowed;
  }

  /** Everything as one buffer. */
  take(): Uint8Array<ArrayBuffer> {
    if (this.#chunks.length === 0 && this.#at <= this.#maxBytes) {
      return this.#slab.slice(0, this.#at);
    }
    this.#flush();
    const all = new Uint8Array(this.#flushed);
    let at = 0;
    for (const chunk of this.#chunks) {
      all.set(chunk, at);
      at += chunk.length;
    }
    return all;
  }

  /** What stayed out of the document. */
  get apart(): readonly ElementsApart[] {
    return this.#apart;
  }

  /** Everything as it lies, without copying what was passed on. */
  takeChunks(): Uint8Array[] {
    this.#flush();
    const shared = this.#borrowed?.bytes.buffer;
    return this.#chunks.map((chunk) => chunk.buffer === shared ? chunk.slice() : chunk);
  }

  #flush(): void {
    const length = this.#at - this.#start;
    if (length > 0) {
      this.#chunks.push(this.#slab.subarray(this.#start, this.#at));
      this.#flushed += length;
      this.#start = this.#at;
    }
    if (this.#flushed > this.#maxBytes) {
      throw new SerializationError(
        `The value takes more than ${this.#maxBytes} bytes (maxBytes); ` +
          `split it, or raise the limit for writing and for reading`,
      );
    }
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#slab.length) return;
    this.#flush();
    const slab = newSlab(Math.max(bytes, this.#nextSlab));
    this.#slab = slab.bytes;
    this.#view = slab.view;
    this.#nextSlab = Math.min(this.#nextSlab * 2, MAX_SLAB);
    this.#at = this.#start = 0;
  }

  /** Writes one byte: a simple value. */
  byte(byte: number): void {
    this.#reserve(1);
    this.#slab[this.#at++] = byte;
  }

  /** Writes the head of an item: its major type and its argument. */
  head(major: number, argument: number): void {
    this.#reserve(9);
    const slab = this.#slab;
    const at = this.#at;
    if (argument < 24) {
      slab[at] = major | argument;
      this.#at = at + 1;
    } else if (argument < 0x100) {
      slab[at] = major | 24;
      slab[at + 1] = argument;
      this.#at = at + 2;
    } else if (argument < 0x10000) {
      slab[at] = major | 25;
      slab[at + 1] = argument >> 8;
      slab[at + 2] = argument;
      this.#at = at + 3;
    } else {
      this.#longHead(major, argument);
    }
  }

  #longHead(major: number, argument: number): void {
    const at = this.#at;
    if (argument < 0x100000000) {
      this.#slab[at] = major | 26;
      this.#view.setUint32(at + 1, argument);
      this.#at = at + 5;
    } else {
      this.#slab[at] = major | 27;
      this.#view.setUint32(at + 1, Math.floor(argument / 0x100000000));
      this.#view.setUint32(at + 5, argument >>> 0);
      this.#at = at + 9;
    }
  }

  /** Writes a number: as an integer where it is a safe one, else as the shortest exact float. */
  number(value: number): void {
    // -0 passes this test, hence the second one.
    if ((value | 0) === value) {
      if (value > 0) this.head(UNSIGNED, value);
      else if (value < 0) this.head(NEGATIVE, -1 - value);
      else if (Object.is(value, 0)) this.byte(UNSIGNED);
      else this.float(value);
    } else if (Number.isSafeInteger(value)) {
      if (value >= 0) this.head(UNSIGNED, value);
      else this.head(NEGATIVE, -1 - value);
    } else {
      this.float(value);
    }
  }

  /** Writes a float in the shortest form that holds it exactly; every NaN is the same. */
  float(value: number): void {
    this.#reserve(9);
    const at = this.#at;
    if (Math.fround(value) !== value) {
      if (value === value) {
        this.#slab[at] = FLOAT64;
        this.#view.setFloat64(at + 1, value);
        this.#at = at + 9;
        return;
      }
      this.#slab[at] = FLOAT16;
      this.#view.setUint16(at + 1, 0x7e00);
      this.#at = at + 3;
    } else if (Math.f16round(value) === value) {
      this.#slab[at] = FLOAT16;
      this.#view.setFloat16(at + 1, value);
      this.#at = at + 3;
    } else {
      this.#slab[at] = FLOAT32;
      this.#view.setFloat32(at + 1, value);
      this.#at = at + 5;
    }
  }

  /**
   * Writes a `bigint`. One that is also a safe integer is written as a bignum all the same, so that
   * `5n` and `5` stay apart; a larger one of 64 bits is a plain integer.
   */
  bigint(value: bigint, maxBytes: number): boolean {
    const magnitude = value < 0n ? -1n - value : value;
    if (magnitude <= 0xffff_ffff_ffff_ffffn && !isSafe(value)) {
      this.#reserve(9);
      this.#slab[this.#at] = (value < 0n ? NEGATIVE : UNSIGNED) | 27;
      this.#view.setBigUint64(this.#at + 1, magnitude);
      this.#at += 9;
      return true;
    }
    const bytes = bigintToBytes(magnitude);
    if (bytes.length > maxBytes) return false;
    this.head(TAG, value < 0n ? TAG_NEGATIVE_BIGNUM : TAG_POSITIVE_BIGNUM);
    this.bytes(bytes);
    return true;
  }

  /** Writes a byte string; a large one is not copied. */
  bytes(bytes: Uint8Array): void {
    this.head(BYTES, bytes.length);
    this.#raw(bytes);
  }

  /** Writes the elements of a typed array as a byte string. */
  elements(bytes: Uint8Array): void {
    this.head(BYTES, bytes.length);
    if (bytes.length < this.#apartFrom) this.#raw(bytes);
    else this.#apart.push({ at: this.#flushed + this.#at - this.#start, bytes });
  }

  #raw(bytes: Uint8Array): void {
    if (bytes.length >= PASSED_ON) {
      this.#flush();
      this.#chunks.push(bytes);
      this.#flushed += bytes.length;
      return;
    }
    this.#reserve(bytes.length);
    this.#slab.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Writes a string: as text, or under a tag if it has lone surrogates. */
  text(text: string): void {
    const length = text.length;
    if (length > SHORT_TEXT) return this.#longText(text);
    this.#reserve(3 * SHORT_TEXT + 2);
    const slab = this.#slab;
    let at = this.#at;
    if (length < 24) {
      slab[at++] = TEXT | length;
    } else {
      slab[at++] = TEXT | 24;
      slab[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return this.#shortText(text);
      slab[at++] = code;
    }
    this.#at = at;
  }

  /** Writes a short text that is not ASCII. Its length in bytes is counted first. */
  #shortText(text: string): void {
    if (!text.isWellFormed()) return this.#brokenText(text);
    let bytes = 0;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      // Each half of a pair of surrogates counts two of its four bytes.
      bytes += code < 0x80 ? 1 : code < 0x800 || (code & 0xf800) === 0xd800 ? 2 : 3;
    }
    this.head(TEXT, bytes);
    this.#reserve(bytes);
    let at = this.#at;
    for (let i = 0; i < text.length; i++) {
      const code = text.codePointAt(i)!;
      if (code > 0xffff) i++;
      at = putCodePoint(this.#slab, at, code);
    }
    this.#at = at;
  }

  #longText(text: string): void {
    if (text.length >= LONG_TEXT) {
      if (!text.isWellFormed()) return this.#brokenText(text);
      const bytes = encoder.encode(text);
      this.head(TEXT, bytes.length);
      return this.#raw(bytes);
    }
    this.#reserve(text.length * 3 + 3);
    // The head of ASCII of this length; where the bytes turn out to be more, they move.
    const guessed = text.length < 0x100 ? 2 : 3;
    const start = this.#at + guessed;
    const { written } = encoder.encodeInto(text, this.#slab.subarray(start));
    if (written !== text.length && !text.isWellFormed()) return this.#brokenText(text);
    const needed = written < 0x100 ? 2 : written < 0x10000 ? 3 : 5;
    if (needed !== guessed) {
      this.#slab.copyWithin(this.#at + needed, start, start + written);
    }
    this.head(TEXT, written);
    this.#at += written;
  }

  #brokenText(text: string): void {
    this.head(TAG, TAG_WTF8);
    this.bytes(encodeWtf8(text));
  }
}

function isSafe(value: bigint): boolean {
  return value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn;
}
