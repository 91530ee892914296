import type { DatabaseSync } from "node:sqlite";
import { StorageError } from "../errors.ts";

/** Marks a database as one of ours: "labt" in ASCII, in the header of the file. */
export const APPLICATION_ID = 0x6c616274;
/** The version of the tables, which stands in the header too. */
export const SCHEMA_VERSION = 1;

/** The size of the pieces that a large file is kept in, in bytes; the last of them may be smaller. */
export const PIECE = 2 ** 20;

/**
 * `entry` has a row an entry: its small files lie in it one after the other, its large ones as `piece`s
 * of a blob. `loose` lists the blobs that are no entry's: those of drafts, with the time of the last
 * piece in ms, and those to be removed, with 0. A number is never given to a second blob.
 */
const TABLES: readonly string[] = [
  "CREATE TABLE entry (key TEXT NOT NULL PRIMARY KEY, files TEXT NOT NULL, data BLOB NOT NULL, " +
  "sha256 TEXT NOT NULL) STRICT",
  "CREATE TABLE piece (blob INTEGER NOT NULL, number INTEGER NOT NULL, data BLOB NOT NULL, " +
  "PRIMARY KEY (blob, number)) STRICT",
  "CREATE TABLE loose (blob INTEGER PRIMARY KEY AUTOINCREMENT, since INTEGER NOT NULL) STRICT",
];

/** Makes the tables. To be called within a transaction. */
export function makeTables(db: DatabaseSync): void {
  for (const sql of TABLES) db.prepare(sql).run();
  db.prepare(`PRAGMA application_id = ${APPLICATION_ID}`).run();
  db.prepare(`PRAGMA user_version = ${SCHEMA_VERSION}`).run();
}

/**
 * Whether a database holds our tables, and nothing that runs by itself; false where it holds nothing.
 *
 * @throws {StorageError} When it holds anything else.
 */
export function hasTables(db: DatabaseSync, file: string): boolean {
  const rows = db.prepare(
    "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'",
  )
    .all() as { sql: string }[];
  const application = numberOf(db, "application_id");
  const version = numberOf(db, "user_version");
  if (rows.length === 0 && application === 0 && version === 0) return false;
  if (application !== APPLICATION_ID) throw foreign(file);
  if (version > SCHEMA_VERSION) throw newer(file, version);
  const found = rows.map(({ sql }) => sql).sort();
  if (JSON.stringify(found) !== JSON.stringify(TABLES.toSorted())) throw foreign(file);
  return true;
}

/** The error for what is no storage. */
export function foreign(file: string): StorageError {
  return new StorageError(
    `Expected a storage, but "${file}" holds something else; it is left as it is: choose another file`,
  );
}

/** The error for what a later version of the library made. */
export function newer(file: string, version: number): StorageError {
  return new StorageError(
    `The storage "${file}" has tables of version ${version}, and this library knows versions up to ` +
      `${SCHEMA_VERSION}; use a newer one, or choose another file`,
  );
}

function numberOf(db: DatabaseSync, pragma: string): number {
  return (db.prepare(`PRAGMA ${pragma}`).get() as Record<string, number>)[pragma]!;
}
