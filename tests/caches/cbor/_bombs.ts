/** Short documents that would cost a careless reader much time or memory. */

function repeat(hex: string, count: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(hex.repeat(count));
}

function join(...parts: readonly (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const bytes = parts.map((part) => typeof part === "string" ? Uint8Array.fromHex(part) : part);
  const whole = new Uint8Array(bytes.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of bytes) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A document as long as one of a million entries, that claims a million at every level. */
function claims(head: string): Uint8Array<ArrayBuffer> {
  return join(repeat(head, 250), new Uint8Array(1_000_000));
}

/** Bombs by name. */
export const BOMBS: Record<string, () => Uint8Array<ArrayBuffer>> = {
  "a million arrays within each other": () => repeat("81", 1_000_000),
  "a million objects within each other": () => repeat("a16161", 1_000_000),
  "a million sets within each other": () => repeat("d9010281", 1_000_000),
  "a million tags of dates": () => repeat("c1", 1_000_000),
  "a million marks": () => repeat("d81c", 1_000_000),
  "a million views of views": () => repeat("da4c6142038418400000d81c", 1_000_000),
  "a million objects without prototype": () => repeat("da4c614204", 1_000_000),
  "a million classes within each other": () => repeat("d81b82654572726f72a1656361757365", 100_000),
  "an array of 2 ** 53 items": () => join("9b0020000000000000", new Uint8Array(1000)),
  "an array of 4 billion items": () => join("9affffffff", new Uint8Array(1000)),
  "arrays that each claim all that follows": () => claims("9a000f4240"),
  "objects that each claim all that follows": () => claims("ba0007a1206161"),
  "bytes of 4 GB": () => join("5affffffff", new Uint8Array(1000)),
  "text of 4 GB": () => join("7affffffff", new Uint8Array(1000)),
  "a typed array of 4 GB": () => join("d8565affffffff", new Uint8Array(1000)),
  "a bignum of 8 MB": () => join("c25a00800000", new Uint8Array(2 ** 23).fill(255)),
  "a bignum of 4 GB": () => join("c25affffffff", new Uint8Array(1000)),
  "an array of 2 ** 32 holes": () => Uint8Array.fromHex("81da4c6142001affffffff"),
  "100,000 arrays of a million holes": () =>
    join("9a000186a0", repeat("81da4c6142001a00100000", 100_000)),
  "a regular expression of a megabyte": () =>
    join("d9524a817a00100000", new Uint8Array(2 ** 20).fill(40)),
  "ten million and one items": () => join("9a00989681", new Uint8Array(10_000_001)),
  "a million and one references": () => join("9a000f4241", "d81c80", repeat("d81d00", 1_000_000)),
  "a view of far more than its buffer": () =>
    Uint8Array.fromHex("82da4c614203841856001b001fffffffffffffd81cda4c61420140d81d00"),
};
