/**
 * Bounds for JSON from anyone. `JSON.parse` is not recursive, but takes up to fifty times the size of
 * the text in memory, and what comes after it may well be recursive.
 *
 * @module
 */

import { SerializationError } from "./errors.ts";

/** What a JSON text may hold at most. */
export interface JsonBounds {
  /** How deep arrays and objects may be nested. */
  readonly maxDepth: number;
  /** How many members all arrays and objects may have together. */
  readonly maxItems: number;
}

const QUOTE = 0x22, BACKSLASH = 0x5c, COMMA = 0x2c;
const OPEN_ARRAY = 0x5b, CLOSE_ARRAY = 0x5d, OPEN_OBJECT = 0x7b, CLOSE_OBJECT = 0x7d;

/**
 * Sees to it that a JSON text, as UTF-8, keeps to bounds, before it is parsed: a look at each byte, and
 * no memory. What is not JSON at all is none of its business.
 *
 * @throws {SerializationError} When it does not.
 */
export function checkJsonBounds(bytes: Uint8Array, { maxDepth, maxItems }: JsonBounds): void {
  const { length } = bytes;
  let depth = 0, items = 0, inText = false;
  for (let at = 0; at < length && items <= maxItems && depth <= maxDepth; at++) {
    const byte = bytes[at]!;
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) {
      inText = true;
    } else if (byte === COMMA) {
      items++;
    } else if (byte === OPEN_ARRAY || byte === OPEN_OBJECT) {
      // An array of n members has one comma less; the one that is missing counts here.
      items++;
      depth++;
    } else if (byte === CLOSE_ARRAY || byte === CLOSE_OBJECT) {
      depth--;
    }
  }
  if (depth > maxDepth) {
    throw new SerializationError(`The JSON is nested deeper than ${maxDepth} levels`);
  }
  if (items > maxItems) {
    throw new SerializationError(`The JSON has more than ${maxItems} members`);
  }
}
