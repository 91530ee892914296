import type { Cache } from "../caches/cache.ts";
import { decodeInto } from "../caches/cbor/decode.ts";
import { decode, encode } from "../caches/cbor/mod.ts";
import { SignedCache } from "../caches/signed.ts";
import type { PluginSpec } from "../plugin.ts";
import { caches, type Registry, storages } from "../registry.ts";
import type { Storage } from "../storages/storage.ts";
import { formatLine } from "./_console.ts";

/** A value on its way to another thread: as it is, or in the structured format, which keeps classes. */
export type Packed =
  | { readonly plain: unknown }
  | {
    readonly cbor: Uint8Array;
    /** What lies beside the document in memory that threads share, by where in it that would begin. */
    readonly apart?: ReadonlyMap<number, Uint8Array>;
  };

/**
 * Readies a value for another thread.
 *
 * @throws {SerializationError} When it would not arrive as it is.
 */
export function pack(value: unknown): Packed {
  const simple = value === null || (typeof value !== "object" && typeof value !== "function");
  if (simple && typeof value !== "symbol") return { plain: value };
  return { cbor: encode(value, { root: "result" }) };
}

/** Takes a value that came from another thread. What lies in shared memory stays there. */
export function unpack(packed: Packed): unknown {
  if ("plain" in packed) return packed.plain;
  const { cbor, apart } = packed;
  return apart === undefined ? decode(cbor) : decodeInto(cbor, { apart });
}

/** Takes a value that came from another thread, in memory of its own. */
export function unpackOwn(packed: Packed): unknown {
  if ("plain" in packed || packed.apart === undefined) return unpack(packed);
  const { cbor, apart } = packed;
  const own = Array.from(apart, ([at, shared]) => [at, new Uint8Array(shared)] as const);
  return decodeInto(cbor, { apart: new Map(own) });
}

/** The memory of a packed value, to be handed over instead of copied. */
export function memoryOf(packed: Packed | undefined): ArrayBuffer[] {
  return packed !== undefined && "cbor" in packed ? [packed.cbor.buffer as ArrayBuffer] : [];
}

/** An error on its way to another thread. */
export interface PackedError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  readonly cause: PackedError | undefined;
}

const CAUSES = 10;

/** Readies an error for another thread: name, message, stack and causes. */
export function packError(error: unknown, causes = CAUSES): PackedError {
  const { name, message, stack, cause } = error instanceof Error
    ? error
    : { name: "Error", message: textOf(error), stack: undefined, cause: undefined };
  return {
    name: textOf(name),
    message: textOf(message),
    stack: stack === undefined ? undefined : textOf(stack),
    cause: cause === undefined || causes === 0 ? undefined : packError(cause, causes - 1),
  };
}

// String(…) throws where an object has no way to be text.
function textOf(value: unknown): string {
  return formatLine([value]);
}

const KNOWN = { Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError };

/** Takes an error that came from another thread. Classes of one's own come back as `Error` with their name. */
export function unpackError(packed: PackedError): Error {
  const { name, message, stack, cause } = packed;
  const Class = Object.hasOwn(KNOWN, name) ? KNOWN[name as keyof typeof KNOWN] : Error;
  const error = new Class(message, cause === undefined ? {} : { cause: unpackError(cause) });
  if (error.name !== name) {
    Object.defineProperty(error, "name", { value: name, configurable: true, writable: true });
  }
  if (stack !== undefined) {
    Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  }
  return error;
}

/** How another thread makes an equal cache or storage. */
export interface Recipe {
  readonly spec: PluginSpec;
  /** The folder that path options are relative to. */
  readonly folder: string;
  /** The module to import first, where the plugin is not the library's own. */
  readonly module: string | undefined;
}

/** How another thread makes an equal cache. */
export interface CacheRecipe extends Recipe {
  /** Whether it is bound to keys there, as it is here. */
  readonly signed: boolean;
}

/** How another thread makes the cache; `undefined` when it cannot. */
export function cacheRecipe(cache: Cache): CacheRecipe | undefined {
  const signed = cache instanceof SignedCache;
  const made = recipe(caches, signed ? cache.bare : cache);
  return made && { ...made, signed };
}

/** How another thread makes the storage; `undefined` when it cannot. */
export function storageRecipe(storage: Storage): Recipe | undefined {
  return recipe(storages, storage);
}

function recipe<T extends Cache | Storage>(registry: Registry<T>, made: T): Recipe | undefined {
  const own = ownSpec(made);
  const origin = own ? { spec: own, folder: Deno.cwd() } : registry.originOf(made);
  if (origin === undefined || !isCloneable(origin.spec)) return undefined;
  const plugin = registry.get(origin.spec.type);
  if (plugin === undefined || !registry.isPortable(plugin)) return undefined;
  return { ...origin, module: registry.moduleOf(plugin) };
}

// What a class inherits tells how to make one of the class above it.
function ownSpec(made: Cache | Storage): PluginSpec | undefined {
  const own = Object.hasOwn(made, "spec") || Object.hasOwn(Object.getPrototypeOf(made), "spec");
  return own ? made.spec : undefined;
}

function isCloneable(value: unknown): boolean {
  try {
    structuredClone(value);
    return true;
  } catch {
    return false; // an option given in code, e.g. a function
  }
}
