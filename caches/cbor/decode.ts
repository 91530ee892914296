import { SerializationError } from "../../errors.ts";
import { bytesToBigint } from "./_bignum.ts";
import { classByName, type RegisteredClass } from "./classes.ts";
import { makeDomException, makeError, setErrorProperty } from "./_errors_as_data.ts";
import { addKey, arrayIndex, follow, type KeyNode, rootNode } from "./_keys.ts";
import { type Limits, withDefaults } from "./limits.ts";
import {
  TAG_ARRAY_BUFFER,
  TAG_DATA_VIEW,
  TAG_EPOCH,
  TAG_EXTENDED_TIME,
  TAG_HOLES,
  TAG_MAP,
  TAG_NEGATIVE_BIGNUM,
  TAG_NULL_PROTOTYPE,
  TAG_OBJECT,
  TAG_PAIRS,
  TAG_POSITIVE_BIGNUM,
  TAG_REFERENCE,
  TAG_REGEXP,
  TAG_SET,
  TAG_SHARED,
  TAG_TYPED_ARRAY_FIRST,
  TAG_TYPED_ARRAY_LAST,
  TAG_URL,
  TAG_VIEW,
  TAG_WTF8,
} from "./tags.ts";
import { readText } from "./_text.ts";
import {
  DATA_VIEW,
  needLittleEndian,
  UINT8,
  type View,
  type ViewKind,
  viewKindByTag,
} from "./_typed_arrays.ts";
import { decodeWtf8 } from "./_wtf8.ts";
import {
  ARRAY,
  BYTES,
  FALSE,
  FLOAT16,
  FLOAT32,
  FLOAT64,
  MAP,
  NEGATIVE,
  NULL,
  TAG,
  TEXT,
  TRUE,
  UNDEFINED,
  UNSIGNED,
} from "./_writer.ts";

/** How to read. */
export interface DecodeOptions {
  /** What the document may hold at most; each where it is not given as in `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
}

/**
 * Reads a document that `encode` wrote. Only that is accepted: whatever `decode` takes, `encode`
 * would write in the very same bytes. What it gives has no memory in common with `bytes`.
 *
 * It is safe on bytes from anyone: nothing named in them is imported or run, only built-in types
 * and classes given to `registerClass` are made, and time and memory are bounded by the limits.
 *
 * @param bytes The whole document.
 * @throws {SerializationError} If the bytes are not such a document, go over a limit, or name a
 * class that is not registered; the message says at which byte.
 *
 * @example
 * ```ts
 * import { decode, encode } from "@labtech/lab/caches";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(decode(encode([1, -0, 2n, undefined])), [1, -0, 2n, undefined]);
 * ```
 */
export function decode(bytes: Uint8Array, options: DecodeOptions = {}): unknown {
  return new Decoder(bytes, withDefaults(options.limits)).run();
}

/** Where the elements of large typed arrays lie. */
export interface ElementsMemory {
  /** From how many bytes on they are put into memory that threads share. @default {none are} */
  readonly shareFrom?: number;
  /** Those that stayed out of the document, by where they would begin; see `encodeApart`. */
  readonly apart?: ReadonlyMap<number, Uint8Array>;
}

/**
 * Reads a document like `decode`, with large typed arrays in memory of a certain kind: of shared memory,
 * or that which stayed out of the document.
 *
 * @throws {SerializationError} As `decode` does.
 */
export function decodeInto(bytes: Uint8Array, memory: ElementsMemory): unknown {
  return new Decoder(bytes, withDefaults(undefined), memory).run();
}

/** What kind of container is being read. */
const OBJECT_FRAME = 0, LIST_FRAME = 1, MAP_FRAME = 2, PAIRS_FRAME = 3, SET_FRAME = 4;
const ERROR_FRAME = 5, DOM_EXCEPTION_FRAME = 6, CLASS_FRAME = 7;

/** A container that is being read. */
interface Frame {
  kind: number;
  /** What is filled; of a class nothing yet, its data comes in `key`. */
  container: unknown;
  /** How many items it has; of a map or object, keys and values each count. */
  count: number;
  /** How many of them have been begun. */
  index: number;
  /** The key whose value is being read, or the data of a class. */
  key: unknown;
  /** The keys so far as a node, while they are few; see `KeyNode`. */
  node: KeyNode | undefined;
  /** As in `KeyNode`, where there is no node. */
  lastIndex: number;
  /** As in `KeyNode`, where there is no node. */
  named: boolean;
  /** The next index of a list, or of pairs whether one key is an object. */
  position: number;
  /** Which mark stands before it, or -1. */
  mark: number;
  /** How many items the containers around it still want. */
  owedAround: number;
  registered: RegisteredClass | undefined;
  /** Where it begins. */
  start: number;
}

/** What reading an item gives when a container was begun. */
const OPENED: unique symbol = Symbol("opened");
/** What a mark stands for before it is known. */
const PENDING: unique symbol = Symbol("pending");

const FLOAT16_NAN = 0x7e00;
/** V8's strings have less than 2 ** 29 characters. */
const LONGEST_TEXT = 2 ** 29 - 25;
const objectPrototype: object = Object.prototype;

/** Reads one document, with a stack of its own instead of recursion. */
class Decoder {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #limits: Limits;
  readonly #memory: ElementsMemory | undefined;
  #at = 0;
  readonly #stack: Frame[] = [];
  #depth = 0;
  #items = 0;
  #holes = 0;
  #references = 0;
  readonly #marked: unknown[] = [];
  readonly #used: boolean[] = [];
  #unused = 0;

