/**
 * WTF-8 (https://simonsapin.github.io/wtf-8/): UTF-8 that can also hold lone surrogates. Only
 * strings that have one are ever written so, hence this is not on any fast path.
 */

/** Writes a string, pairs of surrogates as one character, lone ones as three bytes. */
export function encodeWtf8(text: string): Uint8Array {
  const out = new Uint8Array(text.length * 3);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.codePointAt(i)!;
    if (code > 0xffff) i++;
    at = putCodePoint(out, at, code);
  }
  return out.slice(0, at);
}

/** Writes one code point, surrogates included, and gives the place after it. */
export function putCodePoint(out: Uint8Array, at: number, code: number): number {
  if (code < 0x80) {
    out[at++] = code;
  } else if (code < 0x800) {
    out[at++] = 0xc0 | code >> 6;
    out[at++] = 0x80 | code & 0x3f;
  } else if (code < 0x10000) {
    out[at++] = 0xe0 | code >> 12;
    out[at++] = 0x80 | code >> 6 & 0x3f;
    out[at++] = 0x80 | code & 0x3f;
  } else {
    out[at++] = 0xf0 | code >> 18;
    out[at++] = 0x80 | code >> 12 & 0x3f;
    out[at++] = 0x80 | code >> 6 & 0x3f;
    out[at++] = 0x80 | code & 0x3f;
  }
  return at;
}

/** Reads a string; `undefined` where the bytes are not what `encodeWtf8` writes for it. */
export function decodeWtf8(bytes: Uint8Array): string | undefined {
  const parts: string[] = [];
  let units: number[] = [];
  for (let at = 0; at < bytes.length;) {
    const first = bytes[at++]!;
    const more = first < 0x80 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
    let code = more === 0 ? first : first & (0x3f >> more);
    for (let k = 0; k < more; k++) code = code << 6 | bytes[at++]! & 0x3f;
    if (code > 0x10ffff) return undefined;
    if (code > 0xffff) units.push(0xd7c0 + (code >> 10), 0xdc00 | code & 0x3ff);
    else units.push(code);
    if (units.length >= 4096) {
      parts.push(String.fromCharCode(...units));
      units = [];
    }
  }
  parts.push(String.fromCharCode(...units));
  const text = parts.join("");
  // Writing it again tells every mistake at once: wrong lead or trail bytes, overlong forms, a
  // pair of surrogates written apart, an end that came too early.
  const again = encodeWtf8(text);
  if (again.length !== bytes.length) return undefined;
  for (let i = 0; i < again.length; i++) if (again[i] !== bytes[i]) return undefined;
  return text;
}
