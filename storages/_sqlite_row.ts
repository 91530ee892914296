import { sha256Hex } from "../digest.ts";
import { checkFileName } from "./names.ts";
import type { SqliteConnection } from "./_sqlite_connection.ts";
import { PIECE } from "./_sqlite_schema.ts";

/** The largest file that lies in the row of its entry, in bytes. */
export const SMALL = 16 * 1024;
/** How much of small files lies in one row, in bytes. */
export const ROW_LIMIT = 64 * 1024;
/** How long the list of an entry's files may be, in characters. */
export const LIST_LIMIT = 2 ** 20;

/** One file of an entry: in its row, or a blob. */
export interface StoredFile {
  /** The file's name. */
  readonly name: string;
  /** Its size. */
  readonly bytes: number;
  /** The number of its blob, where it has one. */
  readonly blob?: number;
}

/** What the row of a whole entry says. */
export interface EntryRow {
  /** The files in the order of their writing. */
  readonly files: readonly StoredFile[];
  /** Those that lie in the row, one after the other. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The digest of all that the row says. */
  readonly sha256: string;
}

// The limits keep what something else wrote there from filling the memory.
const FIND = "SELECT files, data, sha256 FROM entry WHERE key = ? " +
  `AND octet_length(files) <= ${LIST_LIMIT} AND octet_length(data) <= ${ROW_LIMIT}`;
const PUT = "INSERT INTO entry (key, files, data, sha256) VALUES (?, ?, ?, ?) " +
  "ON CONFLICT (key) DO UPDATE SET files = excluded.files, data = excluded.data, " +
  "sha256 = excluded.sha256";
const LAST_PIECE =
  "SELECT number, octet_length(data) FROM piece WHERE blob = ? ORDER BY number DESC LIMIT 1";

const encoder = new TextEncoder();

type WrittenRow = [list: string, data: Uint8Array<ArrayBuffer>, sha256: string];

/** Gives the row of a whole entry; `undefined` when there is none: no row, a damaged one, pieces missing. */
export function findRow(connection: SqliteConnection, key: string): EntryRow | undefined {
  // A row that was replaced between the looks at it and at its pieces is looked at again.
  let before: string | undefined;
  for (;;) {
    const row = connection.row<WrittenRow>(FIND, key);
    if (row === undefined || row[2] === before) return undefined;
    const whole = wholeRow(connection, key, row);
    if (whole !== undefined) return whole;
    before = row[2];
  }
}

function wholeRow(
  connection: SqliteConnection,
  key: string,
  [list, data, sha256]: WrittenRow,
): EntryRow | undefined {
  if (digestOf(key, list, data) !== sha256) return undefined;
  const files = decodeFiles(list);
  const isWhole = files?.every(({ blob, bytes }) =>
    blob === undefined || isBlobWhole(connection, blob, bytes)
  );
  if (!files || !isWhole || sizeInRow(files) !== data.length) return undefined;
  return { files, data, sha256 };
}

/** Puts a row in place of an earlier one of the key. */
export function putRow(
  connection: SqliteConnection,
  key: string,
  list: string,
  data: Uint8Array,
): void {
  connection.run(PUT, key, list, data, digestOf(key, list, data));
}

/** Gives the numbers of the blobs of an entry, damaged or not. */
export function blobsOf(connection: SqliteConnection, key: string): number[] {
  const row = connection.row<[string]>("SELECT files FROM entry WHERE key = ?", key);
  const files = row && decodeFiles(row[0]);
  return files?.flatMap(({ blob }) => blob ?? []) ?? [];
}

/** Writes the list of an entry's files as JSON: `[["result.cbor",17],["large.bin",5000000,3]]`. */
export function encodeFiles(files: readonly StoredFile[]): string {
  return JSON.stringify(
    files.map(({ name, bytes, blob }) => blob === undefined ? [name, bytes] : [name, bytes, blob]),
  );
}

function decodeFiles(list: string): StoredFile[] | undefined {
  try {
    const rows = JSON.parse(list) as [string, number, number?][];
    const files = rows.map(([name, bytes, blob]) => ({ name, bytes, blob }));
    for (const { name, bytes, blob = 1 } of files) {
      checkFileName(name);
      if (!Number.isSafeInteger(bytes) || bytes < 0) return undefined;
      if (!Number.isSafeInteger(blob) || blob < 1) return undefined;
    }
    return new Set(files.map(({ name }) => name)).size === files.length ? files : undefined;
  } catch {
    return undefined;
  }
}

/** All pieces but the last are of one size, so that the last one tells how much there is. */
function isBlobWhole(connection: SqliteConnection, blob: number, bytes: number): boolean {
  const last = connection.row<[number, number]>(LAST_PIECE, blob);
  return last !== undefined && last[0] * PIECE + last[1] === bytes;
}

function sizeInRow(files: readonly StoredFile[]): number {
  return files.reduce((sum, { bytes, blob }) => blob === undefined ? sum + bytes : sum, 0);
}

function digestOf(key: string, list: string, data: Uint8Array): string {
  const head = `${key}\n${list}\n`;
  const bytes = new Uint8Array(head.length + data.length);
  encoder.encodeInto(head, bytes);
  bytes.set(data, head.length);
  return sha256Hex(bytes);
}
