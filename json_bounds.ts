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
const OPENING = [0x5b, 0x7b], CLOSING = [0x5d, 0x7d];

/**
 * Sees to it that a JSON text, as UTF-8, keeps to bounds, before it is parsed: a look at each byte, and
 * no memory. What is not JSON at all is none of its business.
 *
 * @throws {SerializationError} When it does not.
 */
export function checkJsonBounds(bytes: Uint8Array, { maxDepth, maxItems }: JsonBounds): void {
  let [depth, items, inText] = [0, 0, false];
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (inText) {
      if (byte === BACKSLASH) at++;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) {
      inText = true;
    } else if (byte === COMMA) {
      items++;
    } else if (byte === OPENING[0] || byte === OPENING[1]) {
      // An array of n members has one comma less; what it holds counts with its opening.
      items++;
      if (++depth > maxDepth) {
        throw new SerializationError(`The JSON is nested deeper than ${maxDepth} levels`);
      }
    } else if (byte === CLOSING[0] || byte === CLOSING[1]) {
      depth--;
    }
  }
  if (items > maxItems) {
    throw new SerializationError(`The JSON has more than ${maxItems} members`);
  }
}
