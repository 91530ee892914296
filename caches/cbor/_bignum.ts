/** Bignums as bytes, the highest first. Both ways go over base 16, which is linear in V8. */

const HEX = "0123456789abcdef";

/** Writes a `bigint` of zero or more without leading zeros; zero has no bytes at all. */
export function bigintToBytes(value: bigint): Uint8Array {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  const padded = digits.length % 2 === 0 ? digits : `0${digits}`;
  const bytes = new Uint8Array(padded.length / 2);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = digit(padded.charCodeAt(2 * i)) << 4 | digit(padded.charCodeAt(2 * i + 1));
  }
  return bytes;
}

/** Reads what `bigintToBytes` writes. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  if (bytes.length === 0) return 0n;
  let digits = "0x";
  for (const byte of bytes) digits += HEX[byte >> 4]! + HEX[byte & 15]!;
  return BigInt(digits);
}

function digit(code: number): number {
  return code < 0x3a ? code - 0x30 : code - 0x57;
}
