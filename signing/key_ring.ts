import { CacheError } from "../errors.ts";
import type { Call, Draft, Entry } from "../storages/storage.ts";
import { encodeSignature, readSignature, signedBytes, verifierOf } from "./entry_signature.ts";
import { type EntrySigning, type Refusal, SIGNATURE_FILE } from "./entry_signing.ts";
import type { SigningKey } from "./private_key.ts";
import { publicKeyText } from "./public_key.ts";

/** Keys that were read: what a key ring is made of, here and in other threads. */
export interface SigningKeys {
  /** What to sign by; left out by who only reads. */
  readonly own?: SigningKey | undefined;
  /** The public keys to trust beside one's own, of 32 bytes each. */
  readonly trusted: readonly Uint8Array<ArrayBuffer>[];
}

/** A key to sign by, and those that are trusted. Checked keys only: see {@linkcode readPublicKey}. */
export class KeyRing implements EntrySigning {
  readonly #keys: SigningKeys;
  /** What verifies signatures, by the text of the public key; `undefined` until it is first needed. */
  readonly #verifiers: Map<string, Promise<CryptoKey> | undefined>;

  /** Makes it of keys that were read. */
  constructor(keys: SigningKeys) {
    const { own, trusted } = keys;
    this.#keys = keys;
    const known = own ? [own.publicKey, ...trusted] : trusted;
    this.#verifiers = new Map(known.map((key) => [publicKeyText(key), undefined]));
  }

  /** Whether there is a key to sign by. */
  get signs(): boolean {
    return this.#keys.own !== undefined;
  }

  /** What another thread makes an equal one of. The private key is in it. */
  get keys(): SigningKeys {
    return this.#keys;
  }

  /** Writes the signature of an entry in the making; see {@linkcode EntrySigning.sign}. */
  async sign(draft: Pick<Draft, "write">, metadata: Uint8Array, call?: Call): Promise<void> {
    const { own } = this.#keys;
    if (own === undefined) throw new CacheError(NO_KEY);
    const { privateKey, publicKey } = own;
    const signed = await crypto.subtle.sign("Ed25519", privateKey, signedBytes(metadata));
    const signature = new Uint8Array(signed);
    await draft.write(SIGNATURE_FILE, encodeSignature({ publicKey, signature }), call);
  }

  /** Says why an entry is not to be trusted; see {@linkcode EntrySigning.check}. */
  async check(
    entry: Entry,
    metadata: Uint8Array,
    call: Call = {},
  ): Promise<Refusal | undefined> {
    if (!entry.files.has(SIGNATURE_FILE)) return "unsigned";
    const signature = await readSignature(entry, call);
    if (signature === undefined) return "altered";
    const verifier = this.#verifierOf(signature.publicKey);
    if (verifier === undefined) return "unknown key";
    const bytes = signedBytes(metadata);
    const fits = await crypto.subtle.verify("Ed25519", await verifier, signature.signature, bytes);
    return fits ? undefined : "altered";
  }

  #verifierOf(publicKey: Uint8Array<ArrayBuffer>): Promise<CryptoKey> | undefined {
    const text = publicKeyText(publicKey);
    if (!this.#verifiers.has(text)) return undefined;
    const verifier = this.#verifiers.get(text) ?? verifierOf(publicKey);
    this.#verifiers.set(text, verifier);
    return verifier;
  }
}

/** Why a Lab cannot save, and what to do. */
export const NO_KEY =
  "There is no key to sign results by: this Lab reads what others have signed, " +
  "and would not trust what it saves itself. Give it one of its own as signing.key (lab keygen makes " +
  "one), or keep no results by the storage null";
