import { SerializationError } from "../../errors.ts";
import { classByPrototype, type RegisteredClass } from "./classes.ts";
import { errorName, errorParts } from "./_errors_as_data.ts";
import { type Limits, withDefaults } from "./limits.ts";
import { anyProperty, extraOfArray, extraOfTypedArray, isProxy } from "./_own_properties.ts";
import {
  ARRAY_FRAME,
  CLASS_FRAME,
  ERROR_FRAME,
  type Frame,
  type FrameKind,
  Holes,
  MAP_FRAME,
  OBJECT_FRAME,
  pathOf,
  property,
  SET_FRAME,
  SPARSE_FRAME,
} from "./_path.ts";
import { ObjectTracker } from "./_object_tracker.ts";
import {
  TAG_ARRAY_BUFFER,
  TAG_DATA_VIEW,
  TAG_EPOCH,
  TAG_EXTENDED_TIME,
  TAG_HOLES,
  TAG_MAP,
  TAG_NULL_PROTOTYPE,
  TAG_OBJECT,
  TAG_PAIRS,
  TAG_REFERENCE,
  TAG_REGEXP,
  TAG_SET,
  TAG_SHARED,
  TAG_URL,
  TAG_VIEW,
} from "./tags.ts";
import {
  DATA_VIEW,
  needLittleEndian,
  UINT8,
  type View,
  type ViewKind,
  viewKindOf,
} from "./_typed_arrays.ts";
import {
  ARRAY,
  type ElementsApart,
  FALSE,
  MAP,
  NULL,
  TAG,
  TRUE,
  UNDEFINED,
  Writer,
} from "./_writer.ts";

/** How to write. */
export interface EncodeOptions {
  /**
   * What the value is called in the paths of errors.
   *
   * @default "value"
   */
  readonly root?: string;
  /** What the document may hold at most; each where it is not given as in `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits>;
}

/**
 * Writes a value in the structured format (`docs/format.md`): strict CBOR (RFC 8949) that brings
 * every value back the same, with its types, the order of its keys and entries, its holes, shared
 * and cyclic references. The same value always gives the same bytes.
 *
 * @param value Whatever is made of primitives (`undefined`, `-0`, `NaN`, `bigint` and lone
 * surrogates included), arrays, plain objects, `Map`, `Set`, `Date`, `RegExp`, `URL`, typed
 * arrays, `ArrayBuffer`, `DataView`, the language's errors, `DOMException` and instances of
 * classes given to `registerClass`.
 * @returns The document, in memory of its own.
 * @throws {SerializationError} If something in the value would not come back the same; the message
 * names its path, e.g. `value.models[2]`.
 *
 * @example
 * ```ts
 * import { decode, encode } from "@labtech/lab/caches";
 * import { assertEquals } from "@std/assert";
 *
 * const scores = new Map([["tree", new Float64Array([0.91, 0.88])]]);
 * assertEquals(decode(encode({ scores, at: new Date(0) })), { scores, at: new Date(0) });
 * ```
 */
export function encode(value: unknown, options: EncodeOptions = {}): Uint8Array<ArrayBuffer> {
  return write(value, options, (writer) => writer.take());
}

/**
 * Writes a value like `encode`, but gives the document in pieces, without copying large buffers:
 * pieces of 4 KiB and more may be the very memory of typed arrays in the value. Hash and write
 * them before anything can change that memory.
 *
 * @throws {SerializationError} As `encode` does.
 *
 * @example
 * ```ts
 * import { encodeChunks } from "@labtech/lab/caches";
 * import { assert } from "@std/assert";
 *
 * const samples = new Float64Array(1_000_000);
 * assert(encodeChunks({ samples }).some((chunk) => chunk.buffer === samples.buffer));
 * ```
 */
export function encodeChunks(value: unknown, options: EncodeOptions = {}): Uint8Array[] {
  return write(value, options, (writer) => writer.takeChunks());
}

/** A document without its large typed arrays, and those beside it. */
export interface ApartDocument {
  /** The document, in which each of them is a head without the bytes that it speaks of. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Their elements, in the order in which they would stand in the document. */
  readonly apart: readonly ElementsApart[];
}

/**
 * Writes a value like `encode`, but leaves out the elements of typed arrays of `from` bytes and more, for
 * `decodeApart`. Typed arrays may be of memory that is shared between threads.
 *
 * @throws {SerializationError} As `encode` does.
 */
export function encodeApart(value: unknown, from: number): ApartDocument {
  return write(value, { root: "result" }, (writer) => ({
    bytes: writer.take(),
    apart: writer.apart,
  }), from);
}

function write<T>(
  value: unknown,
  options: EncodeOptions,
  take: (writer: Writer) => T,
  apartFrom?: number,
): T {
  const limits = withDefaults(options.limits);
  const root = options.root ?? "value";
  const tracker = new ObjectTracker();
  for (;;) {
    const writer = new Writer(limits.maxBytes, apartFrom);
    try {
      new Encoder(writer, tracker, { limits, root, takesShared: apartFrom !== undefined }).run(
        value,
      );
      if (tracker.isComplete()) return take(writer);
    } catch (error) {
      // What looks too deep or too long may only go in circles.
      if (!tracker.mayBeShared()) throw error;
    } finally {
      writer.release();
    }
    tracker.startOver();
  }
}

const { getPrototypeOf, getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols } =
  Object;
const objectPrototype: object = Object.prototype;
const arrayPrototype: object = Array.prototype;
const NO_KEYS: readonly string[] = [];
const NO_VALUES: readonly unknown[] = [];

/** Writes one value, with a stack of its own instead of recursion. */
class Encoder {
  readonly #writer: Writer;
  readonly #tracker: ObjectTracker;
  readonly #limits: Limits;
  readonly #root: string;
  readonly #takesShared: boolean;
  readonly #stack: Frame[] = [];
  #depth = 0;
  #items = 0;
  #holes = 0;
  #references = 0;

