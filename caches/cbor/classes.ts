import { SerializationError } from "../../errors.ts";

/** How instances of a class become plain data and come back. */
export interface ClassCodec<T extends object, D> {
  /** Gives what the instance holds, as anything that the structured format can write. */
  encode(instance: T): D;
  /**
   * Makes an instance from what `encode` gave, perhaps in an earlier version of your program: the
   * type says what you meant to write, so check `data` where you do not trust the storage.
   */
  decode(data: NoInfer<D>): T;
}

/** A class that can be written and read. */
export interface RegisteredClass {
  /** What stands in the document. */
  readonly name: string;
  /** The class itself. */
  readonly constructor: abstract new (...args: never[]) => object;
  /** The two ways. */
  readonly codec: ClassCodec<object, unknown>;
}

/** The names in tag 27 that the format itself uses. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "DOMException",
]);

const byName = new Map<string, RegisteredClass>();
const byPrototype = new Map<object, RegisteredClass>();

/**
 * Lets instances of a class be part of a result. Only what is registered, by the program that
 * reads, is ever constructed: a name in a stored document finds its class here or nowhere.
 *
 * Exactly the instances of the class itself are meant; a subclass is registered on its own.
 *
 * @param name What stands in the document: 1 to 200 characters. It must stay the same for as long
 * as stored results are to be loaded, whatever the class is called in the program.
 * @param constructor The class.
 * @param codec `encode` gives plain data, `decode` makes an instance of it.
 * @returns What takes the registration back when it is disposed.
 * @throws {TypeError} If the name is empty, too long or one of the format's own, or the class is
 * none or a built-in one.
 * @throws {SerializationError} If the name or the class is registered already.
 *
 * @example
 * ```ts
 * import { decode, encode, registerClass } from "@labtech/lab/caches";
 * import { assertEquals, assertInstanceOf } from "@std/assert";
 *
 * class Forest {
 *   constructor(readonly trees: number[]) {}
 * }
 *
 * using _registration = registerClass("Forest", Forest, {
 *   encode: (forest) => ({ trees: forest.trees }),
 *   decode: ({ trees }) => new Forest(trees),
 * });
 *
 * const forest = decode(encode(new Forest([3, 1, 2])));
 * assertInstanceOf(forest, Forest);
 * assertEquals(forest.trees, [3, 1, 2]);
 * ```
 */
export function registerClass<T extends object, D>(
  name: string,
  constructor: abstract new (...args: never[]) => T,
  codec: ClassCodec<T, D>,
): Disposable {
  checkName(name);
  const prototype: unknown = typeof constructor === "function" ? constructor.prototype : undefined;
  if (typeof prototype !== "object" || prototype === null) {
    throw new TypeError(`Expected a class to register as "${name}", got ${typeof constructor}`);
  }
  if (BUILT_IN.has(prototype)) {
    throw new TypeError(
      `${constructor.name} cannot be registered: the structured format writes it already`,
    );
  }
  if (byName.has(name)) {
    throw new SerializationError(
      `A class is registered as "${name}" already; give this one another name`,
    );
  }
  const same = byPrototype.get(prototype);
  if (same !== undefined) {
    throw new SerializationError(
      `The class ${constructor.name} is registered already, as "${same.name}"`,
    );
  }
  const registered = { name, constructor, codec } as unknown as RegisteredClass;
  byName.set(name, registered);
  byPrototype.set(prototype, registered);
  return {
    [Symbol.dispose](): void {
      if (byName.get(name) !== registered) return;
      byName.delete(name);
      byPrototype.delete(prototype);
    },
  };
}

function checkName(name: string): void {
  if (typeof name !== "string" || name.length === 0 || name.length > 200 || !name.isWellFormed()) {
    throw new TypeError(
      `Expected a class name of 1 to 200 characters, got ${JSON.stringify(name)}`,
    );
  }
  if (RESERVED_NAMES.has(name)) {
    throw new TypeError(`"${name}" cannot be registered: the structured format uses that name`);
  }
}

const BUILT_IN: ReadonlySet<object> = new Set<object>(
  [
    ...[Object, Array, Function, Map, Set, Date, RegExp, URL, ArrayBuffer, DataView, DOMException],
    ...[Uint8Array, Uint8ClampedArray, Int8Array, Uint16Array, Int16Array, Uint32Array, Int32Array],
    ...[BigUint64Array, BigInt64Array, Float16Array, Float32Array, Float64Array],
    ...[Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError],
    ...[AggregateError, Number, String, Boolean, BigInt, Symbol, Promise, WeakMap, WeakSet],
  ].map((constructor) => constructor.prototype),
);

/** Finds a class by the name in a document. */
export function classByName(name: string): RegisteredClass | undefined {
  return byName.get(name);
}

/** Finds the class of an instance by its prototype. */
export function classByPrototype(prototype: object): RegisteredClass | undefined {
  return byPrototype.get(prototype);
}
