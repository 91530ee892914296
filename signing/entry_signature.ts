import type { Call, Entry } from "../storages/storage.ts";
import { SIGNATURE_FILE } from "./entry_signing.ts";
import { PUBLIC_KEY_LENGTH, publicKeyText, readPublicKey } from "./public_key.ts";

/** A signature, and the key that it is said to be by. */
export interface EntrySignature {
  /** The 32 bytes of the public key. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
  /** The 64 bytes of the signature. */
  readonly signature: Uint8Array<ArrayBuffer>;
}

// So that what a key signs elsewhere is never a signature of an entry, nor the other way round.
const DOMAIN = new TextEncoder().encode("labtech entry signature 1\n");
const WRITTEN = /^\{"key":"(ed25519:[A-Za-z0-9+/]{43}=)","signature":"([A-Za-z0-9+/]{86}==)"\}\n$/;
const LENGTH = '{"key":"","signature":""}\n'.length + PUBLIC_KEY_LENGTH + 88;

/** The bytes that are signed: the domain, then what `metadata.json` holds, to the bit. */
export function signedBytes(metadata: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(DOMAIN.length + metadata.length);
  bytes.set(DOMAIN);
  bytes.set(metadata, DOMAIN.length);
  return bytes;
}

/** What `signature.json` holds: always 166 bytes. */
export function encodeSignature({ publicKey, signature }: EntrySignature): Uint8Array {
  const [key, digits] = [publicKeyText(publicKey), signature.toBase64()];
  return new TextEncoder().encode(`{"key":"${key}","signature":"${digits}"}\n`);
}

/** Reads it back; `undefined` where a single bit is not as {@linkcode encodeSignature} writes it. */
export function decodeSignature(bytes: Uint8Array): EntrySignature | undefined {
  const written = WRITTEN.exec(new TextDecoder().decode(bytes));
  const read = readPublicKey(written?.[1] ?? "");
  if (written === null || bytes.length !== LENGTH || !("key" in read)) return undefined;
  try {
    const signature = Uint8Array.fromBase64(written[2]!, { lastChunkHandling: "strict" });
    return { publicKey: read.key, signature };
  } catch {
    return undefined; // bits are set that stand for nothing
  }
}

/**
 * Reads the signature of an entry; `undefined` where it is none. What is not as long as a signature is not
 * read at all.
 *
 * @throws {StorageError} When it cannot be read.
 */
export async function readSignature(entry: Entry, call: Call): Promise<EntrySignature | undefined> {
  if (entry.files.get(SIGNATURE_FILE) !== LENGTH) return undefined;
  return decodeSignature(await entry.read(SIGNATURE_FILE, call));
}

/** What verifies the signatures of a key. */
export function verifierOf(publicKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
}
