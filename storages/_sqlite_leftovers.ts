import { Pace } from "./_pace.ts";
import { letGo, removeSome } from "./_sqlite_blob.ts";
import type { SqliteConnection } from "./_sqlite_connection.ts";
import type { SqliteDatabase } from "./_sqlite_database.ts";
import type { Leftover, LeftoverOptions } from "./storage.ts";

const DAY = 24 * 60 * 60 * 1000;

const SIZE =
  "(SELECT coalesce(sum(octet_length(data)), 0) FROM piece WHERE piece.blob = each.blob)";
const LOOSE = `SELECT blob, since, ${SIZE} FROM loose AS each WHERE since <= ?`;
// Of an entry whose list nobody can read, nobody knows which blobs are its own.
const LOST = `SELECT blob, 0, ${SIZE} FROM (SELECT DISTINCT blob FROM piece) AS each ` +
  "WHERE blob NOT IN (SELECT blob FROM loose) " +
  "AND NOT EXISTS (SELECT 1 FROM entry WHERE NOT json_valid(files)) AND blob NOT IN (" +
  "SELECT file.value ->> 2 FROM entry, " +
  "json_each(CASE WHEN json_valid(files) THEN files ELSE '[]' END) AS file " +
  "WHERE file.type = 'array' AND file.value ->> 2 IS NOT NULL)";

type Row = [blob: number, since: number, bytes: number];

/**
 * Gives the blobs that are no entry's: of drafts that wrote nothing for the time of the grace, and of
 * entries that were replaced or deleted. Only time tells whether a draft's program lives.
 */
export async function* findLooseBlobs(
  database: SqliteDatabase,
  { grace = DAY, signal }: LeftoverOptions,
): AsyncGenerator<Leftover> {
  signal?.throwIfAborted();
  database.refresh();
  const found = await database.read("look for what is left over", (connection) => ({
    connection,
    rows: connection.rows<Row>(LOOSE, Date.now() - grace).concat(connection.rows<Row>(LOST)),
  }), signal);
  for (const [blob, since, bytes] of found?.rows ?? []) {
    yield {
      place: `blob ${blob} in ${database.file}`,
      kind: since === 0 ? "replaced" : "draft",
      bytes,
      since: since === 0 ? undefined : new Date(since),
      remove: (call) => remove(database, found!.connection, { blob, since }, call?.signal),
    };
    signal?.throwIfAborted();
  }
}

async function remove(
  database: SqliteDatabase,
  found: SqliteConnection,
  { blob, since }: { readonly blob: number; readonly since: number },
  signal?: AbortSignal,
): Promise<boolean> {
  const pace = new Pace();
  for (let isFirst = true;; isFirst = false) {
    const state = await database.write("remove what is left over", (connection) => {
      // In another file the number means something else.
      if (connection !== found) return "gone";
      const row = connection.row<[number]>("SELECT since FROM loose WHERE blob = ?", blob);
      if (isFirst && row !== undefined && row[0] > since) return "of use";
      if (since > 0 && row === undefined) return "of use";
      letGo(connection, [blob]);
      return removeSome(connection, blob) ? "gone" : "in part";
    }, { signal });
    if (state !== "in part") return state === "gone";
    if (pace.due) await pace.rest();
  }
}
