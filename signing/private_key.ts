import { publicKeyText } from "./public_key.ts";

/** A private key that signs, and the public key that goes with it. */
export interface SigningKey {
  /** The private key. It cannot be read out again where it was made from a text. */
  readonly privateKey: CryptoKey;
  /** The 32 bytes of the public key. */
  readonly publicKey: Uint8Array<ArrayBuffer>;
}

/** A new pair of keys, as texts. */
export interface GeneratedKey {
  /** PKCS #8 in PEM, as `openssl genpkey -algorithm ed25519` writes it. A secret. */
  readonly privateKey: string;
  /** `ed25519:` and the Base64 of the 32 bytes. */
  readonly publicKey: string;
}

/** A private key, or why there is none. Never with any part of what was read. */
export type ReadPrivateKey = { readonly key: SigningKey } | { readonly problem: string };

const PEM = /^-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----$/;
const OTHER = /-----BEGIN ([A-Z0-9 ]{1,40})-----/;
const MAKE = "lab keygen makes one";

/**
 * Makes a new pair of keys for signing entries.
 *
 * @example
 * ```ts
 * import { generateKey } from "@labtech/lab/signing";
 * import { assertMatch } from "@std/assert";
 *
 * const { privateKey, publicKey } = await generateKey();
 * assertMatch(privateKey, /^-----BEGIN PRIVATE KEY-----\n/);
 * assertMatch(publicKey, /^ed25519:[A-Za-z0-9+/]{43}=$/);
 * ```
 */
export async function generateKey(): Promise<GeneratedKey> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { privateKey, publicKey } = pair as CryptoKeyPair;
  const [pkcs8, raw] = await Promise.all([
    crypto.subtle.exportKey("pkcs8", privateKey),
    crypto.subtle.exportKey("raw", publicKey),
  ]);
  const digits = new Uint8Array(pkcs8).toBase64();
  return {
    privateKey: `-----BEGIN PRIVATE KEY-----\n${digits}\n-----END PRIVATE KEY-----\n`,
    publicKey: publicKeyText(new Uint8Array(raw)),
  };
}

/**
 * Reads a private key: PKCS #8 in PEM. Line ends may be anything, `\n` in two letters too, as variables of
 * the environment have it.
 */
export async function readPrivateKey(text: string): Promise<ReadPrivateKey> {
  const pem = text.replace(/^\uFEFF/, "").replaceAll("\\n", "\n").trim();
  const digits = PEM.exec(pem)?.[1];
  if (digits === undefined) return { problem: notPem(pem) };
  try {
    const pkcs8 = Uint8Array.fromBase64(digits);
    const readable = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", true, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", readable);
    const publicKey = Uint8Array.fromBase64(x!, { alphabet: "base64url" });
    const privateKey = await crypto.subtle.importKey("pkcs8", pkcs8, "Ed25519", false, ["sign"]);
    return { key: { privateKey, publicKey } };
  } catch {
    return { problem: `is no private key of Ed25519, or a damaged one; ${MAKE}` };
  }
}

/** Takes a key of WebCrypto, or a pair of them where the private one cannot be read out. */
export async function takePrivateKey(given: CryptoKey | CryptoKeyPair): Promise<ReadPrivateKey> {
  const { privateKey, publicKey } = given instanceof CryptoKey
    ? { privateKey: given, publicKey: undefined }
    : given;
  const { algorithm: { name }, type, usages, extractable } = privateKey;
  if (name !== "Ed25519" || type !== "private" || !usages.includes("sign")) {
    return { problem: "expected a private CryptoKey of Ed25519 that may sign" };
  }
  if (publicKey === undefined && !extractable) {
    return { problem: "expected a pair { privateKey, publicKey }, as the private key is sealed" };
  }
  if (publicKey === undefined) {
    const { x } = await crypto.subtle.exportKey("jwk", privateKey);
    return { key: { privateKey, publicKey: Uint8Array.fromBase64(x!, { alphabet: "base64url" }) } };
  }
  if (publicKey.algorithm.name !== "Ed25519" || publicKey.type !== "public") {
    return { problem: "expected the publicKey of the pair to be a public CryptoKey of Ed25519" };
  }
  const raw = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return await belongTogether(privateKey, publicKey)
    ? { key: { privateKey, publicKey: raw } }
    : { problem: "expected a pair, got a private and a public key that do not belong together" };
}

async function belongTogether(privateKey: CryptoKey, publicKey: CryptoKey): Promise<boolean> {
  const tried = new TextEncoder().encode("labtech key pair 1\n");
  const signature = await crypto.subtle.sign("Ed25519", privateKey, tried);
  const spki = await crypto.subtle.exportKey("spki", publicKey);
  const verifier = await crypto.subtle.importKey("spki", spki, "Ed25519", false, ["verify"]);
  return await crypto.subtle.verify("Ed25519", verifier, signature, tried);
}

function notPem(text: string): string {
  const other = OTHER.exec(text)?.[1];
  if (other === "ENCRYPTED PRIVATE KEY") {
    return "is encrypted, and nobody is there to ask for its password; take it off by openssl pkey";
  }
  if (other !== undefined && other !== "PRIVATE KEY") {
    return `expected a PRIVATE KEY in PEM (PKCS #8), got ${other}; ${MAKE}`;
  }
  return `expected a private key in PEM (PKCS #8), "-----BEGIN PRIVATE KEY-----" and so on; ${MAKE}`;
}
