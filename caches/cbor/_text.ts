/** Up to here characters are put together one by one, which beats a call into the runtime. */
const SHORT = 16;

type Slice = (this: Uint8Array, start: number, end: number) => string;

/**
 * Buffer's own way to read UTF-8, which works on any `Uint8Array` and costs a fifth of
 * `TextDecoder`. It is only looked up when it is first needed, as that loads `node:buffer`, which
 * would slow the start of every program.
 */
let utf8Slice: Slice | undefined;

function findUtf8Slice(): Slice {
  const { Buffer } = globalThis as { Buffer?: { prototype: { utf8Slice?: Slice } } };
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
  return Buffer?.prototype.utf8Slice ?? function (start, end) {
    return decoder.decode(this.slice(start, end));
  };
}

let strict: TextDecoder | undefined;

/**
 * Short strings that were read lately, each at a place that follows from its bytes. Results repeat
 * the same few strings, and finding one costs less than making it.
 */
const recent: string[] = new Array(512).fill("");

/** Reads text; `undefined` where the bytes are no valid UTF-8. */
export function readText(bytes: Uint8Array, start: number, length: number): string | undefined {
  if (length > SHORT) return longText(bytes, start, length);
  if (length === 0) return "";
  const last = start + length - 1;
  const place = (bytes[start]! * 7 + bytes[last]! * 31 + bytes[start + (length >> 1)]! * 3 +
    bytes[last - (length >> 2)]! * 131 + length * 61) & 511;
  const known = recent[place]!;
  if (known.length === length) {
    let i = 0;
    while (i < length && known.charCodeAt(i) === bytes[start + i]!) i++;
    // Only ASCII is kept, so what is equal here is ASCII.
    if (i === length) return known;
  }
  const text = shortAscii(bytes, start, length);
  if (text === undefined) return longText(bytes, start, length);
  recent[place] = text;
  return text;
}

function longText(bytes: Uint8Array, start: number, length: number): string | undefined {
  const end = start + length;
  utf8Slice ??= findUtf8Slice();
  const text = utf8Slice.call(bytes, start, end);
  // A replacement character is either in the text itself or stands for a mistake.
  if (!text.includes("\ufffd")) return text;
  try {
    strict ??= new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return strict.decode(bytes.slice(start, end));
  } catch {
    return undefined;
  }
}

const chars = String.fromCharCode;

/** Reads 1 to 16 characters of ASCII; `undefined` where there are others. */
function shortAscii(b: Uint8Array, at: number, length: number): string | undefined {
  let all = 0;
  for (let i = at; i < at + length; i++) all |= b[i]!;
  if (all > 0x7f) return undefined;
  return length <= 8 ? upTo8(b, at, length) : upTo16(b, at, length);
}

// Spelled out, as `fromCharCode` with its arguments in place is compiled to a plain allocation.
// deno-fmt-ignore
function upTo8(b: Uint8Array, i: number, length: number): string {
  switch (length) {
    case 1: return chars(b[i]!);
    case 2: return chars(b[i]!, b[i + 1]!);
    case 3: return chars(b[i]!, b[i + 1]!, b[i + 2]!);
    case 4: return chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!);
    case 5: return chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!);
    case 6: return chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!);
    case 7: return chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!);
    default: return chars(b[i]!, b[i + 1]!, b[i + 2]!, b[i + 3]!, b[i + 4]!, b[i + 5]!, b[i + 6]!, b[i + 7]!);
  }
}

// deno-fmt-ignore
function upTo16(b: Uint8Array, i: number, length: number): string {
  const c = b[i]!, d = b[i + 1]!, e = b[i + 2]!, f = b[i + 3]!;
  const g = b[i + 4]!, h = b[i + 5]!, j = b[i + 6]!, k = b[i + 7]!, l = b[i + 8]!;
  switch (length) {
    case 9: return chars(c, d, e, f, g, h, j, k, l);
    case 10: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!);
    case 11: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!);
    case 12: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!, b[i + 11]!);
    case 13: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!, b[i + 11]!, b[i + 12]!);
    case 14: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!, b[i + 11]!, b[i + 12]!, b[i + 13]!);
    case 15: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!, b[i + 11]!, b[i + 12]!, b[i + 13]!, b[i + 14]!);
    default: return chars(c, d, e, f, g, h, j, k, l, b[i + 9]!, b[i + 10]!, b[i + 11]!, b[i + 12]!, b[i + 13]!, b[i + 14]!, b[i + 15]!);
  }
}
