/**
 * Bytes as the values of drivers, of which some hold bytes, some only text, and some turn one into the
 * other.
 *
 * @module
 */

import type { UnstorageDriver } from "./_unstorage_driver.ts";

/** What unstorage itself writes in front of bytes that a driver cannot hold. */
const BASE64 = "base64:";

/** Sets an item, as bytes or as base64. */
export function setValue(
  driver: UnstorageDriver,
  name: string,
  bytes: Uint8Array,
  form: "bytes" | "text",
): unknown {
  // A copy, because some drivers keep what they are given, and no memory is shared with callers.
  if (form === "bytes" && driver.setItemRaw) {
    return driver.setItemRaw(name, new Uint8Array(bytes), {});
  }
  const text = BASE64 + new Uint8Array(bytes).toBase64();
  if (driver.setItem) return driver.setItem(name, text, {});
  return driver.setItemRaw!(name, new TextEncoder().encode(text), {});
}

/** Gives what may be the bytes that were written, of what a driver gives back. */
export async function candidates(value: unknown): Promise<Uint8Array<ArrayBuffer>[]> {
  const bytes = await bytesOf(value);
  const decoded = decode(bytes);
  if (!decoded) return [bytes];
  return typeof value === "string" ? [decoded, bytes] : [bytes, decoded];
}

async function bytesOf(value: unknown): Promise<Uint8Array<ArrayBuffer>> {
  if (typeof value === "string") return new TextEncoder().encode(value);
  if (value instanceof Uint8Array) return new Uint8Array(value);
  if (value instanceof ArrayBuffer) return new Uint8Array(value.slice(0));
  if (value instanceof Blob) return new Uint8Array(await value.arrayBuffer());
  // Something that was taken for JSON: not what was written, which the digests will show.
  return new TextEncoder().encode(JSON.stringify(value) ?? "");
}

function decode(bytes: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  for (let at = 0; at < BASE64.length; at++) {
    if (bytes[at] !== BASE64.charCodeAt(at)) return undefined;
  }
  try {
    return Uint8Array.fromBase64(new TextDecoder().decode(bytes.subarray(BASE64.length)));
  } catch {
    return undefined;
  }
}

/** Whether two have the same bytes. */
export function isEqual(one: Uint8Array | undefined, other: Uint8Array): boolean {
  return one?.length === other.length && one.every((byte, at) => byte === other[at]);
}
