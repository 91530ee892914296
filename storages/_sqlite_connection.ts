import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import { builtin } from "../builtin.ts";
import { StorageError } from "../errors.ts";
import { hasTables, makeTables } from "./_sqlite_schema.ts";

/** For how long SQLite itself waits for a lock, in ms; meanwhile nothing else happens in the thread. */
const TIMEOUT = 10;
/** What of the write-ahead log stays once it was larger and is in the database, in bytes. */
const LOG_KEPT = 64 * 2 ** 20;

/** An open database of ours. Calls are synchronous; a row is an array of its columns. */
export class SqliteConnection {
  /** What tells the file from another one that comes in its place. */
  readonly identity: string;
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();
  #isOpen = true;
  #isLogged = false;
  #isFull = false;

  private constructor(db: DatabaseSync, identity: string) {
    this.#db = db;
    this.identity = identity;
  }

  /** Opens a file; `undefined` where it holds nothing, and is not to be filled. */
  static open(
    file: string,
    { make, identify }: { make: boolean; identify: () => string },
  ): SqliteConnection | undefined {
    const { DatabaseSync } = builtin<typeof import("node:sqlite")>("node:sqlite");
    const db = new DatabaseSync(file, { timeout: TIMEOUT, enableForeignKeyConstraints: false });
    try {
      db.exec("PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA fullfsync = ON");
      // In a transaction: another program may make the tables between one look and the next.
      if (!transact(db, () => hasTables(db, file), { begin: "BEGIN" })) {
        if (!make) return void db.close();
        transact(db, () => hasTables(db, file) || makeTables(db));
      }
      db.exec(`PRAGMA synchronous = NORMAL; PRAGMA journal_size_limit = ${LOG_KEPT}`);
      return new SqliteConnection(db, identify());
    } catch (error) {
      db.close();
      throw error;
    }
  }

  /** Whether it was not closed. */
  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Readies for writing: readers and a writer must not wait for each other. */
  useLog(file: string): void {
    if (this.#isLogged) return;
    const { journal_mode } = this.#db.prepare("PRAGMA journal_mode = WAL").get() as {
      journal_mode: string;
    };
    if (journal_mode !== "wal") {
      throw new StorageError(
        `"${file}" lies on a file system that SQLite cannot share a write-ahead log on; choose a ` +
          'file on a disk of this machine, or a storage of the type "local"',
      );
    }
    this.#isLogged = true;
  }

  /** Runs a transaction that nobody else can write in between; undone where `act` throws. */
  write<T>(act: () => T, { durable }: { durable: boolean }): T {
    if (durable !== this.#isFull) {
      this.#db.exec(`PRAGMA synchronous = ${durable ? "FULL" : "NORMAL"}`);
      this.#isFull = durable;
    }
    return transact(this.#db, act, { prepare: (sql) => this.#statement(sql) });
  }

  /** Gives the first row. */
  row<Row extends unknown[]>(sql: string, ...values: SQLInputValue[]): Row | undefined {
    return this.#statement(sql).get(...values) as unknown as Row | undefined;
  }

  /** Gives all rows. */
  rows<Row extends unknown[]>(sql: string, ...values: SQLInputValue[]): Row[] {
    return this.#statement(sql).all(...values) as unknown as Row[];
  }

  /** Changes rows. Gives how many. */
  run(sql: string, ...values: SQLInputValue[]): number {
    return Number(this.#statement(sql).run(...values).changes);
  }

  /** Closes it. Of the connections to a file the last one removes the log. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#statements.clear();
    this.#db.close();
  }

  #statement(sql: string): StatementSync {
    let statement = this.#statements.get(sql);
    if (statement === undefined) {
      statement = this.#db.prepare(sql);
      (statement as ArrayStatement).setReturnArrays(true);
      this.#statements.set(sql, statement);
    }
    return statement;
  }
}

// Deno has the method, its types do not.
type ArrayStatement = StatementSync & { setReturnArrays(enabled: boolean): void };

// By statements, because what `exec` throws does not say which error it is.
function transact<T>(
  db: DatabaseSync,
  act: () => T,
  {
    begin = "BEGIN IMMEDIATE",
    prepare = (sql: string): StatementSync => db.prepare(sql),
  } = {},
): T {
  prepare(begin).run();
  try {
    const value = act();
    prepare("COMMIT").run();
    return value;
  } catch (error) {
    // Some errors have ended the transaction already.
    if (db.isTransaction) db.exec("ROLLBACK");
    throw error;
  }
}
