/**
 * The commit record of a local entry: `metadata.json` in the entry's folder. Its form is told in
 * `docs/storages.md`.
 *
 * @module
 */

import { sha256Hex } from "../digest.ts";
import { StorageError } from "../errors.ts";
import { checkJsonBounds } from "../json_bounds.ts";
import { checkFileName } from "./names.ts";

/** The name of the record in its folder, and of the one file that may lie inside of it. */
export const RECORD = "metadata.json";

/** No record is longer, in bytes; what claims to be is none. */
export const RECORD_LIMIT = 64 * 2 ** 20;

/** No entry has more files. Their list may be hostile, and each takes room in the memory. */
const MOST_FILES = 200_000;
/** Each file has three members. */
const BOUNDS = { maxDepth: 4, maxItems: 4 * MOST_FILES + 100 };
/** Up to this size, in bytes, nothing can come of a list that would be worth a look at each byte. */
const HARMLESS = 64 * 2 ** 10;

/** One file of an entry. */
export interface StoredFile {
  /** The name that the entry gives it. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
}

/** What a record says. */
export interface EntryRecord {
  /** The key of the entry. */
  readonly key: string;
  /** Which of all entries that ever were written this one is. */
  readonly generation: string;
  /** The files, in the order of the numbers in their stored names. */
  readonly files: readonly StoredFile[];
  /** The bytes of the file `metadata.json`, where the record itself holds it. */
  readonly inlined?: Uint8Array<ArrayBuffer>;
}

const FORMAT = 1;
const GENERATION = /^[0-9a-z]{8}-[0-9a-z]{1,11}$/;
const HEAD = '{"sha256":"';
const HEAD_END = '",\n';
const HEAD_LENGTH = HEAD.length + 64 + HEAD_END.length;
const ENTRY = '"entry":';
const INLINED = `${JSON.stringify(RECORD)}:`;
const END = "}\n";
const INLINED_END = `\n${END}`;
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Gives the name under which a file of an entry lies in the folder: never one of another generation. */
export function storedName(generation: string, index: number, name: string): string {
  return `${generation}-${index}-${name}`;
}

/**
 * Gives the bytes of a record.
 *
 * @throws {StorageError} When there are more files than a record may list.
 */
export function encodeRecord(record: EntryRecord): Uint8Array<ArrayBuffer> {
  const { key, generation, inlined } = record;
  if (record.files.length > MOST_FILES) {
    throw new StorageError(
      `The entry "${key}" has ${record.files.length} files, and ${MOST_FILES} is the most; put ` +
        "several into one",
    );
  }
  const files = record.files.map(({ name, bytes }, index) => ({
    name,
    bytes,
    in: inlined && name === RECORD ? RECORD : storedName(generation, index, name),
  }));
  const entry = ENTRY + JSON.stringify({ format: FORMAT, key, generation, files });
  const before = inlined ? `${entry},\n${INLINED}` : `${entry}\n`;
  const after = inlined ? INLINED_END : END;
  const size = inlined?.length ?? 0;
  const bytes = new Uint8Array(HEAD_LENGTH + before.length + size + after.length);
  encoder.encodeInto(before, bytes.subarray(HEAD_LENGTH));
  if (inlined) bytes.set(inlined, HEAD_LENGTH + before.length);
  encoder.encodeInto(after, bytes.subarray(bytes.length - after.length));
  encoder.encodeInto(HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END, bytes);
  return bytes;
}

/** Reads a record; `undefined` when a single bit of it is not as it was written. */
export function decodeRecord(bytes: Uint8Array<ArrayBuffer>): EntryRecord | undefined {
  if (bytes.length < HEAD_LENGTH || bytes.length > RECORD_LIMIT) return undefined;
  const head = HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END;
  if (textOf(bytes.subarray(0, HEAD_LENGTH)) !== head) return undefined;
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  if (end < 0) return undefined;
  const entry = entryOf(bytes.subarray(HEAD_LENGTH, end));
  if (!entry) return undefined;
  const inlinedFile = entry.files.find((file) => file.in === RECORD);
  const rest = bytes.subarray(end + 1);
  if (!inlinedFile) return isText(rest, END) ? entry : undefined;
  const stop = INLINED.length + inlinedFile.bytes;
  if (!isText(rest.subarray(0, INLINED.length), INLINED)) return undefined;
  if (!isText(rest.subarray(stop), INLINED_END)) return undefined;
  return { ...entry, inlined: rest.subarray(INLINED.length, stop) };
}

/**
 * Gives the generation that a record speaks of, were it damaged or not: good for finding what to
 * clear away, and for nothing else.
 */
export function generationIn(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  const line = textOf(bytes.subarray(0, end < 0 ? bytes.length : end));
  return /"generation":"([0-9a-z]{8}-[0-9a-z]{1,11})"/.exec(line)?.[1];
}

/** An entry's record as it stands in the JSON text, where each file also says what it lies in. */
interface WrittenRecord extends EntryRecord {
  readonly files: readonly (StoredFile & { readonly in: string })[];
}

function entryOf(bytes: Uint8Array): WrittenRecord | undefined {
  try {
    if (bytes.length > HARMLESS) checkJsonBounds(bytes, BOUNDS);
    const text = textOf(bytes);
    if (!text.startsWith(ENTRY)) return undefined;
    const line = text.endsWith(",") ? text.slice(0, -1) : text;
    const { format, key, generation, files } = JSON.parse(line.slice(ENTRY.length));
    if (format !== FORMAT || typeof key !== "string") return undefined;
    if (typeof generation !== "string" || !GENERATION.test(generation)) return undefined;
    if (!Array.isArray(files) || !files.every((file, n) => isStored(file, generation, n))) {
      return undefined;
    }
    if (new Set(files.map((file) => file.name)).size < files.length) return undefined;
    return { key, generation, files };
  } catch {
    return undefined;
  }
}

/** The name under which a file lies follows from the rest; it stands in the record for people. */
function isStored(file: WrittenRecord["files"][number], of: string, n: number): boolean {
  checkFileName(file.name);
  return Number.isSafeInteger(file.bytes) && file.bytes >= 0 &&
    (file.in === storedName(of, n, file.name) || (file.in === RECORD && file.name === RECORD));
}

function isText(bytes: Uint8Array, ascii: string): boolean {
  return bytes.length === ascii.length && textOf(bytes) === ascii;
}

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
