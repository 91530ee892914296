/** Values for property tests: everything the structured format takes, from a seed alone. */

/** A small generator of numbers (mulberry32): the same seed gives the same numbers for ever. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** The next number of 32 bits. */
  next(): number {
    this.#state = this.#state + 0x6d2b79f5 >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ t >>> 15, t | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0;
  }

  /** A whole number below a bound. */
  below(bound: number): number {
    return this.next() % bound;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** So many bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }
}

const NUMBERS = [
  ...[0, -0, 1, -1, 23, 24, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32],
  ...[2 ** 53 - 1, 2 ** 53, -(2 ** 53) + 1, -(2 ** 53), 2 ** 63, 2 ** 64, 1e300, 5e-324, NaN],
  ...[Infinity, -Infinity, 0.1, 1.5, 65504, 65505.5, 2 ** -24, 2 ** -25, 2 ** -149, 3.4e38],
];
const TEXTS = [
  ...["", "a", "key", "äöü", "水", "😀", "\ufeffbom", "\ufffd", "\0", "__proto__", "constructor"],
  ...["toString", "length", "0", "1", "01", "4294967294", "4294967295", "\ud800", "\udfff😀\udbff"],
  ...[
    "x".repeat(23),
    "x".repeat(24),
    "y".repeat(49),
    "é".repeat(40),
    "z".repeat(255),
    "€".repeat(90),
  ],
];
const VIEWS: readonly (new (buffer: ArrayBuffer) => object)[] = [
  ...[Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array],
  ...[Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, DataView],
];
const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

/** Makes values out of random numbers. */
export class ValueGenerator {
  readonly #random: Random;
  #made: object[] = [];
  #buffers: ArrayBuffer[] = [];

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** The next value, with nothing in common with the ones before. */
  value(): unknown {
    this.#made = [];
    this.#buffers = [];
    return this.#any(1 + this.#random.below(5));
  }

  #any(depth: number): unknown {
    const random = this.#random;
    if (this.#made.length > 0 && random.below(12) === 0) return random.pick(this.#made);
    if (depth === 0 || random.below(3) === 0) return this.#primitive();
    const made = this.#object(depth - 1);
    this.#made.push(made);
    return made;
  }

  #primitive(): unknown {
    const random = this.#random;
    switch (random.below(8)) {
      case 0:
        return random.pick([undefined, null, true, false]);
      case 1:
        return random.below(300) - 150;
      case 2:
        return random.pick(NUMBERS);
      case 3:
        return new DataView(random.bytes(8).buffer).getFloat64(0);
      case 4:
        return this.#bigint();
      case 5:
        return String.fromCharCode(...random.bytes(random.below(60)));
      default:
        return random.pick(TEXTS);
    }
  }

  #bigint(): bigint {
    const bits = BigInt(this.#random.pick([0, 1, 8, 52, 53, 54, 63, 64, 65, 200]));
    const value = (1n << bits) + BigInt(this.#random.below(3) - 1);
    return this.#random.below(2) ? value : -value;
  }

  #object(depth: number): object {
    const random = this.#random;
    switch (random.below(14)) {
      case 0:
        return this.#map(depth);
      case 1:
        return this.#set(depth);
      case 2:
        return this.#date();
      case 3:
        return new RegExp(
          random.pick(["", "a/b", "[^\\n]+", "é"]),
          random.pick(["", "g", "dgimsuy"]),
        );
      case 4:
        return new URL(random.pick(["https://example.org/a?b=c#d", "data:,x", "file:///tmp/ä"]));
      case 5:
        return this.#view();
      case 6:
        return this.#buffer();
      case 7:
        return this.#error(depth);
      case 8:
        return this.#sparse(depth);
      case 9:
      case 10:
        return this.#list(depth);
      case 11:
        return this.#filled(Object.create(null), depth);
      default:
        return this.#filled({}, depth);
    }
  }

  /** Registers a container before it is filled, so that it may come to hold itself. */
  #early<T extends object>(container: T): T {
    if (this.#random.below(4) === 0) this.#made.push(container);
    return container;
  }

  #list(depth: number): unknown[] {
    const list: unknown[] = this.#early([]);
    for (let n = this.#random.below(6); n > 0; n--) list.push(this.#any(depth));
    return list;
  }

  #sparse(depth: number): unknown[] {
    const list: unknown[] = this.#early([]);
    list.length = this.#random.below(12);
    for (let i = 0; i < list.length; i++) {
      if (this.#random.below(3) === 0) list[i] = this.#any(depth);
    }
    return list;
  }

  #filled(object: Record<string, unknown>, depth: number): object {
    this.#early(object);
    for (let n = this.#random.below(6); n > 0; n--) {
      const key = this.#random.below(2) ? this.#random.pick(TEXTS) : `k${this.#random.below(20)}`;
      const property = { writable: true, enumerable: true, configurable: true };
      Object.defineProperty(object, key, { ...property, value: this.#any(depth) });
    }
    return object;
  }

  #map(depth: number): Map<unknown, unknown> {
    const map = this.#early(new Map<unknown, unknown>());
    for (let n = this.#random.below(5); n > 0; n--) map.set(this.#any(depth), this.#any(depth));
    return map;
  }

  #set(depth: number): Set<unknown> {
    const set = this.#early(new Set<unknown>());
    for (let n = this.#random.below(5); n > 0; n--) set.add(this.#any(depth));
    return set;
  }

  #date(): Date {
    const time = this.#random.next() * 2 ** 32 + this.#random.next();
    return new Date(
      this.#random.pick([
        NaN,
        0,
        -1,
        8.64e15,
        -8.64e15,
        1.7e12 + time % 1e12,
        time % 8.64e15,
        -(time % 8.64e15),
      ]),
    );
  }

  #buffer(): ArrayBuffer {
    const random = this.#random;
    if (this.#buffers.length > 0 && random.below(2)) return random.pick(this.#buffers);
    const { buffer } = random.bytes(random.below(5) * 8);
    this.#buffers.push(buffer);
    return buffer;
  }

  /** A view of a whole buffer that may serve others too: a part alone comes back as a whole. */
  #view(): object {
    const buffer = this.#buffer();
    const view = this.#random.pick(VIEWS);
    return new view(buffer);
  }

  #error(depth: number): Error {
    const random = this.#random;
    if (random.below(6) === 0) return new DOMException(random.pick(TEXTS), "AbortError");
    const options = random.below(2) ? { cause: this.#any(depth) } : {};
    if (random.below(5) === 0) return new AggregateError([this.#any(depth)], "several", options);
    const error = this.#early(new (random.pick(ERRORS))(random.pick(["", "went wrong"]), options));
    if (random.below(3) === 0) Object.assign(error, { code: this.#any(depth) });
    return error;
  }
}
