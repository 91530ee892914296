import type { Call, Draft, Entry } from "../storages/storage.ts";

/** The file of an entry that holds its signature. No cache writes a file of its own by that name. */
export const SIGNATURE_FILE = "signature.json";

/**
 * Why an entry is not trusted: it has no signature (`"unsigned"`), one by a key that is not in the list
 * (`"unknown key"`), or is not what was signed, or not signed well (`"altered"`).
 */
export type Refusal = "unsigned" | "unknown key" | "altered";

/** Signs entries that are saved, and checks those that are to be loaded. */
export interface EntrySigning {
  /** Whether there is a key to sign by; where not, {@linkcode sign} refuses. */
  readonly signs: boolean;
  /**
   * Writes the signature of an entry in the making.
   *
   * @param metadata What its `metadata.json` holds, which names all other files and their digests.
   * @throws {CacheError} When there is no key to sign by.
   */
  sign(draft: Pick<Draft, "write">, metadata: Uint8Array, call?: Call): Promise<void>;
  /**
   * Says why an entry is not to be trusted; `undefined` where it is. Nothing of it is to be believed,
   * decoded or shown as a result before.
   *
   * @param metadata What its `metadata.json` holds: the bytes that are made use of afterwards.
   * @throws {StorageError} When the signature cannot be read.
   */
  check(entry: Entry, metadata: Uint8Array, call?: Call): Promise<Refusal | undefined>;
}
