import { isPlainObject } from "../describe.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import { encodeJson } from "../json_bytes.ts";
import type { TaskTableJson } from "../serialize.ts";
import { checkSize } from "./_limits.ts";
import type { Environment } from "./environment.ts";

/** The file of every entry that says what the entry is. */
export const METADATA_FILE = "metadata.json";

/** Size and digest of one file of an entry. */
export interface FileRecord {
  /** In bytes. */
  readonly bytes: number;
  /** Of the content, as 64 hex digits. */
  readonly sha256: string;
}

/** That somebody declared a result to be good for another code version: `lab accept`. */
export interface AcceptedChange {
  /** The name of the task type whose code version it is: the task's own, or that of a nested one. */
  readonly type: string;
  /** The code version that the result was computed with; `null` where there was none. */
  readonly from: string | null;
  /** The one that it was taken over to. */
  readonly to: string | null;
  /** Why that does no harm. */
  readonly why: string;
  /** When it was declared, in ISO 8601. */
  readonly at: string;
}

/** That a result was taken over from an entry of an older shape: `migrate` and `formerly`. */
export interface MigratedFrom {
  /** The key of that entry. */
  readonly key: string;
  /** The id that its task had. */
  readonly id: string;
  /** That task in words. */
  readonly task: string;
  /** When it was taken over, in ISO 8601. */
  readonly at: string;
}

/** What `metadata.json` of an entry holds. */
export interface EntryMetadata {
  /** The key of the entry. */
  readonly key: string;
  /** The cache that wrote the entry, and the version of its format. */
  readonly cache: { readonly name: string; readonly version: number };
  /** The task, and each task nested in it once, by id. */
  readonly task: TaskTableJson;
  /** When `run` began, in ISO 8601. */
  readonly start: string;
  /** How long `run` took, in ms. */
  readonly duration: number;
  /** How many attempts it took, where the first one failed. */
  readonly attempts?: number;
  /** What the task ran on. */
  readonly environment: Environment;
  /** By what declarations it came to be good for its code versions, the oldest first. */
  readonly accepted?: readonly AcceptedChange[];
  /** From which entries it was taken over, the oldest first. */
  readonly migrated?: readonly MigratedFrom[];
  /** The other files of the entry. */
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** No metadata is larger, in bytes: room for a table of a quarter of a million tasks. */
export const METADATA_LIMIT = 64 * 2 ** 20;
/** Params may be nested 256 deep. */
const BOUNDS = { maxDepth: 300, maxItems: 4_000_000 };
/** Up to this size, in bytes, nothing can come of metadata that would be worth a look at each byte. */
const HARMLESS = 64 * 2 ** 10;

// Not fatal, which would take three times as long: what is damaged differs from its digest or its id.
const decoder = new TextDecoder();

/**
 * Writes metadata as JSON that a person can read.
 *
 * @throws {SerializationError} When it would be larger than any that is read.
 */
export function encodeMetadata(metadata: EntryMetadata): Uint8Array {
  const bytes = encodeJson(metadata);
  checkBounds(bytes);
  return bytes;
}

/** Reads metadata; `undefined` when the bytes are not that. The task table is not looked into. */
export function decodeMetadata(bytes: Uint8Array): EntryMetadata | undefined {
  let json: unknown;
  try {
    checkBounds(bytes);
    json = JSON.parse(decoder.decode(bytes));
  } catch {
    return undefined;
  }
  return isMetadata(json) ? json : undefined;
}

function checkBounds(bytes: Uint8Array): void {
  checkSize(METADATA_FILE, bytes.length, METADATA_LIMIT);
  if (bytes.length > HARMLESS) checkJsonBounds(bytes, BOUNDS);
}

function isMetadata(json: unknown): json is EntryMetadata {
  if (!isPlainObject(json)) return false;
  const { key, cache, task, start, duration, attempts, accepted = [], migrated = [], files } = json;
  return typeof key === "string" && isPlainObject(cache) && typeof cache.name === "string" &&
    typeof cache.version === "number" && isPlainObject(task) && typeof task.id === "string" &&
    isPlainObject(task.tasks) && typeof start === "string" &&
    !Number.isNaN(Date.parse(start)) && typeof duration === "number" &&
    (attempts === undefined || typeof attempts === "number") && isPlainObject(files) &&
    Object.values(files).every(isFileRecord) &&
    Array.isArray(accepted) && accepted.every(isAcceptedChange) &&
    Array.isArray(migrated) && migrated.every(isMigratedFrom);
}

function isAcceptedChange(json: unknown): json is AcceptedChange {
  if (!isPlainObject(json)) return false;
  const { type, from, to, why, at } = json;
  const areVersions = [from, to].every((each) => each === null || typeof each === "string");
  return areVersions && [type, why, at].every((each) => typeof each === "string");
}

function isMigratedFrom(json: unknown): json is MigratedFrom {
  if (!isPlainObject(json)) return false;
  const { key, id, task, at } = json;
  return [key, id, task, at].every((each) => typeof each === "string");
}

function isFileRecord(json: unknown): json is FileRecord {
  return isPlainObject(json) && typeof json.bytes === "number" && typeof json.sha256 === "string";
}
