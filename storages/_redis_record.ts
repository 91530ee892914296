/**
 * The record of an entry in Redis, with its small files inside. Its form is told in `docs/redis.md`.
 *
 * @module
 */

import { sha256Hex } from "../digest.ts";
import { checkFileName } from "./names.ts";

/** The largest file that lies in the record, in bytes. */
export const SMALL = 32 * 1024;
/** How much of small files lies in one record, in bytes. */
export const INLINE_LIMIT = 64 * 1024;
/** How long the list of an entry's files may be, in characters. */
export const LIST_LIMIT = 2 ** 20;
/** How large a piece of a large file is, in bytes; the last one of a file is smaller. */
export const PIECE = 2 ** 20;

/** One file of an entry: in its record, or in pieces. */
export interface StoredFile {
  /** The file's name. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
  /** The number that its pieces are named by, where it has pieces. */
  readonly number?: number;
}

/** What a record says. */
export interface RedisRecord {
  /** The key of the entry. */
  readonly key: string;
  /** Which of all entries that ever were written this one is. */
  readonly generation: string;
  /** The files in the order of their writing. */
  readonly files: readonly StoredFile[];
  /** Those that lie in the record, one after the other. */
  readonly data: Uint8Array;
}

const FORMAT = 1;
const GENERATION = /^[0-9a-z]{8,40}$/;
const HEAD = '{"sha256":"';
const HEAD_END = '"}\n';
const HEAD_LENGTH = HEAD.length + 64 + HEAD_END.length;
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Gives a name for a generation that no other has: 128 random bits. */
export function newGeneration(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

/** How many pieces the files have together. */
export function countPieces(files: readonly StoredFile[]): number {
  return files.reduce(
    (sum, { bytes, number }) => number === undefined ? sum : sum + Math.ceil(bytes / PIECE),
    0,
  );
}

/** The name of a piece among those of its generation. */
export function pieceName(file: number, piece: number): string {
  return `${file}-${piece}`;
}

/**
 * Gives the bytes of a record: its digest, what it lists, the small files. Scripts on the server read the
 * generation and the count of the pieces from the second line, so that they must come first.
 */
export function encodeRecord(record: RedisRecord): Uint8Array<ArrayBuffer> {
  const { key, generation, files, data } = record;
  const list = JSON.stringify({
    format: FORMAT,
    generation,
    pieces: countPieces(files),
    key,
    files: files.map(({ name, bytes, number }) =>
      number === undefined ? [name, bytes] : [name, bytes, number]
    ),
  });
  const bytes = new Uint8Array(HEAD_LENGTH + list.length + 1 + data.length);
  encoder.encodeInto(`${list}\n`, bytes.subarray(HEAD_LENGTH));
  bytes.set(data, HEAD_LENGTH + list.length + 1);
  encoder.encodeInto(HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END, bytes);
  return bytes;
}

/** Reads the record of a key; `undefined` when a single bit of it is not as it was written. */
export function decodeRecord(key: string, bytes: Uint8Array): RedisRecord | undefined {
  if (bytes.length < HEAD_LENGTH) return undefined;
  const head = HEAD + sha256Hex(bytes.subarray(HEAD_LENGTH)) + HEAD_END;
  if (decoder.decode(bytes.subarray(0, HEAD_LENGTH)) !== head) return undefined;
  const end = bytes.indexOf(NEWLINE, HEAD_LENGTH);
  if (end < 0) return undefined;
  const listed = decodeList(decoder.decode(bytes.subarray(HEAD_LENGTH, end)));
  if (listed?.key !== key) return undefined;
  // A copy: what the client gives is a part of a larger buffer.
  const data = new Uint8Array(bytes.subarray(end + 1));
  const size = listed.files.reduce((sum, { bytes, number }) => number ? sum : sum + bytes, 0);
  return size === data.length ? { ...listed, data } : undefined;
}

function decodeList(line: string): Omit<RedisRecord, "data"> | undefined {
  try {
    const { format, generation, pieces, key, files: rows } = JSON.parse(line);
    if (format !== FORMAT || typeof key !== "string" || !GENERATION.test(generation)) {
      return undefined;
    }
    const files = (rows as [string, number, number?][]).map(([name, bytes, number]) => {
      checkFileName(name);
      return { name, bytes, number };
    });
    const isSound = files.every(({ bytes, number = 1 }) =>
      Number.isSafeInteger(bytes) && bytes >= 0 && Number.isSafeInteger(number) && number > 0
    );
    const isOnceEach = new Set(files.map(({ name }) => name)).size === files.length;
    if (!isSound || !isOnceEach || pieces !== countPieces(files)) return undefined;
    return { key, generation, files };
  } catch {
    return undefined;
  }
}