  constructor(
    writer: Writer,
    tracker: ObjectTracker,
    { limits, root, takesShared }: { limits: Limits; root: string; takesShared: boolean },
  ) {
    this.#writer = writer;
    this.#tracker = tracker;
    this.#limits = limits;
    this.#root = root;
    this.#takesShared = takesShared;
  }

  run(value: unknown): void {
    if (!this.#item(value)) return;
    do {
      const frame = this.#stack[this.#depth - 1]!;
      const opened = frame.kind === OBJECT_FRAME
        ? this.#properties(frame)
        : frame.kind === ERROR_FRAME
        ? this.#errorProperties(frame)
        : this.#values(frame);
      if (!opened) this.#depth--;
    } while (this.#depth > 0);
  }

  /** Goes on with an object; `true` when a container within it was begun. */
  #properties(frame: Frame): boolean {
    const { keys, container } = frame;
    const writer = this.#writer;
    while (frame.index < keys.length) {
      const key = keys[frame.index++]!;
      const found = getOwnPropertyDescriptor(container, key);
      const value: unknown = found?.value;
      if (value === undefined && (found === undefined || found.get || found.set)) {
        this.#refuse("is an accessor property; give it as a plain value");
      }
      if (!found!.enumerable) {
        this.#refuse("is a property that is not enumerable, which would be lost");
      }
      writer.text(key);
      if (this.#item(value)) return true;
    }
    return false;
  }

  #errorProperties(frame: Frame): boolean {
    const { keys, values } = frame;
    while (frame.index < keys.length) {
      this.#writer.text(keys[frame.index]!);
      if (this.#item(values[frame.index++])) return true;
    }
    return false;
  }

  #values(frame: Frame): boolean {
    const { values } = frame;
    const writer = this.#writer;
    while (frame.index < values.length) {
      const value = values[frame.index++];
      if (typeof value === "number") writer.number(value);
      else if (this.#item(value)) return true;
    }
    return false;
  }

  /** Writes a value, or the beginning of one: `true` when its items are still to come. */
  #item(value: unknown): boolean {
    switch (typeof value) {
      case "string":
        this.#writer.text(value);
        return false;
      case "number":
        this.#writer.number(value);
        return false;
      case "boolean":
        this.#writer.byte(value ? TRUE : FALSE);
        return false;
      case "undefined":
        this.#writer.byte(UNDEFINED);
        return false;
      case "object":
        if (value !== null) return this.#object(value);
        this.#writer.byte(NULL);
        return false;
      case "bigint":
        if (!this.#writer.bigint(value, this.#limits.maxBigintBytes)) {
          this.#refuse(
            `is a bigint of more than ${this.#limits.maxBigintBytes} bytes (maxBigintBytes)`,
          );
        }
        return false;
      default:
        return this.#refuse(`is a ${typeof value}, which cannot be stored`);
    }
  }