  constructor(bytes: Uint8Array, limits: Limits, memory?: ElementsMemory) {
    this.#memory = memory;
    if (!(bytes instanceof Uint8Array)) {
      throw new TypeError(`Expected the document as a Uint8Array, got ${typeof bytes}`);
    }
    // Subclasses change what slice() does, Buffer among them.
    this.#bytes = Object.getPrototypeOf(bytes) === Uint8Array.prototype
      ? bytes
      : new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#limits = limits;
  }

  run(): unknown {
    if (this.#bytes.length > this.#limits.maxBytes) {
      this.#fail(`${this.#bytes.length} bytes are more than ${this.#limits.maxBytes} (maxBytes)`);
    }
    let value = this.#item();
    while (this.#depth > 0) {
      const frame = this.#stack[this.#depth - 1]!;
      if (!this.#fill(frame)) continue;
      value = this.#close(frame);
      if (this.#depth > 0) this.#place(this.#stack[this.#depth - 1]!, value);
    }
    if (this.#at < this.#bytes.length) {
      this.#fail(`${this.#bytes.length - this.#at} bytes follow the end of the value`);
    }
    if (this.#unused > 0) this.#fail("a value is marked as shared, but never referred to");
    return value;
  }

  /** Goes on with a container: `false` when another one within it was begun. */
  #fill(frame: Frame): boolean {
    switch (frame.kind) {
      case OBJECT_FRAME:
        return this.#fillObject(frame);
      case LIST_FRAME:
        return this.#fillList(frame);
      default:
        while (frame.index < frame.count) {
          frame.index++;
          if (frame.kind === ERROR_FRAME || frame.kind === DOM_EXCEPTION_FRAME) {
            frame.index++;
            this.#keyOutsideTree(frame);
          }
          const value = this.#item();
          if (value === OPENED) return false;
          this.#place(frame, value);
        }
        return true;
    }
  }

  #fillObject(frame: Frame): boolean {
    const container = frame.container as Record<string, unknown>;
    while (frame.index < frame.count) {
      frame.index += 2;
      const { node } = frame;
      const next = node === undefined ? undefined : follow(node, this.#bytes, this.#at);
      if (next !== undefined) {
        this.#at += next.bytes.length;
        frame.node = next;
        frame.key = next.key;
        if (next.inherited) {
          define(container, next.key, undefined);
        }
      } else if (node !== undefined) this.#newKey(frame, node);
      else this.#keyOutsideTree(frame);
      const value = this.#item();
      if (value === OPENED) return false;
      container[frame.key as string] = value;
    }
    return true;
  }

  #fillList(frame: Frame): boolean {
    const list = frame.container as unknown[];
    const { count } = frame;
    while (frame.index < count) {
      frame.index++;
      const first = this.#bytes[this.#at];
      if (first === FLOAT64) {
        // Straight into the list, so that the number needs no object of its own on the way.
        this.#at++;
        list[frame.position++] = this.#float64();
        continue;
      }
      if (first === 0xda && this.#isTag(this.#at, TAG_HOLES)) {
        this.#readHoles(frame);
        continue;
      }
      const value = this.#item();
      if (value === OPENED) return false;
      list[frame.position++] = value;
    }
    return true;
  }

  /** Whether one of the private tags stands at a place. */
  #isTag(at: number, tag: number): boolean {
    return this.#bytes[at] === 0xda && at + 5 <= this.#bytes.length &&
      this.#view.getUint32(at + 1) === tag;
  }

