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

const QUOTE = 0x22, BACKSLASH = 0x5c;
/** What a byte outside of texts is to the bounds; most are nothing, which is told by one look. */
const KINDS = new Uint8Array(256);
const TEXT = 1, COMMA = 2, OPEN = 3, CLOSE = 4;
KINDS[QUOTE] = TEXT;
for (const [kind, chars] of [[COMMA, ","], [OPEN, "[{"], [CLOSE, "]}"]] as const) {
  for (const char of chars) KINDS[char.charCodeAt(0)] = kind;
}

/**
 * Sees to it that a JSON text, as UTF-8, keeps to bounds, before it is parsed: a look at each byte, and
 * no memory. What is not JSON at all is none of its business.
 *
 * @throws {SerializationError} When it does not.
 */
export function checkJsonBounds(bytes: Uint8Array, { maxDepth, maxItems }: JsonBounds): void {
  let depth = 0, items = 0;
  const { length } = bytes;
  for (let at = 0; at < length; at++) {
    const kind = KINDS[bytes[at]!]!;
    if (kind === 0) continue;
    if (kind === COMMA) {
      if (++items > maxItems) break;
    } else if (kind === TEXT) {
      at = endOfText(bytes, at);
    } else if (kind === OPEN) {
      // An array of n members has one comma less; the one that is missing counts here.
      items++;
      depth++;
      if (items > maxItems || depth > maxDepth) break;
    } else {
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

/** Gives where the text ends that begins at a quote. */
function endOfText(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
