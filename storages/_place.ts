import { checkKey } from "./names.ts";

/** Names that Windows keeps for devices, in whatever case. */
const DEVICE = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9])$/i;
const LETTERS = "abcdefghijklmnop";

/**
 * Gives the name of the folder that a key's entry lies in: the key itself where no file system could
 * take it for another one, else the key, `~` and a code of its case.
 *
 * The code has a letter of `a` to `p` for each four characters of the key, the first being the lowest
 * bit, set where the character is upper case; `a`s at its end are dropped. Letters only, because
 * `NAME~1` is how Windows shortens long names. The longest place has 251 characters.
 */
export function placeOf(key: string): string {
  let code = "";
  let end = 0;
  for (let start = 0; start < key.length; start += 4) {
    const bits = caseBits(key, start);
    code += LETTERS[bits];
    if (bits > 0) end = code.length;
  }
  return end === 0 && !DEVICE.test(key) ? key : `${key}~${code.slice(0, end)}`;
}

/** Gives the key whose place this is; `undefined` for a name that is no key's place. */
export function keyOf(place: string): string | undefined {
  const mark = place.indexOf("~");
  const key = mark < 0 ? place : place.slice(0, mark);
  try {
    checkKey(key);
  } catch {
    return undefined;
  }
  return placeOf(key) === place ? key : undefined;
}

function caseBits(key: string, start: number): number {
  let bits = 0;
  for (let bit = 0; bit < 4; bit++) {
    const code = key.charCodeAt(start + bit);
    if (code >= 65 && code <= 90) bits |= 1 << bit;
  }
  return bits;
}