  #object(value: object): boolean {
    // First of all, as any look at a proxy may run code that changes what it shows.
    if (isProxy(value)) this.#refuse("is a Proxy; give a plain copy of what it stands for");
    if (this.#metBefore(value)) return false;
    const prototype: unknown = getPrototypeOf(value);
    if (prototype === objectPrototype) return this.#plain(value);
    if (prototype === arrayPrototype && Array.isArray(value)) return this.#array(value);
    if (value instanceof Holes) {
      this.#holesOf(value);
      return false;
    }
    if (prototype === null) {
      this.#writer.head(TAG, TAG_NULL_PROTOTYPE);
      return this.#plain(value);
    }
    return this.#special(value, prototype as object);
  }

  /** Writes the mark or the reference of a shared object; `true` for a reference. */
  #metBefore(value: object): boolean {
    const index = this.#tracker.meet(value);
    if (index === undefined) return false;
    if (index === this.#tracker.first) {
      this.#countReference();
      this.#writer.head(TAG, TAG_SHARED);
      return false;
    }
    for (let i = 0; i < this.#depth; i++) {
      const { kind, container } = this.#stack[i]!;
      if (kind === CLASS_FRAME && container === value) {
        this.#refuse(
          `is the ${container.constructor?.name} that it is part of; ` +
            `an instance of a registered class can only be made after its own data`,
        );
      }
    }
    if (index >= 0) {
      this.#countReference();
      this.#writer.head(TAG, TAG_REFERENCE);
      this.#writer.head(0, index);
    }
    return true;
  }

  #countReference(): void {
    if (++this.#references > this.#limits.maxReferences) {
      this.#refuse(
        `is one of more than ${this.#limits.maxReferences} shared references (maxReferences)`,
      );
    }
  }

  #plain(value: object): boolean {
    const keys = getOwnPropertyNames(value);
    const symbols = getOwnPropertySymbols(value);
    if (symbols.length > 0) this.#refuseProperty(value, symbols[0]!, "under a symbol");
    return this.#open(OBJECT_FRAME, MAP, value, keys.length, keys, NO_VALUES);
  }

  #array(list: unknown[]): boolean {
    const { length } = list;
    if (length > this.#limits.maxItems) this.#tooManyItems();
    let elements = length;
    if (list.includes(undefined)) {
      elements = 0;
      for (let i = 0; i < length; i++) if (i in list) elements++;
    }
    const extra = extraOfArray(list, elements);
    if (extra !== undefined) {
      this.#refuseProperty(list, extra, "besides its elements");
    }
    if (elements === length) {
      return this.#open(ARRAY_FRAME, ARRAY, list, length, NO_KEYS, list);
    }
    this.#holes += length - elements;
    if (this.#holes > this.#limits.maxHoles) {
      this.#refuse(`has too many holes: more than ${this.#limits.maxHoles} in all (maxHoles)`);
    }
    const runs = withRuns(list);
    return this.#open(SPARSE_FRAME, ARRAY, list, runs.length, NO_KEYS, runs);
  }

  #holesOf(run: Holes): void {
    this.#writer.head(TAG, TAG_HOLES);
    this.#writer.number(run.count);
  }

  /** Writes what is neither a plain object nor an array. */
  #special(value: object, prototype: object): boolean {
    const registered = classByPrototype(prototype);
    if (registered !== undefined) return this.#instance(value, registered);
    const kind = viewKindOf(prototype);
    const error = kind === undefined ? errorName(prototype) : undefined;
    try {
      if (kind !== undefined) return this.#view(value as View, kind);
      if (error !== undefined) return this.#error(value, error);
      if (prototype === Date.prototype) return this.#date(value as Date);
      if (prototype === Map.prototype) return this.#map(value as Map<unknown, unknown>);
      if (prototype === Set.prototype) return this.#set(value as Set<unknown>);
      if (prototype === RegExp.prototype) return this.#regExp(value as RegExp);
      if (prototype === URL.prototype) return this.#url(value as URL);
      if (prototype === ArrayBuffer.prototype) return this.#arrayBuffer(value as ArrayBuffer);
    } catch (cause) {
      if (!(cause instanceof TypeError)) throw cause;
      // The methods of the language tell an impostor: a Map's of what only inherits from it.
      this.#refuse(`inherits from ${prototype.constructor.name} but is none`, cause);
    }
    return this.#refuse(unknownClass(value, prototype));
  }

  #instance(instance: object, { name, codec }: RegisteredClass): boolean {
    let data = this.#tracker.dataOf(instance);
    if (data === undefined) {
      try {
        data = { data: codec.encode(instance) };
      } catch (cause) {
        const reason = cause instanceof Error ? cause.message : String(cause);
        this.#refuse(`could not be encoded by its class ${name}: ${reason}`, cause);
      }
      this.#tracker.keepData(instance, data);
    }
    this.#writer.head(TAG, TAG_OBJECT);
    this.#open(CLASS_FRAME, ARRAY, instance, 2, NO_KEYS, [data.data]);
    this.#writer.text(name);
    return true;
  }

  #error(error: object, name: string): boolean {
    if (!Error.isError(error)) throw new TypeError("not an error");
    const parts = errorParts(error, name);
    if ("refused" in parts) return this.#refuse(`is ${aOrAn(name)} that ${parts.refused}`);
    this.#writer.head(TAG, TAG_OBJECT);
    this.#writer.head(ARRAY, 2);
    this.#writer.text(name);
    const { keys, values } = parts;
    return this.#open(ERROR_FRAME, MAP, error, keys.length, keys, values);
  }

  #date(date: Date): boolean {
    const time = Date.prototype.getTime.call(date);
    this.#refuseExtras(date, "Date");
    const seconds = time / 1000;
    if (Math.round(seconds * 1000) === time || Number.isNaN(time)) {
      this.#writer.head(TAG, TAG_EPOCH);
      this.#writer.number(seconds);
      return false;
    }
    const whole = Math.floor(seconds);
    this.#writer.head(TAG, TAG_EXTENDED_TIME);
    this.#writer.head(MAP, 2);
    this.#writer.number(1);
    this.#writer.number(whole);
    this.#writer.number(-3);
    this.#writer.number(time - whole * 1000);
    return false;
  }

  #map(map: Map<unknown, unknown>): boolean {
    const values: unknown[] = [];
    let simple = true;
    for (const [key, value] of Map.prototype.entries.call(map)) {
      values.push(key, value);
      if (typeof key === "object" && key !== null) simple = false;
    }
    this.#refuseExtras(map, "Map");
    this.#writer.head(TAG, simple ? TAG_MAP : TAG_PAIRS);
    if (simple) return this.#open(MAP_FRAME, MAP, map, values.length / 2, NO_KEYS, values);
    return this.#open(MAP_FRAME, ARRAY, map, values.length, NO_KEYS, values);
  }

  #set(set: Set<unknown>): boolean {
    const values = [...Set.prototype.values.call(set)];
    this.#refuseExtras(set, "Set");
    this.#writer.head(TAG, TAG_SET);
    return this.#open(SET_FRAME, ARRAY, set, values.length, NO_KEYS, values);
  }

  #regExp(pattern: RegExp): boolean {
    const extra = Reflect.ownKeys(pattern).find((key) => key !== "lastIndex");
    if (extra !== undefined) this.#refuseProperty(pattern, extra, "of its own");
    const { source, flags, lastIndex } = pattern;
    if (lastIndex !== 0) this.#refuse(`is a RegExp with lastIndex ${lastIndex}; set it to 0`);
    if (source.length > this.#limits.maxRegExpLength) {
      this.#refuse(
        `is a RegExp of more than ${this.#limits.maxRegExpLength} characters (maxRegExpLength)`,
      );
    }
    this.#writer.head(TAG, TAG_REGEXP);
    this.#writer.head(ARRAY, 2);
    this.#writer.text(source);
    this.#writer.text(flags);
    return false;
  }

  #url(url: URL): boolean {
    urlSymbols ??= new Set(Reflect.ownKeys(new URL("data:,")));
    const extra = Reflect.ownKeys(url).find((key) => !urlSymbols!.has(key));
    if (extra !== undefined) this.#refuseProperty(url, extra, "of its own");
    const { href } = url;
    this.#writer.head(TAG, TAG_URL);
    this.#writer.text(href);
    return false;
  }

  #arrayBuffer(buffer: ArrayBuffer): boolean {
    this.#checkBuffer(buffer, "ArrayBuffer");
    this.#refuseExtras(buffer, "ArrayBuffer");
    this.#writer.head(TAG, TAG_ARRAY_BUFFER);
    this.#writer.bytes(new Uint8Array(buffer));
    return false;
  }

  #view(view: View, kind: ViewKind): boolean {
    needLittleEndian(kind);
    const { buffer, byteOffset, byteLength } = view;
    const length = byteLength / kind.size;
    if (!(this.#takesShared && isPlainlyShared(buffer))) this.#checkBuffer(buffer, kind.name);
    const extra = kind === DATA_VIEW
      ? anyProperty(view)
      : extraOfTypedArray(view, kind.name, length);
    if (extra !== undefined) this.#refuseProperty(view, extra, "besides its elements");
    if (this.#tracker.isSharedBuffer(buffer)) {
      this.#writer.head(TAG, TAG_VIEW);
      this.#writer.head(ARRAY, 4);
      this.#writer.number(kind.tag);
      this.#writer.number(byteOffset);
      this.#writer.number(length);
      return this.#object(buffer);
    }
    if (kind !== UINT8) this.#writer.head(TAG, kind === DATA_VIEW ? TAG_DATA_VIEW : kind.tag);
    this.#writer.elements(new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    return false;
  }

  #checkBuffer(buffer: ArrayBufferLike, name: string): void {
    if (buffer instanceof SharedArrayBuffer) {
      this.#refuse(`is ${aOrAn(name)} of memory shared between threads; give a copy by slice()`);
    }
    if (buffer.detached) {
      this.#refuse(`is ${aOrAn(name)} whose memory was transferred away; give a copy made before`);
    }
    if (buffer.resizable) {
      this.#refuse(`is ${aOrAn(name)} of a resizable ArrayBuffer; give a copy by slice()`);
    }
  }

  /** Begins a container: `true` when it has items, which come next. */
  #open(
    kind: FrameKind,
    major: number,
    container: object,
    count: number,
    keys: readonly string[],
    values: readonly unknown[],
  ): boolean {
    if (this.#depth >= this.#limits.maxDepth) {
      this.#refuse(
        `is nested deeper than ${this.#limits.maxDepth} levels (maxDepth); ` +
          `flatten it, or raise the limit for writing and for reading`,
      );
    }
    this.#items += major === MAP ? 2 * count : count;
    if (this.#items > this.#limits.maxItems) this.#tooManyItems();
    this.#writer.head(major, count);
    if (count === 0) return false;
    const frame = this.#stack[this.#depth];
    if (frame === undefined) {
      this.#stack[this.#depth] = { kind, container, keys, values, index: 0 };
    } else {
      frame.kind = kind;
      frame.container = container;
      frame.keys = keys;
      frame.values = values;
      frame.index = 0;
    }
    this.#depth++;
    return true;
  }

  #tooManyItems(): never {
    return this.#refuse(
      `brings the value to more than ${this.#limits.maxItems} items (maxItems); ` +
        `use typed arrays, or raise the limit for writing and for reading`,
    );
  }

  #refuseExtras(value: object, name: string): void {
    const extra = anyProperty(value);
    if (extra !== undefined) this.#refuseProperty(value, extra, `that no ${name} has`);
  }

  #refuseProperty(value: object, key: string | symbol, what: string): never {
    const name = typeof key === "symbol" ? `[${String(key)}]` : property(key);
    const described = Array.isArray(value)
      ? "an array"
      : aOrAn(value.constructor?.name || "object");
    return this.#refuse(
      `is ${described} with a property ${name} ${what}, which would be lost; ` +
        `give both as properties of a plain object`,
    );
  }

  #refuse(problem: string, cause?: unknown): never {
    const path = pathOf(this.#root, this.#stack.slice(0, this.#depth));
    const options = cause === undefined ? undefined : { cause };
    throw new SerializationError(`${path}: ${problem}`, options);
  }
}

