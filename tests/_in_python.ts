/** What `docs/python.md` says becomes of a value, in the words of `_describe.py`. */

const KINDS = new Map<unknown, string>([
  [Uint8Array, "|u1"],
  [Uint8ClampedArray, "|u1"],
  [Uint16Array, "<u2"],
  [Uint32Array, "<u4"],
  [BigUint64Array, "<u8"],
  [Int8Array, "|i1"],
  [Int16Array, "<i2"],
  [Int32Array, "<i4"],
  [BigInt64Array, "<i8"],
  [Float16Array, "<f2"],
  [Float32Array, "<f4"],
  [Float64Array, "<f8"],
]);

/** A description: what JSON has stands for itself, all else is an array that begins with its type. */
export type Description = string | boolean | null | readonly unknown[];

/** Thrown for a map that has keys which are one in Python. */
export class KeysCollide extends Error {}

/** Gives what Python sees. */
export function inPython(value: unknown): Description {
  return new Describer(buffersOfMany(value)).of(value);
}

class Describer {
  readonly #met = new Map<object, number>();
  readonly #shared: ReadonlySet<object>;

  constructor(shared: ReadonlySet<object>) {
    this.#shared = shared;
  }

  of(value: unknown): Description {
    if (typeof value !== "object" || value === null) return primitive(value);
    if (value instanceof Date) return date(value);
    if (value instanceof URL) return value.href;
    if (this.#isBytes(value)) return ["bytes", value.toHex()];
    const before = this.#met.get(value);
    if (before !== undefined) return ["same", before];
    this.#met.set(value, this.#met.size);
    return this.#new(value);
  }

  #isBytes(value: object): value is Uint8Array {
    return value instanceof Uint8Array && !this.#shared.has(value.buffer);
  }

  #new(value: object): Description {
    if (value instanceof ArrayBuffer) return ["bytearray", new Uint8Array(value).toHex()];
    if (ArrayBuffer.isView(value)) {
      const hex = new Uint8Array(value.buffer, value.byteOffset, value.byteLength).toHex();
      return value instanceof DataView
        ? ["memoryview", hex]
        : ["ndarray", KINDS.get(value.constructor), hex];
    }
    if (Array.isArray(value)) return ["list", ...this.#elements(value)];
    if (value instanceof Map) return this.#map(value);
    if (value instanceof Set) return this.#set(value);
    if (value instanceof RegExp) {
      return ["Instance", "RegExp", this.of([value.source, value.flags])];
    }
    const name = Object.getPrototypeOf(value)?.constructor.name ?? "Object";
    if (value instanceof Error) return ["Instance", name, this.of(propertiesOf(value))];
    if (name !== "Object") return ["Instance", name, this.of({ ...value })];
    return ["dict", ...Object.entries(value).map(([key, entry]) => [key, this.of(entry)])];
  }

  #elements(array: readonly unknown[]): Description[] {
    return Array.from(array, (_, i) => i in array ? this.of(array[i]) : ["hole"]);
  }

  #map(map: ReadonlyMap<unknown, unknown>): Description {
    const keys = [...map.keys()];
    if (keys.some((key) => typeof key === "object" && key !== null)) {
      return ["list", ...[...map].map(([k, v]) => ["tuple", this.of(k), this.of(v)])];
    }
    if (new Set(keys.map(identity)).size < keys.length) throw new KeysCollide();
    return ["dict", ...[...map].map(([key, entry]) => [this.of(key), this.of(entry)])];
  }

  #set(set: ReadonlySet<unknown>): Description {
    const members = [...set];
    const identities = members.map((member) =>
      member instanceof Uint8Array && !this.#isBytes(member) ? undefined : identity(member)
    );
    if (identities.includes(undefined) || new Set(identities).size < members.length) {
      return ["list", ...members.map((member) => this.of(member))];
    }
    const described = members.map((member) => this.of(member));
    const order = (one: string, other: string) => one < other ? -1 : Number(one > other);
    return ["set", ...described.sort((a, b) => order(asciiJson(a), asciiJson(b)))];
  }
}

function primitive(value: unknown): Description {
  if (value === undefined) return ["undefined"];
  if (typeof value === "bigint") return integer(value);
  if (typeof value !== "number") return value as Description;
  if (Number.isSafeInteger(value) && !Object.is(value, -0)) return integer(BigInt(value));
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return ["float", Number.isNaN(value) ? "nan" : new Uint8Array(view.buffer).toHex()];
}

function integer(value: bigint): Description {
  return ["int", value < 0n ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`];
}

function date(value: Date): Description {
  const time = value.getTime();
  if (Number.isNaN(time)) return ["datetime64", "NaT"];
  if (value.getUTCFullYear() < 1 || value.getUTCFullYear() > 9999) {
    return ["datetime64", `${time}`];
  }
  return ["datetime", value.toISOString().replace("Z", "+00:00")];
}

/** Equal for what Python holds for equal; `undefined` for what cannot be in a set there. */
function identity(value: unknown): unknown {
  if (typeof value === "boolean") return BigInt(value);
  if (typeof value === "number") return Number.isInteger(value) ? BigInt(value) : value;
  if (typeof value === "bigint") return value;
  if (typeof value === "string") return `text ${value}`;
  if (typeof value !== "object" || value === null) return String(value);
  if (value instanceof URL) return `text ${value.href}`;
  if (value instanceof Uint8Array) return `bytes ${value.toHex()}`;
  if (value instanceof Date) {
    return Number.isNaN(value.getTime()) ? Symbol() : `date ${value.getTime()}`;
  }
  return undefined;
}

function propertiesOf(error: Error): object {
  if (error instanceof DOMException) {
    return { message: error.message, name: error.name, stack: error.stack };
  }
  return Object.fromEntries(
    Reflect.ownKeys(error).map((key) => [key, (error as never)[key]]),
  );
}

/** The buffers that a value holds more than once: through several views, or also as themselves. */
function buffersOfMany(value: unknown): Set<object> {
  const [met, once, many] = [new Set<object>(), new Set<object>(), new Set<object>()];
  const pending = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next !== "object" || next === null || met.has(next)) continue;
    met.add(next);
    if (next instanceof ArrayBuffer || ArrayBuffer.isView(next)) {
      const buffer = next instanceof ArrayBuffer ? next : next.buffer;
      (once.has(buffer) ? many : once).add(buffer);
    } else if (next instanceof Map) { for (const entry of next) pending.push(...entry); }
    else if (next instanceof Set) { for (const member of next) pending.push(member); }
    else if (next instanceof Error) pending.push(...Object.values(propertiesOf(next)));
    else for (const part of Object.values(next)) pending.push(part);
  }
  return many;
}

/** JSON as Python writes it. */
function asciiJson(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[^\0-~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
