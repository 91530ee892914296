import { DamagedFile, VerifyingEntry } from "../caches/_digests.ts";
import { type OpenedEntry, openEntry } from "../caches/_opening.ts";
import type { CacheCall } from "../caches/cache.ts";
import { encodeMetadata, type EntryMetadata, METADATA_FILE } from "../caches/metadata.ts";
import { StorageError } from "../errors.ts";
import { SIGNATURE_FILE } from "../signing/entry_signing.ts";
import type { Storage } from "../storages/storage.ts";

/** An entry that is to lie under another key as well. */
export interface Rekeying {
  /** The key under which it lies. */
  readonly from: string;
  /** The key under which it is to lie. */
  readonly to: string;
  /** What it is to say of itself there; `undefined` where it turns out to be another one than was meant. */
  readonly revise: (metadata: EntryMetadata) => EntryMetadata | undefined;
}

/**
 * What became of it: it lies under the new key now (`"rekeyed"`); something did before (`"present"`), or
 * is being computed for it (`"busy"`); it is not there any more, or not to be trusted (`"gone"`); it is
 * damaged; or it is signed, and there is no key to sign it anew by (`"signed"`).
 */
export type Rekeyed = "rekeyed" | "present" | "busy" | "gone" | "damaged" | "signed";

/** From this duration of its task on, in ms, an entry is worth the time that durability takes. */
const DURABLE_AFTER = 1000;
/** Up to this size, in bytes, a file is read whole, which is quicker than piece by piece. */
const SMALL = 2 ** 20;
const TRIES = 3;

/**
 * Puts what lies under one key under another one as well, where nothing lies yet. The files are copied as
 * they are, and checked by their digests on the way; the metadata is written anew, and signed by the key
 * of `call.signing`. All of it appears at once, or nothing. The entry under the old key stays: programs
 * that still have the earlier code find it, and a mistake can be taken back.
 *
 * @throws {StorageError} When the storage fails.
 * @throws {CacheError} When `call.signing` has no key to sign by.
 */
export async function rekey(
  storage: Storage,
  rekeying: Rekeying,
  call: CacheCall,
): Promise<Rekeyed> {
  const { signal } = call;
  // Whoever computes the result just now has newer code to speak for it.
  await using claim = await storage.claim?.(rekeying.to, { signal });
  if (storage.claim && claim === undefined) return "busy";
  if (await storage.exists(rekeying.to, { signal })) return "present";
  for (let attempt = 1;; attempt++) {
    const opened = await openEntry(storage, rekeying.from, call);
    if (opened === undefined) return "gone";
    if (opened.entry.files.has(SIGNATURE_FILE) && !call.signing) return "signed";
    const revised = rekeying.revise(opened.metadata);
    if (revised === undefined) return "gone";
    if (!isWhole(opened)) return "damaged";
    try {
      await copy(storage, opened, revised, { ...call, claim: claim?.token });
      return "rekeyed";
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DamagedFile || error instanceof StorageError && isDamage(error)) {
        call.report?.(`The entry ${rekeying.from} is damaged: ${error.message}`);
        return "damaged";
      }
      // An entry that is replaced while it is read is opened again.
      if (!(error instanceof StorageError) || attempt === TRIES) throw error;
    }
  }
}

/** Whether the entry has the files that it names, and they have the names of files of results. */
function isWhole({ entry, metadata }: OpenedEntry): boolean {
  return Object.entries(metadata.files).every(([file, { bytes }]) =>
    entry.files.get(file) === bytes && file !== METADATA_FILE && file !== SIGNATURE_FILE
  );
}

// Storages may tell of what ended a stream in words of their own.
function isDamage({ cause }: StorageError): boolean {
  return cause instanceof DamagedFile;
}

async function copy(
  storage: Storage,
  { entry, metadata }: OpenedEntry,
  revised: EntryMetadata,
  { signal, signing, claim }: CacheCall & { readonly claim?: string },
): Promise<void> {
  const durable = metadata.duration >= DURABLE_AFTER;
  await using draft = await storage.create(revised.key, { signal, durable, claim });
  const verifying = new VerifyingEntry(entry, metadata.files);
  for (const [file, { bytes }] of Object.entries(metadata.files)) {
    const data = bytes <= SMALL
      ? await verifying.read(file, { signal })
      : await verifying.stream(file, { signal });
    await draft.write(file, data, { signal });
  }
  const head = encodeMetadata(revised);
  await draft.write(METADATA_FILE, head, { signal });
  await signing?.sign(draft, head, { signal });
  await draft.commit({ signal });
}
