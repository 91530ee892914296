import { StorageError } from "../errors.ts";
import type { Refusal } from "../signing/entry_signing.ts";
import type { Entry, Storage } from "../storages/storage.ts";
import type { CacheCall } from "./cache.ts";
import { decodeMetadata, type EntryMetadata, METADATA_FILE, METADATA_LIMIT } from "./metadata.ts";

/** An entry, and what it says of itself. */
export interface OpenedEntry {
  /** The entry. */
  readonly entry: Entry;
  /** What it says of itself. */
  readonly metadata: EntryMetadata;
}

const TRIES = 3;

/**
 * Opens an entry that says of itself that it lies under its key, and is trusted where that is asked for.
 * The bytes that were checked are those that are decoded: they are read once.
 */
export async function openEntry(
  storage: Storage,
  key: string,
  call: CacheCall,
): Promise<OpenedEntry | undefined> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const entry = await storage.open(key, call);
    if (entry === undefined) return undefined;
    const size = entry.files.get(METADATA_FILE);
    if (size === undefined || size > METADATA_LIMIT) {
      const what = size === undefined ? `no ${METADATA_FILE}` : `${METADATA_FILE} of ${size} bytes`;
      call.report?.(`The entry ${key} has ${what}; something else made it`);
      return undefined;
    }
    try {
      return await readMetadata(entry, key, call);
    } catch (error) {
      // An entry that is replaced while it is read is opened again.
      if (!(error instanceof StorageError)) throw error;
    }
  }
  call.report?.(unreadable(key));
  return undefined;
}

async function readMetadata(
  entry: Entry,
  key: string,
  call: CacheCall,
): Promise<OpenedEntry | undefined> {
  const bytes = await entry.read(METADATA_FILE, call);
  const why = await call.signing?.check(entry, bytes, call);
  if (why !== undefined) {
    refuse(call, key, why);
    return undefined;
  }
  const metadata = decodeMetadata(bytes);
  if (metadata?.key === key) return { entry, metadata };
  // Signed as it is, it was put where it does not belong.
  if (call.signing && metadata) refuse(call, key, "altered");
  else call.report?.(unreadable(key));
  return undefined;
}

function unreadable(key: string): string {
  return `The entry ${key} has no readable ${METADATA_FILE} of its own`;
}

const REASONS: Readonly<Record<Refusal, string>> = {
  unsigned: "it has no signature",
  "unknown key": "it is signed by a key that is not among those to trust",
  altered: "it is not what was signed",
};

/** Tells of an entry that is not trusted. */
export function refuse(call: CacheCall, key: string, why: Refusal): void {
  if (call.refused) call.refused(key, why);
  else call.report?.(`The entry ${key} is not trusted: ${REASONS[why]}`);
}
