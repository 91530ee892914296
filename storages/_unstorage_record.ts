/**
 * The record of an entry on a driver of unstorage, with its small files inside. Its form is told in
 * `docs/unstorage.md`.
 *
 * @module
 */

import { sha256Hex } from "../digest.ts";
import { isGeneration } from "./_unstorage_names.ts";
import { checkFileName } from "./names.ts";

/** No record is longer, in bytes; what claims to be is none. */
export const RECORD_LIMIT = 16 * 2 ** 20;

/** One file of an entry. */
export interface StoredFile {
  /** The file's name. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
  /** The SHA-256 of each of its pieces; of a file in the record there is none. */
  readonly pieces?: readonly string[];
}

/** What a record says. */
export interface UnstorageRecord {
  /** The key of the entry. */
  readonly key: string;
  /** Which of all entries that ever were written this one is. */
  readonly generation: string;
  /** How large a piece is, in bytes; the last one of a file may be smaller. */
  readonly piece: number;
  /** The files in the order of their writing. */
  readonly files: readonly StoredFile[];
  /** Those that lie in the record, one after the other. */
  readonly data: Uint8Array<ArrayBuffer>;
}

const FORMAT = 1;
const SHA256 = /^[0-9a-f]{64}$/;
const HEAD = '{"sha256":"';
const HEAD_END = '"}\n';
const HEAD_LENGTH = HEAD.length + 64 + HEAD_END.length;
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Gives the bytes of a record: its digest, what it lists, the small files. */
export function encodeRecord(record: UnstorageRecord): Uint8Array<ArrayBuffer> {
  const { key, generation, piece, data } = record;
  const files = record.files.map(({ name, bytes, pieces }) =>
    pieces ? [name, bytes, pieces] : [name, bytes]
  );
  const list = `${JSON.stringify({ format: FORMAT, key, generation, piece, files })}\n`;
  const bytes = new Uint8Array(HEAD_LENGTH + list.length + data.length);
  encoder.encodeInto(list, bytes.subarray(HEAD_LENGTH));
  bytes.set(data, HEAD_LENGTH + list.length);
  encoder.encodeInto(HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END, bytes);
  return bytes;
}

/** Reads the record of a key; `undefined` when a single bit of it is not as it was written. */
export function decodeRecord(
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): UnstorageRecord | undefined {
  if (bytes.length < HEAD_LENGTH || bytes.length > RECORD_LIMIT) return undefined;
  const head = HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END;
  if (decoder.decode(bytes.subarray(0, HEAD_LENGTH)) !== head) return undefined;
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  if (end < 0) return undefined;
  const listed = decodeList(decoder.decode(bytes.subarray(HEAD_LENGTH, end)));
  if (listed?.key !== key) return undefined;
  const data = bytes.subarray(end + 1);
  const size = listed.files.reduce((sum, { bytes, pieces }) => pieces ? sum : sum + bytes, 0);
  return size === data.length ? { ...listed, data } : undefined;
}

/**
 * Gives the generation that a record speaks of, were it damaged or not: good for finding what to clear
 * away, and for nothing else.
 */
export function generationIn(bytes: Uint8Array): string | undefined {
  const text = decoder.decode(bytes.subarray(0, HEAD_LENGTH + 1000));
  const generation = /"generation":"([0-9a-z-]+)"/.exec(text)?.[1];
  return isGeneration(generation) ? generation : undefined;
}

function decodeList(line: string): Omit<UnstorageRecord, "data"> | undefined {
  try {
    const { format, key, generation, piece, files: rows } = JSON.parse(line);
    if (format !== FORMAT || typeof key !== "string" || !isGeneration(generation)) return undefined;
    if (!Number.isSafeInteger(piece) || piece < 1) return undefined;
    const files = (rows as [string, number, string[]?][]).map(([name, bytes, pieces]) => {
      checkFileName(name);
      return pieces === undefined ? { name, bytes } : { name, bytes, pieces };
    });
    const isSound = files.every((file) => isStored(file, piece));
    const isOnceEach = new Set(files.map(({ name }) => name)).size === files.length;
    return isSound && isOnceEach ? { key, generation, piece, files } : undefined;
  } catch {
    return undefined;
  }
}

function isStored({ bytes, pieces }: StoredFile, piece: number): boolean {
  if (!Number.isSafeInteger(bytes) || bytes < 0) return false;
  if (pieces === undefined) return true;
  return Array.isArray(pieces) && pieces.length === Math.ceil(bytes / piece) &&
    pieces.every((digest) => typeof digest === "string" && SHA256.test(digest));
}
