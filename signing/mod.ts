/**
 * Signed entries: whose results a Lab believes. A Lab with the option `signing` signs what it saves by its
 * private key (Ed25519), and takes what is not signed by a key that it trusts, or was altered since, for
 * absent. `docs/signing.md` tells how to use it, and what it promises.
 *
 * The signature of an entry is a file of it, `signature.json`, of 166 bytes of ASCII:
 *
 * ```text
 * {"key":"ed25519:PUBLIC","signature":"SIGNATURE"}⏎
 * ```
 *
 * without blanks and with a line feed (0x0A) at its end. `PUBLIC` is the padded Base64 (RFC 4648, section 4)
 * of the 32 bytes of the public key, `SIGNATURE` that of the 64 bytes of the signature (RFC 8032, section
 * 5.1, pure Ed25519). What is signed is the 26 bytes of ASCII `labtech entry signature 1⏎`, then the bytes
 * of the entry's `metadata.json` as they are, which names the key of the entry, its task and its cache, and
 * has size and SHA-256 of each other file.
 *
 * @module
 */

export { type GeneratedKey, generateKey } from "./private_key.ts";
export { type EntrySigning, type Refusal, SIGNATURE_FILE } from "./entry_signing.ts";
export type { KeyFile, KeyVariable, SigningOptions } from "./options.ts";
export { openKeys } from "./open_keys.ts";
export type { Call, Draft, Entry } from "../storages/storage.ts";
