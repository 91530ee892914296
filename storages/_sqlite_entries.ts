import { Pace } from "./_pace.ts";
import { SqliteClaims } from "./_sqlite_claims.ts";
import { letGo, sweep } from "./_sqlite_blob.ts";
import { SqliteDatabase } from "./_sqlite_database.ts";
import { SqliteDraft } from "./_sqlite_draft.ts";
import { SqliteEntry } from "./_sqlite_entry.ts";
import { findLooseBlobs } from "./_sqlite_leftovers.ts";
import type { SqlitePlace } from "./_sqlite_file.ts";
import { blobsOf, findRow } from "./_sqlite_row.ts";
import type { Call, Claim, Draft, Entry, Leftover, LeftoverOptions } from "./storage.ts";

/** How many keys one statement lists or looks for. */
const PAGE = 1000;
/** What comes after every character that a key may have. */
const AFTER_KEYS = "\x7f";
const KEY_CHARACTERS = /^[A-Za-z0-9_-]*$/;

const LIST = `SELECT key FROM entry WHERE key >= ? AND key < ? ORDER BY key LIMIT ${PAGE}`;
const LOOK_FOR = "SELECT key FROM entry WHERE key IN (SELECT value FROM json_each(?))";

/** The entries of a database file, under keys that are known to be good ones. */
export class SqliteEntries {
  readonly #database: SqliteDatabase;
  readonly #claims: SqliteClaims;

  /** Speaks of a file. */
  constructor(place: SqlitePlace) {
    this.#database = new SqliteDatabase(place);
    this.#claims = new SqliteClaims(place);
  }

  /** Gives the keys in order. */
  async *findKeys(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    if (!KEY_CHARACTERS.test(prefix)) return;
    this.#database.refresh();
    const pace = new Pace();
    for (let from = prefix;;) {
      const keys = await this.#query(LIST, [from, prefix + AFTER_KEYS], signal);
      for (const key of keys) {
        yield key;
        signal?.throwIfAborted();
      }
      if (keys.length < PAGE) return;
      from = `${keys.at(-1)} `; // a space comes before every character that a key may have
      if (pace.due) await pace.rest();
    }
  }

  /** Which of the keys have a row. */
  async existsMany(keys: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    this.#database.refresh();
    const found = new Set<string>();
    const pace = new Pace();
    for (let at = 0; at < keys.length; at += PAGE) {
      const page = JSON.stringify(keys.slice(at, at + PAGE));
      for (const key of await this.#query(LOOK_FOR, [page], signal)) found.add(key);
      if (pace.due) await pace.rest();
    }
    return found;
  }

  /** Opens a whole entry. */
  open(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const database = this.#database;
    return database.read(`look for "${key}"`, (connection) => {
      const row = findRow(connection, key);
      return row && new SqliteEntry(key, row, { database, connection });
    }, signal);
  }

  /** Begins a new entry. */
  async create(
    key: string,
    { durable, claim, signal }: Call & { durable: boolean; claim: string | undefined },
  ): Promise<Draft> {
    await this.#database.prepare(`create "${key}"`, signal);
    const isLost = claim === undefined ? undefined : () => !this.#claims.has(key, claim);
    return new SqliteDraft(this.#database, key, { durable, isLost });
  }

  /** Claims a key, unless somebody else has it. */
  async claim(key: string, signal?: AbortSignal): Promise<Claim | undefined> {
    await this.#database.prepare(`claim "${key}"`, signal);
    const claim = this.#claims.take(key);
    if (!claim) return undefined;
    try {
      // What holds the claim tells nothing of the entry, which may be there since we last looked.
      const hasEntry = (await this.existsMany([key], signal)).has(key);
      const { token } = claim;
      return {
        ...{ key, token, hasEntry },
        isHeld: () => claim.isHeld(),
        [Symbol.asyncDispose]: () => claim[Symbol.asyncDispose](),
      };
    } catch (error) {
      await claim[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Removes an entry, damaged or not. Gives whether there was one. */
  async delete(key: string, signal?: AbortSignal): Promise<boolean> {
    this.#database.refresh();
    const doing = `delete "${key}"`;
    const isThere = await this.#database.read(
      doing,
      (connection) => connection.row("SELECT 1 FROM entry WHERE key = ?", key) !== undefined,
      signal,
    );
    if (!isThere) return false;
    const { deleted, blobs } = await this.#database.write(doing, (connection) => {
      const blobs = blobsOf(connection, key);
      letGo(connection, blobs);
      return { deleted: connection.run("DELETE FROM entry WHERE key = ?", key), blobs };
    }, { signal });
    if (blobs.length > 0) await sweep(this.#database, signal);
    return deleted > 0;
  }

  /** Gives what is no entry's. */
  async *findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    yield* findLooseBlobs(this.#database, options);
    yield* this.#claims.findLeftovers(options);
  }

  /** Closes the connection, for good. */
  dispose(): void {
    this.#database.dispose();
    this.#claims.dispose();
  }

  async #query(sql: string, values: string[], signal?: AbortSignal): Promise<string[]> {
    const rows = await this.#database.read(
      "look for entries",
      (connection) => connection.rows<[string]>(sql, ...values),
      signal,
    );
    return rows?.map(([key]) => key) ?? [];
  }
}
