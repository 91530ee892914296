import { StorageError } from "../errors.ts";
import { Pace } from "./_pace.ts";
import type { SqliteConnection } from "./_sqlite_connection.ts";
import type { SqliteDatabase } from "./_sqlite_database.ts";
import { PIECE } from "./_sqlite_schema.ts";

/** After how long a draft that has written nothing more is thought to be dead, in ms: a day. */
const DEAD_AFTER = 24 * 60 * 60 * 1000;
/** How many pieces are removed in one transaction. */
const AT_ONCE = 8;

const TOUCH = "UPDATE loose SET since = ? WHERE blob = ? AND since > 0";
const PUT_PIECE = "INSERT INTO piece (blob, number, data) VALUES (?, ?, ?)";

/** Begins a blob, which is loose at first. Gives its number. */
export function beginBlob(connection: SqliteConnection): number {
  const sql = "INSERT INTO loose (since) VALUES (?) RETURNING blob";
  return connection.row<[number]>(sql, Date.now())![0];
}

/** Adds the next piece to a loose blob. */
export function addPiece(
  connection: SqliteConnection,
  blob: number,
  number: number,
  data: Uint8Array,
): void {
  if (connection.run(TOUCH, Date.now(), blob) === 0) throw removed();
  connection.run(PUT_PIECE, blob, number, data);
}

/** Writes a whole blob, of a file that is at hand. */
export function putBlob(connection: SqliteConnection, data: Uint8Array): number {
  const blob = beginBlob(connection);
  for (let at = 0; at < data.length; at += PIECE) {
    connection.run(PUT_PIECE, blob, at / PIECE, data.subarray(at, at + PIECE));
  }
  return blob;
}

/** Makes a loose blob an entry's, within the transaction that puts the entry there. */
export function claimBlob(connection: SqliteConnection, blob: number): void {
  const claimed = connection.run("DELETE FROM loose WHERE blob = ? AND since > 0", blob);
  if (claimed === 0) throw removed();
}

/** Gives up blobs; {@linkcode sweep} removes them. */
export function letGo(connection: SqliteConnection, blobs: readonly number[]): void {
  const sql = "INSERT INTO loose (blob, since) VALUES (?, 0) ON CONFLICT DO UPDATE SET since = 0";
  for (const blob of blobs) connection.run(sql, blob);
}

/**
 * Removes what was given up and what dead drafts left behind, in short transactions, so that others can
 * write in between. Never fails: what cannot be removed now is removed by the next one.
 */
export async function sweep(database: SqliteDatabase, signal?: AbortSignal): Promise<void> {
  const pace = new Pace();
  try {
    while (await database.write("remove what is left over", sweepSome, { signal })) {
      if (pace.due) await pace.rest();
    }
  } catch {
    // What stays is nobody's entry: it costs room, never correctness.
  }
}

function sweepSome(connection: SqliteConnection): boolean {
  const found = connection.row<[number]>(
    "SELECT blob FROM loose WHERE since < ? LIMIT 1",
    Date.now() - DEAD_AFTER,
  );
  if (found === undefined) return false;
  const [blob] = found;
  // A draft that turns out to be alive learns of it by its next piece, or by its commit.
  letGo(connection, [blob]);
  removeSome(connection, blob);
  return true;
}

/** Removes some pieces of a blob that was given up, and the blob with the last of them: then gives `true`. */
export function removeSome(connection: SqliteConnection, blob: number): boolean {
  const sql = "DELETE FROM piece WHERE blob = ?1 AND number IN " +
    `(SELECT number FROM piece WHERE blob = ?1 LIMIT ${AT_ONCE})`;
  const isLast = connection.run(sql, blob) < AT_ONCE;
  if (isLast) connection.run("DELETE FROM loose WHERE blob = ?", blob);
  return isLast;
}

function removed(): StorageError {
  return new StorageError(
    "What was written of the entry was taken for what a dead program left, and removed, because nothing " +
      "came for too long; save it again",
  );
}
