/** Bignums as bytes, the highest first. Both ways go over base 16, which is linear in V8. */

/** Writes a `bigint` of zero or more without leading zeros; zero has no bytes at all. */
export function bigintToBytes(value: bigint): Uint8Array<ArrayBuffer> {
  if (value === 0n) return new Uint8Array(0);
  const digits = value.toString(16);
  return Uint8Array.fromHex(digits.length % 2 === 0 ? digits : `0${digits}`);
}

/** Reads what `bigintToBytes` writes. */
export function bytesToBigint(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}
