/**
 * Large typed arrays in memory that all threads of a program see, so that each is read, and kept, once.
 *
 * @module
 */

import { encodeApart } from "../caches/cbor/encode.ts";
import { SerializationError } from "../errors.ts";
import type { Packed } from "./_transport.ts";

/** From how many bytes on a typed array is worth memory of its own that threads share. */
export const SHARED_FROM = 64 * 2 ** 10;

/** How many parts of a result are looked at for large arrays: they stand at its top, or nowhere. */
const PARTS = 1000;

/** Whether a value holds typed arrays that are worth sharing, as a look at its first parts tells. */
export function holdsLarge(value: unknown): boolean {
  const parts = [value];
  const seen = new Set<unknown>();
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at];
    if (typeof part !== "object" || part === null || seen.has(part)) continue;
    seen.add(part);
    if (ArrayBuffer.isView(part)) {
      if (part.byteLength >= SHARED_FROM) return true;
      continue;
    }
    for (const inner of innerOf(part)) {
      if (parts.length >= PARTS) break;
      parts.push(inner);
    }
  }
  return false;
}

function innerOf(object: object): Iterable<unknown> {
  if (Array.isArray(object) || object instanceof Set) return object.values();
  if (object instanceof Map) return object.values();
  return dataOf(object);
}

// Accessors run code of the task's.
function* dataOf(object: object): Generator<unknown> {
  for (const key of Object.keys(object)) {
    yield Object.getOwnPropertyDescriptor(object, key)?.value;
  }
}

/**
 * Readies a value for other threads, its large typed arrays in memory that all see. Those that lie there
 * already are not copied. Gives `undefined` where there are none, or the value cannot travel.
 */
export function packShared(value: unknown): Packed | undefined {
  if (!holdsLarge(value)) return undefined;
  try {
    const { bytes, apart } = encodeApart(value, SHARED_FROM);
    if (apart.length === 0) return undefined;
    return { cbor: bytes, apart: new Map(apart.map(({ at, bytes }) => [at, shared(bytes)])) };
  } catch (error) {
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
}

function shared(bytes: Uint8Array): Uint8Array {
  const { buffer, byteLength } = bytes;
  if (buffer instanceof SharedArrayBuffer && buffer.byteLength === byteLength) return bytes;
  const copy = new Uint8Array(new SharedArrayBuffer(byteLength));
  copy.set(bytes);
  return copy;
}