/** The properties that the runtime itself puts on each `URL`. */
let urlSymbols: ReadonlySet<PropertyKey> | undefined;

function withRuns(list: unknown[]): unknown[] {
  const runs: unknown[] = [];
  let holes = 0;
  for (let i = 0; i < list.length; i++) {
    if (!(i in list)) {
      holes++;
      continue;
    }
    if (holes > 0) runs.push(new Holes(holes));
    holes = 0;
    runs.push(list[i]);
  }
  if (holes > 0) runs.push(new Holes(holes));
  return runs;
}

function unknownClass(value: object, prototype: object): string {
  const name = typeof prototype.constructor === "function" ? prototype.constructor.name : "";
  switch (Object.prototype.toString.call(value)) {
    case "[object Promise]":
      return "is a Promise; await it first";
    case "[object SharedArrayBuffer]":
      return "is memory shared between threads; give a copy by slice()";
    case "[object Number]":
    case "[object String]":
    case "[object Boolean]":
    case "[object BigInt]":
    case "[object Symbol]":
      return `is ${aOrAn(name)} object; give the primitive value`;
    case "[object WeakMap]":
    case "[object WeakSet]":
    case "[object WeakRef]":
      return `is a ${name}, which cannot be stored`;
  }
  if (["Object", "Array", "Map", "Set", "Date"].includes(name)) {
    return `is of ${aOrAn(name)} class that is not this program's own, e.g. of another realm; ` +
      `give a copy by structuredClone()`;
  }
  if (ArrayBuffer.isView(value)) {
    return `is ${aOrAn(name)}, a class of its own; give a plain copy, e.g. new Uint8Array(it)`;
  }
  const described = name === "" ? "its class" : `class ${name}`;
  return `${described} is not registered; give it to registerClass where it is written and ` +
    `read, or return plain data`;
}

function aOrAn(name: string): string {
  return `${/^[AEIO]/i.test(name) ? "an" : "a"} ${name}`;
}

function isPlainlyShared(buffer: ArrayBufferLike): boolean {
  return buffer instanceof SharedArrayBuffer && !buffer.growable;
}
