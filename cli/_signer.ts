import { METADATA_FILE } from "../caches/metadata.ts";
import { StorageError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import type { Call, Entry } from "../storages/storage.ts";

/** Who signed an entry, and what that is worth. */
export interface Signer {
  /** The fingerprint of the key; left out where there is no readable signature. */
  readonly fingerprint?: string;
  /**
   * `"valid"`: the signature fits, and the Lab names no keys to trust. `"trusted"`, `"unknown key"`: it
   * does, and whether the Lab trusts the key. `"altered"`: it does not fit. `"unsigned"`: there is none.
   */
  readonly state: "valid" | "trusted" | "unknown key" | "altered" | "unsigned";
}

/**
 * Finds out who signed an entry; `undefined` where it is not signed, and the Lab does not want it to be.
 *
 * @throws {ConfigError} When the keys of the Lab cannot be read.
 */
export async function shownSigner(lab: Lab, entry: Entry): Promise<Signer | undefined> {
  const { SIGNATURE_FILE } = await import("../signing/entry_signing.ts");
  if (!entry.files.has(SIGNATURE_FILE)) return lab.signing && { state: "unsigned" };
  try {
    return await signerOf(lab, entry, {});
  } catch (error) {
    if (error instanceof StorageError) return { state: "altered" };
    throw error;
  }
}

async function signerOf(lab: Lab, entry: Entry, call: Call): Promise<Signer> {
  const [{ readSignature }, { KeyRing }, { fingerprint }] = await Promise.all([
    import("../signing/entry_signature.ts"),
    import("../signing/key_ring.ts"),
    import("../signing/public_key.ts"),
  ]);
  const signature = await readSignature(entry, call);
  if (signature === undefined) return { state: "altered" };
  const metadata = await entry.read(METADATA_FILE, call);
  const named = new KeyRing({ trusted: [signature.publicKey] });
  const by = fingerprint(signature.publicKey);
  if (await named.check(entry, metadata, call) !== undefined) {
    return { fingerprint: by, state: "altered" };
  }
  if (lab.signing === undefined) return { fingerprint: by, state: "valid" };
  return { fingerprint: by, state: await lab.signing.check(entry, metadata, call) ?? "trusted" };
}

/** The same in words, for a person. */
export function signerText({ fingerprint, state }: Signer): string {
  switch (state) {
    case "unsigned":
      return "not signed";
    case "valid":
      return `${fingerprint}`;
    case "trusted":
      return `${fingerprint}, trusted`;
    case "unknown key":
      return `${fingerprint}, not trusted`;
    case "altered":
      return fingerprint ? `altered since ${fingerprint}` : "altered";
  }
}
