import * as v from "valibot";
import { StorageError } from "../errors.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import { encodeJson } from "../json_bytes.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import { codeKey } from "./code_key.ts";

/** The version of the format of these records; those of another one are not read. */
export const CODE_RECORD_FORMAT = 1;
/** The only file of a record, but for its signature. */
export const CODE_FILE = "code.json";
/** No record is larger, in bytes. */
export const CODE_LIMIT = 4 * 2 ** 20;

const BOUNDS = { maxDepth: 8, maxItems: 200_000 };

/**
 * What a version that follows the code was made of, as it is kept beside the results: once for each version,
 * so that a later program, whose code is another one, can tell what changed. What it says is not verified,
 * and not safe to print.
 */
export interface CodeRecord {
  /** The version: `auto:` and 40 hex digits. */
  readonly version: string;
  /** The name of the task type that had it first. */
  readonly type: string;
  /** When it was kept: when tasks of this code first ran. */
  readonly kept: Date;
  /** Declarations, packages and files, with a digest each; see `TaskCode.parts`. */
  readonly parts: ReadonlyMap<string, string>;
}

/** What {@linkcode CODE_FILE} holds. */
export interface CodeMetadata {
  /** The key of the record. */
  readonly key: string;
  /** The record. */
  readonly code: CodeRecord;
  /** None. */
  readonly files: Readonly<Record<string, never>>;
}

const short = v.pipe(v.string(), v.maxLength(4000));
const schema = v.object({
  key: v.string(),
  code: v.object({
    format: v.literal(CODE_RECORD_FORMAT),
    version: short,
    type: short,
    kept: v.pipe(
      v.string(),
      v.transform((text) => new Date(text)),
      v.check((date) => !Number.isNaN(date.getTime())),
    ),
    parts: v.array(v.strictTuple([short, short])),
  }),
  files: v.strictObject({}),
});

const decoder = new TextDecoder();

/** Writes a record; `undefined` where it would be larger than any that is read. */
export function encodeCodeRecord(
  { version, type, kept, parts }: CodeRecord,
): Uint8Array<ArrayBuffer> | undefined {
  const format = CODE_RECORD_FORMAT;
  const code = { format, version, type, kept: kept.toISOString(), parts: [...parts] };
  const bytes = encodeJson({ key: codeKey(version), code, files: {} });
  return decodeCodeRecord(bytes) && bytes;
}

/** Reads a record; `undefined` when the bytes are not one. */
export function decodeCodeRecord(bytes: Uint8Array): CodeMetadata | undefined {
  try {
    if (bytes.length > CODE_LIMIT) return undefined;
    checkJsonBounds(bytes, BOUNDS);
    const read = v.safeParse(schema, JSON.parse(decoder.decode(bytes)));
    if (!read.success) return undefined;
    const { key, code: { version, type, kept, parts }, files } = read.output;
    return { key, code: { version, type, kept, parts: new Map(parts) }, files };
  } catch {
    return undefined;
  }
}

/** A record in a storage. */
export interface StoredCode extends CodeRecord {
  /** Its size in the storage, in bytes. */
  readonly bytes: number;
  /** What tells the entry from one that comes in its place, where the storage knows that. */
  readonly entryVersion: string | undefined;
}

/** How a record is read. */
export interface CodeQuery extends Call {
  /** Whose records are trusted; all when it is left out. */
  readonly signing?: EntrySigning | undefined;
}

/**
 * Reads what a version was made of. Gives `undefined` where that is not kept, or what is kept is torn, foreign
 * or not trusted.
 *
 * @throws {StorageError} When the storage cannot be read at all.
 */
export async function loadCode(
  storage: Storage,
  key: string,
  { signal, signing }: CodeQuery = {},
): Promise<StoredCode | undefined> {
  const entry = await storage.open(key, { signal });
  const size = entry?.files.get(CODE_FILE);
  if (entry === undefined || size === undefined || size > CODE_LIMIT) return undefined;
  try {
    const data = await entry.read(CODE_FILE, { signal });
    if (await signing?.check(entry, data, { signal }) !== undefined) return undefined;
    const metadata = decodeCodeRecord(data);
    if (metadata?.key !== key || codeKey(metadata.code.version) !== key) return undefined;
    const bytes = entry.files.values().reduce((sum, each) => sum + each, 0);
    return { ...metadata.code, bytes, entryVersion: entry.version };
  } catch (error) {
    // What cannot be read was removed meanwhile, or is damaged.
    if (error instanceof StorageError) return undefined;
    throw error;
  }
}
