import { sha256Hex } from "../digest.ts";

/** What the text of a public key begins with: the algorithm, the only one that there is. */
const PREFIX = "ed25519:";
/** 32 bytes take 43 digits, and a `=` to fill them up. */
const TEXT = /^ed25519:[A-Za-z0-9+/]{43}=$/;
const FINGERPRINT = 16;

/** How long the text of a public key is. */
export const PUBLIC_KEY_LENGTH: number = PREFIX.length + 44;

// Points of which a multiple by eight is the neutral one: for such a key, signatures of anything are made
// up without any private key, and WebCrypto takes them (RFC 8032 leaves that open). Each stands here by
// its y, lowest byte first and without the sign bit; the last two are 0 and 1 written as p and p + 1.
const SMALL_ORDER = new Set([
  `00${"00".repeat(31)}`,
  `01${"00".repeat(31)}`,
  `ec${"ff".repeat(30)}7f`,
  "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
  "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
]);

/** A public key, or why a text is none. */
export type ReadKey =
  | { readonly key: Uint8Array<ArrayBuffer> }
  | { readonly problem: string };

/** The text of a public key of 32 bytes: `ed25519:` and its Base64. */
export function publicKeyText(key: Uint8Array): string {
  return PREFIX + key.toBase64();
}

/**
 * Reads the text of a public key. A problem is told without the text: what stands in the wrong place may
 * be a private key.
 */
export function readPublicKey(text: string): ReadKey {
  if (text.includes("PRIVATE KEY")) {
    return { problem: "holds a private key, which is not to be given away; write the public one" };
  }
  if (!TEXT.test(text)) {
    return { problem: 'expected a public key, "ed25519:" and 44 digits of Base64' };
  }
  let key: Uint8Array<ArrayBuffer>;
  try {
    key = Uint8Array.fromBase64(text.slice(PREFIX.length), { lastChunkHandling: "strict" });
  } catch {
    return { problem: "has bits of its last digit set that belong to no key; is it mistyped?" };
  }
  return isOfSmallOrder(key)
    ? { problem: "is a point of small order, for which anybody can make up signatures" }
    : { key };
}

/** Whether anybody can make up signatures that fit a public key. */
export function isOfSmallOrder(key: Uint8Array): boolean {
  const y = key.slice();
  y[31]! &= 0x7f;
  return SMALL_ORDER.has(y.toHex());
}

/**
 * A public key in short, for people: the first 16 hex digits of the SHA-256 of its 32 bytes. Good for
 * telling keys apart, not for trusting one.
 */
export function fingerprint(key: Uint8Array): string {
  return sha256Hex(key).slice(0, FINGERPRINT);
}

/** The public keys of a text, one a line, and what is wrong with its lines. */
export interface KeyList {
  /** The keys, in their order. */
  readonly keys: readonly Uint8Array<ArrayBuffer>[];
  /** What is wrong, with the number of the line. */
  readonly problems: readonly string[];
}

/** Reads public keys, one a line; what comes after a `#`, and empty lines, are passed over. */
export function readPublicKeys(text: string): KeyList {
  const keys: Uint8Array<ArrayBuffer>[] = [];
  const problems: string[] = [];
  for (const [at, line] of text.replace(/^\uFEFF/, "").split(/\r\n|[\r\n]/).entries()) {
    const [given = ""] = line.split("#", 1);
    if (given.trim() === "") continue;
    const read = readPublicKey(given.trim());
    if ("key" in read) keys.push(read.key);
    else problems.push(`line ${at + 1}: ${read.problem}`);
  }
  return { keys, problems };
}