  #readHoles(frame: Frame): void {
    this.#at += 5;
    const [run] = this.#integers(1) as [number];
    if (run < 1) this.#fail("a run of holes must have a length of one or more");
    this.#holes += run;
    if (this.#holes > this.#limits.maxHoles) {
      this.#fail(`there are more than ${this.#limits.maxHoles} holes (maxHoles)`);
    }
    frame.position += run;
    if (frame.index < frame.count && this.#isTag(this.#at, TAG_HOLES)) {
      this.#fail("two runs of holes must be one");
    }
    // Holes at the end are there by the length alone.
    (frame.container as unknown[]).length = Math.max(frame.count, frame.position);
    frame.key = true;
  }

  /** Puts an item where it belongs. */
  #place(frame: Frame, value: unknown): void {
    switch (frame.kind) {
      case OBJECT_FRAME:
        (frame.container as Record<string, unknown>)[frame.key as string] = value;
        break;
      case LIST_FRAME:
        (frame.container as unknown[])[frame.position++] = value;
        break;
      case MAP_FRAME:
      case PAIRS_FRAME:
        this.#placeInMap(frame, value);
        break;
      case SET_FRAME:
        this.#refuseMinusZero(value);
        if ((frame.container as Set<unknown>).add(value).size !== frame.index) {
          this.#fail(`a set repeats the member ${shown(value)}`);
        }
        break;
      case ERROR_FRAME:
        if (frame.key === "stack" && typeof value !== "string") {
          this.#fail("the stack of an error must be text");
        }
        setErrorProperty(frame.container as Error, frame.key as string, value);
        break;
      case DOM_EXCEPTION_FRAME:
        (frame.container as Record<string, unknown>)[frame.key as string] = value;
        break;
      default:
        frame.key = value;
    }
  }

  #placeInMap(frame: Frame, value: unknown): void {
    const map = frame.container as Map<unknown, unknown>;
    if (frame.index % 2 === 0) {
      if (map.set(frame.key, value).size * 2 !== frame.index) {
        this.#fail(`a map repeats the key ${shown(frame.key)}`);
      }
      return;
    }
    if (typeof value === "object" && value !== null) {
      if (frame.kind === MAP_FRAME) this.#fail("a map with an object as a key must be in pairs");
      frame.position = 1;
    }
    this.#refuseMinusZero(value);
    frame.key = value;
  }

  #refuseMinusZero(value: unknown): void {
    if (Object.is(value, -0)) this.#fail("-0 cannot be a member of a set or a key of a map");
  }

  /** Ends a container, and gives what it became. */
  #close(frame: Frame): unknown {
    this.#depth--;
    switch (frame.kind) {
      case LIST_FRAME:
        if (frame.key === true) (frame.container as unknown[]).length = frame.position;
        return frame.container;
      case PAIRS_FRAME:
        if (frame.position === 0) {
          this.#fail("a map without an object as a key must not be in pairs");
        }
        return frame.container;
      case DOM_EXCEPTION_FRAME:
        return this.#marks(frame, this.#domException(frame));
      case CLASS_FRAME:
        return this.#marks(frame, this.#instance(frame));
      default:
        return frame.container;
    }
  }

  #marks(frame: Frame, value: unknown): unknown {
    if (frame.mark >= 0) this.#marked[frame.mark] = value;
    return value;
  }

  #domException(frame: Frame): DOMException {
    const made = makeDomException(frame.container as Record<string, unknown>);
    return made ?? this.#fail("a DOMException must have a message, a name and a stack");
  }

  #instance(frame: Frame): unknown {
    const { name, constructor, codec } = frame.registered!;
    let instance: object;
    try {
      instance = codec.decode(frame.key);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      this.#fail(`the class ${name} could not decode its data: ${reason}`, { cause });
    }
    if (!(instance instanceof constructor)) {
      this.#fail(`decode() of the class ${name} gave no instance of it`);
    }
    return instance;
  }

  /** Reads one item, or the beginning of one. */
  #item(): unknown {
    const at = this.#at;
    const first = this.#bytes[at];
    if (first === undefined) this.#fail("the document ends too early");
    switch (first & 0xe0) {
      case UNSIGNED:
        if (first < 24) {
          this.#at = at + 1;
          return first;
        }
        return this.#integer(first);
      case NEGATIVE:
        return this.#integer(first);
      case BYTES:
        return this.#elements(this.#length(first));
      case TEXT:
        return this.#text(this.#length(first));
      case ARRAY: {
        const count = this.#count(first, 1);
        return this.#open(LIST_FRAME, new Array(count), count);
      }
      case MAP:
        return this.#open(OBJECT_FRAME, {}, 2 * this.#count(first, 2));
      case TAG:
        return this.#tagged(this.#length(first));
      default:
        return this.#simple(first);
    }
  }

  #simple(first: number): unknown {
    this.#at++;
    switch (first) {
      case FALSE:
        return false;
      case TRUE:
        return true;
      case NULL:
        return null;
      case UNDEFINED:
        return undefined;
      case FLOAT16:
        return this.#float16();
      case FLOAT32:
        return this.#float32();
      case FLOAT64:
        return this.#float64();
      default:
        return this.#fail(
          `the simple value 0x${first.toString(16)} is not of this format`,
        );
    }
  }

  #float16(): number {
    const at = this.#skip(2);
    const value = this.#view.getFloat16(at);
    if (Number.isNaN(value)) {
      if (this.#view.getUint16(at) !== FLOAT16_NAN) this.#fail("there is only one NaN: f97e00");
    } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) {
      this.#notShortest();
    }
    return value;
  }

  #float32(): number {
    const value = this.#view.getFloat32(this.#skip(4));
    if (Math.f16round(value) === value || Number.isSafeInteger(value)) this.#notShortest();
    if (Number.isNaN(value)) this.#fail("there is only one NaN: f97e00");
    return value;
  }

  #float64(): number {
    const at = this.#at;
    if (at + 8 > this.#bytes.length) this.#fail("the document ends too early");
    const value = this.#view.getFloat64(at);
    this.#at = at + 8;
    if (Math.fround(value) === value) this.#notShortest();
    // What has a fraction, as nearly all have, is neither a whole number nor NaN.
    if (value % 1 !== 0) {
      if (value !== value) this.#fail("there is only one NaN: f97e00");
    } else if (Number.isSafeInteger(value)) this.#notShortest();
    return value;
  }

  #integer(first: number): number | bigint {
    const argument = this.#argument(first);
    const negative = first >= NEGATIVE;
    if (argument < Number.MAX_SAFE_INTEGER) return negative ? -1 - argument : argument;
    if (argument === Number.MAX_SAFE_INTEGER && !negative) return argument;
    const exact = this.#view.getBigUint64(this.#at - 8);
    return negative ? -1n - exact : exact;
  }

  /** Reads the rest of a head: its argument, which must be in its shortest form. */
  #argument(first: number): number {
    const info = first & 0x1f;
    this.#at++;
    if (info < 24) return info;
    let argument: number, least: number;
    if (info === 24) {
      argument = this.#bytes[this.#skip(1)]!;
      least = 24;
    } else if (info === 25) {
      argument = this.#view.getUint16(this.#skip(2));
      least = 0x100;
    } else if (info === 26) {
      argument = this.#view.getUint32(this.#skip(4));
      least = 0x10000;
    } else if (info === 27) {
      const at = this.#skip(8);
      argument = this.#view.getUint32(at) * 0x100000000 + this.#view.getUint32(at + 4);
      least = 0x100000000;
    } else {
      this.#fail(info === 31 ? "lengths must be given beforehand" : "the head is not well-formed");
    }
    if (argument < least) this.#notShortest();
    return argument;
  }

  /** Reads a length in bytes (or the number of a tag). */
  #length(first: number): number {
    const info = first & 0x1f;
    if (info >= 24) return this.#argument(first);
    this.#at++;
    return info;
  }

  /** Reads a count of entries, each of at least so many items, and checks that they can be there. */
  #count(first: number, itemsEach: number): number {
    const count = this.#length(first);
    const items = count * itemsEach;
    let owed = items;
    if (this.#depth > 0) {
      const around = this.#stack[this.#depth - 1]!;
      owed += around.owedAround + around.count - around.index;
    }
    if (owed > this.#bytes.length - this.#at) {
      this.#fail(`${count} entries are more than the bytes that follow`);
    }
    this.#countItems(items);
    return count;
  }

  #countItems(items: number): void {
    this.#items += items;
    if (this.#items > this.#limits.maxItems) {
      this.#fail(`there are more than ${this.#limits.maxItems} items (maxItems)`);
    }
  }

  #open(kind: number, container: unknown, count: number): unknown {
    if (this.#depth >= this.#limits.maxDepth) {
      this.#fail(`values are nested deeper than ${this.#limits.maxDepth} levels (maxDepth)`);
    }
    if (count === 0 && kind <= ERROR_FRAME && kind !== PAIRS_FRAME) return container;
    const frame = this.#stack[this.#depth] ??= newFrame();
    frame.kind = kind;
    frame.container = container;
    frame.count = count;
    frame.index = 0;
    frame.key = undefined;
    frame.node = kind === OBJECT_FRAME ? rootNode() : undefined;
    frame.lastIndex = -1;
    frame.named = false;
    frame.position = 0;
    frame.mark = -1;
    frame.start = this.#at;
    if (this.#depth > 0) {
      const around = this.#stack[this.#depth - 1]!;
      frame.owedAround = around.owedAround + around.count - around.index;
    } else {
      frame.owedAround = 0;
    }
    this.#depth++;
    return OPENED;
  }

  #text(length: number): string {
    const start = this.#skip(length);
    if (length > LONGEST_TEXT) this.#fail("text is too long for a string", { at: start });
    return readText(this.#bytes, start, length) ??
      this.#fail("text must be valid UTF-8", { at: start });
  }

  /** The bytes of a typed array, as the whole of a buffer. */
  #elements(length: number): Uint8Array {
    const memory = this.#memory;
    if (memory === undefined) return this.#copy(length);
    const apart = memory.apart?.get(this.#at);
    if (apart?.length === length) return apart;
    if (length < (memory.shareFrom ?? Infinity)) return this.#copy(length);
    const start = this.#skip(length);
    const shared = new Uint8Array(new SharedArrayBuffer(length));
    shared.set(this.#bytes.subarray(start, start + length));
    return shared;
  }

  #copy(length: number): Uint8Array<ArrayBuffer> {
    const start = this.#skip(length);
    return this.#bytes.slice(start, start + length) as Uint8Array<ArrayBuffer>;
  }

  /** Reads a key that no object of the same keys so far had, and keeps it for the next one. */
  #newKey(frame: Frame, node: KeyNode): void {
    const start = this.#at;
    const key = this.#keyText();
    if (node.has(key)) this.#repeatedKey(key);
    const index = this.#checkOrder(key, node.lastIndex, node.named);
    frame.key = key;
    frame.node = addKey(node, key, this.#bytes.subarray(start, this.#at), index);
    if (frame.node === undefined) {
      frame.lastIndex = Math.max(index, node.lastIndex);
      frame.named = node.named || index < 0;
    }
    if (key in objectPrototype) define(frame.container as object, key, undefined);
  }

  #keyOutsideTree(frame: Frame): void {
    const key = this.#keyText();
    const container = frame.container as object;
    if (Object.hasOwn(container, key)) this.#repeatedKey(key);
    const index = this.#checkOrder(key, frame.lastIndex, frame.named);
    if (index >= 0) frame.lastIndex = index;
    else frame.named = true;
    frame.key = key;
    if (frame.kind !== ERROR_FRAME && key in objectPrototype) define(container, key, undefined);
  }

  #repeatedKey(key: string): never {
    return this.#fail(`an object repeats the key ${shown(key)}`);
  }

  /** Sees to it that the keys stand in the order that they will have in the object. */
  #checkOrder(key: string, lastIndex: number, named: boolean): number {
    const index = arrayIndex(key);
    if (index >= 0 && (named || index <= lastIndex)) {
      this.#fail(`the key ${shown(key)} must stand before others, in the order of numbers`);
    }
    return index;
  }

  #keyText(): string {
    const first = this.#bytes[this.#at];
    if (first === undefined) this.#fail("the document ends too early");
    if ((first & 0xe0) === TEXT) return this.#text(this.#length(first));
    if ((first & 0xe0) === TAG && this.#length(first) === TAG_WTF8) return this.#wtf8();
    return this.#fail("the keys of an object must be text; other maps are tagged", {
      at: this.#at,
    });
  }

  #tagged(tag: number): unknown {
    if (tag >= TAG_TYPED_ARRAY_FIRST && tag <= TAG_TYPED_ARRAY_LAST) return this.#typedArray(tag);
    switch (tag) {
      case TAG_EPOCH:
        return this.#epoch();
      case TAG_POSITIVE_BIGNUM:
      case TAG_NEGATIVE_BIGNUM:
        return this.#bignum(tag);
      case TAG_OBJECT:
        return this.#object();
      case TAG_SHARED:
        return this.#shared();
      case TAG_REFERENCE:
        return this.#reference();
      case TAG_URL:
        return this.#url();
      case TAG_SET: {
        const count = this.#count(this.#head(ARRAY, "a set"), 1);
        return this.#open(SET_FRAME, new Set(), count);
      }
      case TAG_MAP: {
        const count = this.#count(this.#head(MAP, "a map"), 2);
        return this.#open(MAP_FRAME, new Map(), 2 * count);
      }
      case TAG_PAIRS:
        return this.#pairs();
      case TAG_WTF8:
        return this.#wtf8();
      case TAG_EXTENDED_TIME:
        return this.#extendedTime();
      case TAG_REGEXP:
        return this.#regExp();
      case TAG_ARRAY_BUFFER:
        return this.#copy(this.#length(this.#head(BYTES, "an ArrayBuffer"))).buffer;
      case TAG_DATA_VIEW:
        return new DataView(this.#elements(this.#length(this.#head(BYTES, "a DataView"))).buffer);
      case TAG_VIEW:
        return this.#sharedView();
      case TAG_NULL_PROTOTYPE: {
        const count = this.#count(this.#head(MAP, "an object without prototype"), 2);
        return this.#open(OBJECT_FRAME, Object.create(null), 2 * count);
      }
      case TAG_HOLES:
        return this.#fail("holes can only be in an array");
      default:
        return this.#fail(`the tag ${tag} is not of this format`);
    }
  }

  /** Looks at the next head, which must be of a major type, and gives its first byte. */
  #head(major: number, what: string): number {
    const first = this.#bytes[this.#at];
    if (first === undefined) this.#fail("the document ends too early");
    if ((first & 0xe0) !== major) {
      this.#fail(`${what} must be ${MAJOR_NAMES[major >> 5]}`);
    }
    return first;
  }

  #epoch(): Date {
    const first = this.#bytes[this.#at] ?? this.#fail("the document ends too early");
    const float = first >= FLOAT16 && first <= FLOAT64;
    const seconds = float ? this.#simple(first) as number : this.#integers(1)[0]!;
    const time = Math.round(seconds * 1000);
    if (Number.isNaN(seconds)) return new Date(NaN);
    if (time / 1000 !== seconds || Object.is(seconds, -0) || Math.abs(time) > 8.64e15) {
      this.#fail(`${seconds} seconds are not the time of a Date`);
    }
    return new Date(time);
  }

  #extendedTime(): Date {
    const start = this.#at;
    if (this.#length(this.#head(MAP, "an extended time")) !== 2) {
      this.#fail("an extended time must have seconds and milliseconds", { at: start });
    }
    const [base, seconds, unit, thousandths] = this.#integers(4) as [
      number,
      number,
      number,
      number,
    ];
    const time = seconds * 1000 + thousandths;
    if (
      base !== 1 || unit !== -3 || thousandths < 1 || thousandths > 999 || Math.abs(time) > 8.64e15
    ) {
      this.#fail("an extended time must be seconds and milliseconds of a Date", { at: start });
    }
    if (Math.round(time / 1000 * 1000) === time) this.#notShortest();
    return new Date(time);
  }

  #integers(count: number): number[] {
    const integers: number[] = [];
    for (let i = 0; i < count; i++) {
      const first = this.#bytes[this.#at] ?? this.#fail("the document ends too early");
      if (first >= BYTES) this.#fail("this must be an integer");
      const value = this.#integer(first);
      if (typeof value !== "number") this.#fail("an integer is too large here");
      integers.push(value);
    }
    return integers;
  }

  #bignum(tag: number): bigint {
    const length = this.#length(this.#head(BYTES, "a bignum"));
    if (length > this.#limits.maxBigintBytes) {
      this.#fail(`a bignum is longer than ${this.#limits.maxBigintBytes} bytes (maxBigintBytes)`);
    }
    const start = this.#skip(length);
    const bytes = this.#bytes.subarray(start, start + length);
    if (bytes[0] === 0) this.#notShortest();
    const magnitude = bytesToBigint(bytes);
    const value = tag === TAG_POSITIVE_BIGNUM ? magnitude : -1n - magnitude;
    const safe = value >= -0x1f_ffff_ffff_ffffn && value <= 0x1f_ffff_ffff_ffffn;
    if (length <= 8 && !safe) this.#notShortest();
    return value;
  }

  #wtf8(): string {
    const length = this.#length(this.#head(BYTES, "a string with lone surrogates"));
    const start = this.#skip(length);
    const text = decodeWtf8(this.#bytes.subarray(start, start + length));
    if (text === undefined || text.isWellFormed()) {
      this.#fail("a string under tag 273 must be WTF-8 with a lone surrogate", { at: start });
    }
    return text;
  }

  #url(): URL {
    const text = this.#text(this.#length(this.#head(TEXT, "a URL")));
    const url = URL.parse(text);
    if (url?.href !== text) this.#fail(`${shown(text)} is no URL in its normal form`);
    return url;
  }

  #regExp(): RegExp {
    if (this.#length(this.#head(ARRAY, "a RegExp")) !== 2) {
      this.#fail("a RegExp must have a source and flags");
    }
    const length = this.#length(this.#head(TEXT, "the source of a RegExp"));
    const tooLong = `a RegExp is longer than ${this.#limits.maxRegExpLength} (maxRegExpLength)`;
    // A character takes at most three bytes a UTF-16 unit.
    if (length > 3 * this.#limits.maxRegExpLength) this.#fail(tooLong);
    const source = this.#text(length);
    if (source.length > this.#limits.maxRegExpLength) this.#fail(tooLong);
    const flags = this.#text(this.#length(this.#head(TEXT, "flags")));
    let pattern: RegExp;
    try {
      pattern = new RegExp(source, flags);
    } catch (cause) {
      this.#fail(`/${shown(source)}/${shown(flags)} is no regular expression`, { cause });
    }
    if (pattern.source !== source || pattern.flags !== flags) {
      this.#fail(`/${shown(source)}/${shown(flags)} is not in its normal form`);
    }
    return pattern;
  }

  #pairs(): unknown {
    const count = this.#count(this.#head(ARRAY, "a map in pairs"), 1);
    if (count % 2 !== 0) this.#fail("a map in pairs must have as many values as keys");
    return this.#open(PAIRS_FRAME, new Map(), count);
  }

  #typedArray(tag: number): View {
    const kind = viewKindByTag(tag);
    if (kind === undefined || kind === UINT8) {
      this.#fail(`the tag ${tag} is not of this format; bytes are untagged, others little-endian`);
    }
    needLittleEndian(kind);
    const length = this.#length(this.#head(BYTES, `a ${kind.name}`));
    if (length % kind.size !== 0) {
      this.#fail(`the length of a ${kind.name} must be a multiple of ${kind.size}`);
    }
    return kind.make(this.#elements(length).buffer, 0, length / kind.size);
  }

  #sharedView(): View {
    if (this.#length(this.#head(ARRAY, "a view")) !== 4) this.#fail("a view must have 4 parts");
    const [tag, byteOffset, length] = this.#integers(3) as [number, number, number];
    const kind: ViewKind | undefined = tag === 0 ? DATA_VIEW : viewKindByTag(tag);
    if (kind === undefined) this.#fail(`the tag ${tag} is none of a typed array of this format`);
    needLittleEndian(kind);
    const buffer = this.#sharedBuffer();
    if (
      byteOffset < 0 || length < 0 || byteOffset % kind.size !== 0 ||
      byteOffset + length * kind.size > buffer.byteLength
    ) {
      this.#fail(`a ${kind.name} must lie within its buffer`);
    }
    return kind.make(buffer, byteOffset, length);
  }

  #sharedBuffer(): ArrayBuffer {
    const marked = this.#bytes[this.#at] === 0xd8 && this.#bytes[this.#at + 1] === TAG_SHARED;
    // What is marked must be a buffer at once: a view in a view in a view would be recursion.
    const right = marked
      ? this.#isTag(this.#at + 2, TAG_ARRAY_BUFFER)
      : this.#bytes[this.#at] === 0xd8 && this.#bytes[this.#at + 1] === TAG_REFERENCE;
    if (!right) this.#fail("a view must be of a shared ArrayBuffer");
    const buffer = this.#item();
    if (!(buffer instanceof ArrayBuffer)) this.#fail("a view must be of an ArrayBuffer");
    return buffer;
  }

  #shared(): unknown {
    const mark = this.#marked.length;
    this.#marked.push(PENDING);
    this.#used.push(false);
    this.#unused++;
    this.#countReference();
    const next = this.#bytes[this.#at] === 0xd8 ? this.#bytes[this.#at + 1] : undefined;
    if (next === TAG_SHARED || next === TAG_REFERENCE) {
      this.#fail("a value can only be marked as shared once");
    }
    const value = this.#item();
    if (value === OPENED) {
      const frame = this.#stack[this.#depth - 1]!;
      frame.mark = mark;
      if (frame.kind < DOM_EXCEPTION_FRAME) this.#marked[mark] = frame.container;
    } else if (typeof value === "object" && value !== null) {
      this.#marked[mark] = value;
    } else {
      this.#fail("only objects can be marked as shared");
    }
    return value;
  }

  #reference(): unknown {
    const index = this.#length(this.#head(UNSIGNED, "a reference"));
    this.#countReference();
    if (index >= this.#marked.length) this.#fail(`the reference ${index} does not point back`);
    const value = this.#marked[index];
    if (value === PENDING) this.#fail("an object refers to itself before it can be made");
    if (!this.#used[index]) {
      this.#used[index] = true;
      this.#unused--;
    }
    return value;
  }

  #countReference(): void {
    if (++this.#references > this.#limits.maxReferences) {
      this.#fail(`there are more than ${this.#limits.maxReferences} references (maxReferences)`);
    }
  }

  /** Begins an error or an instance of a class. */
  #object(): unknown {
    if (this.#bytes[this.#at] !== (ARRAY | 2)) this.#fail("tag 27 must hold a name and data");
    this.#at++;
    const start = this.#at;
    const name = this.#text(this.#length(this.#head(TEXT, "the name of a class")));
    const error = makeError(name);
    if (error !== undefined || name === "DOMException") {
      const count = this.#count(this.#head(MAP, "the properties of an error"), 2);
      return error === undefined
        ? this.#open(DOM_EXCEPTION_FRAME, Object.create(null), 2 * count)
        : this.#open(ERROR_FRAME, error, 2 * count);
    }
    const registered = classByName(name);
    if (registered === undefined) {
      this.#fail(
        `class ${shown(name)} is not registered; call registerClass(${shown(name)}, ...) ` +
          `before it is read`,
        { at: start },
      );
    }
    this.#countItems(2);
    const opened = this.#open(CLASS_FRAME, undefined, 1);
    this.#stack[this.#depth - 1]!.registered = registered;
    return opened;
  }

  /** Goes over so many bytes, which must be there, and gives where they begin. */
  #skip(length: number): number {
    const start = this.#at;
    if (length > this.#bytes.length - start) this.#fail("the document ends too early");
    this.#at = start + length;
    return start;
  }

  #notShortest(): never {
    return this.#fail("a number or length is not in its shortest form");
  }

  #fail(problem: string, { at = this.#at, cause }: { at?: number; cause?: unknown } = {}): never {
    const options = cause === undefined ? undefined : { cause };
    throw new SerializationError(`Not a structured result, at byte ${at}: ${problem}`, options);
  }
}

const MAJOR_NAMES = ["an integer", "an integer", "bytes", "text", "an array", "a map"];

function newFrame(): Frame {
  return {
    kind: OBJECT_FRAME,
    container: undefined,
    count: 0,
    index: 0,
    key: undefined,
    node: undefined,
    lastIndex: -1,
    named: false,
    position: 0,
    mark: -1,
    owedAround: 0,
    registered: undefined,
    start: 0,
  };
}

/** Makes an own property, where assignment might reach `__proto__` or something frozen. */
function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    enumerable: true,
    configurable: true,
  });
}

/** Shows a value in a message, without asking an object for a text of itself. */
function shown(value: unknown): string {
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
