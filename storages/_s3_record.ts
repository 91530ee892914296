/**
 * The record of an entry in S3, with its small files inside. Its form is told in `docs/s3.md`.
 *
 * @module
 */

import { sha256Hex } from "../digest.ts";
import { checkFileName } from "./names.ts";
import { isGeneration } from "./_s3_place.ts";

/** The largest file that lies in the record, in bytes. */
export const SMALL = 128 * 1024;
/** How much of small files lies in one record, in bytes: about what a server sends while it answers one more call. */
export const INLINE_LIMIT = 256 * 1024;
/** No record is longer, in bytes; what claims to be is none. */
export const RECORD_LIMIT = 16 * 2 ** 20;

/** One file of an entry: in its record, or an object of its own. */
export interface StoredFile {
  /** The file's name. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
  /** The last part of the object's name, where it is one of its own. */
  readonly object?: string;
}

/** What a record says. */
export interface S3Record {
  /** The key of the entry. */
  readonly key: string;
  /** Which of all entries that ever were written this one is. */
  readonly generation: string;
  /** The files in the order of their writing. */
  readonly files: readonly StoredFile[];
  /** Those that lie in the record, one after the other. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const FORMAT = 1;
const HEAD = '{"sha256":"';
const HEAD_END = '"}\n';
const HEAD_LENGTH = HEAD.length + 64 + HEAD_END.length;
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The last part of the name of a data object: the number keeps apart what some servers hold for the same. */
export function objectName(index: number, file: string): string {
  return `${index}-${file}`;
}

/** Gives the bytes of a record: its digest, what it lists, the small files. */
export function encodeRecord(record: S3Record): Uint8Array<ArrayBuffer> {
  const { key, generation, files, data } = record;
  const list = `${JSON.stringify({ format: FORMAT, key, generation, files })}\n`;
  const start = HEAD_LENGTH + list.length;
  const bytes = new Uint8Array(start + data.length);
  encoder.encodeInto(list, bytes.subarray(HEAD_LENGTH));
  bytes.set(data, start);
  encoder.encodeInto(HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END, bytes);
  return bytes;
}

/** Reads the record of a key; `undefined` when a single bit of it is not as it was written. */
export function decodeRecord(key: string, bytes: Uint8Array<ArrayBuffer>): S3Record | undefined {
  if (bytes.length < HEAD_LENGTH) return undefined;
  const head = HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END;
  if (textOf(bytes.subarray(0, HEAD_LENGTH)) !== head) return undefined;
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  if (end < 0) return undefined;
  const listed = decodeList(textOf(bytes.subarray(HEAD_LENGTH, end)));
  if (listed?.key !== key) return undefined;
  const data = bytes.subarray(end + 1);
  const size = listed.files.reduce((sum, file) => file.object ? sum : sum + file.bytes, 0);
  return size === data.length ? { ...listed, data } : undefined;
}

/**
 * Gives the generation that a record speaks of, were it damaged or not: good for finding what to
 * clear away, and for nothing else.
 */
export function generationOf(bytes: Uint8Array): string | undefined {
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  const line = textOf(bytes.subarray(0, end < 0 ? bytes.length : end));
  return /"generation":"([0-9a-f]{32})"/.exec(line)?.[1];
}

function decodeList(line: string): Omit<S3Record, "data"> | undefined {
  try {
    const { format, key, generation, files } = JSON.parse(line);
    if (format !== FORMAT || typeof key !== "string" || !isGeneration(generation)) return undefined;
    if (!Array.isArray(files) || !files.every(isStored)) return undefined;
    if (new Set(files.map((file) => file.name)).size < files.length) return undefined;
    return { key, generation, files };
  } catch {
    return undefined;
  }
}

/** The name of an object follows from the rest; it stands in the record for people. */
function isStored({ name, bytes, object }: StoredFile, index: number): boolean {
  checkFileName(name);
  return Number.isSafeInteger(bytes) && bytes >= 0 &&
    (object === undefined || object === objectName(index, name));
}

function textOf(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
