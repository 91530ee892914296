import { dirname } from "@std/path/dirname";
import { StorageError } from "../errors.ts";
import { isAbsence } from "./_local_files.ts";
import { SqliteConnection } from "./_sqlite_connection.ts";
import { isBusy, missingFolder, sqliteFailure } from "./_sqlite_failure.ts";
import {
  findFile,
  identify,
  refuseForeign,
  refuseNetwork,
  type SqlitePlace,
} from "./_sqlite_file.ts";

/** For how long a call waits while others write, in ms. */
const PATIENCE = 60_000;
/** The longest time between two tries, in ms. */
const LONGEST_WAIT = 50;

/** How a transaction is run. */
export interface Writing {
  /** Aborts the wait for others that write. */
  readonly signal?: AbortSignal;
  /** Whether it is to survive a loss of power once it is done. @default {false} */
  readonly durable?: boolean;
}

/** A database file that need not be there yet, and the connection to it once there is one. */
export class SqliteDatabase {
  /** Its absolute path. */
  readonly file: string;
  readonly #place: SqlitePlace;
  #connection?: SqliteConnection;
  #isDisposed = false;

  /** Speaks of a file. */
  constructor(place: SqlitePlace) {
    this.file = place.file;
    this.#place = place;
  }

  /** Reads; gives `undefined` where there is no database. `doing` tells what for, in an error. */
  read<T>(
    doing: string,
    act: (connection: SqliteConnection) => T,
    signal?: AbortSignal,
  ): Promise<T | undefined> {
    return this.#patiently(doing, () => {
      const connection = this.#connect({ make: false });
      return connection && act(connection);
    }, signal);
  }

  /** Runs a transaction; makes the database where there is none. */
  write<T>(
    doing: string,
    act: (connection: SqliteConnection) => T,
    { signal, durable = false }: Writing = {},
  ): Promise<T> {
    return this.#patiently(doing, () => {
      const connection = this.#connect({ make: true })!;
      connection.useLog(this.file);
      return connection.write(() => act(connection), { durable });
    }, signal);
  }

  /** Makes the database ready, so that what stands in the way shows. */
  prepare(doing: string, signal?: AbortSignal): Promise<void> {
    this.refresh();
    return this.#patiently(doing, () => {
      this.#connect({ make: true })!.useLog(this.file);
    }, signal);
  }

  /** Lets go of a file that was removed, or replaced by another one, since it was opened. */
  refresh(): void {
    const { identity } = this.#connection ?? {};
    if (identity === undefined) return;
    let found: string | undefined;
    try {
      found = identify(this.file);
    } catch (error) {
      throw sqliteFailure(this.#place, "look for the file", error);
    }
    if (found !== identity) this.#close();
  }

  /** Closes the connection, for good. */
  dispose(): void {
    this.#isDisposed = true;
    this.#close();
  }

  #close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close();
  }

  #connect({ make }: { make: boolean }): SqliteConnection | undefined {
    if (this.#isDisposed) {
      throw new StorageError(`The storage "${this.file}" was disposed; make another one`);
    }
    if (this.#connection) return this.#connection;
    const isThere = findFile(this.#place) !== undefined;
    if (isThere) refuseForeign(this.file);
    else if (make) this.#makeFolder();
    else return undefined;
    refuseNetwork(this.file);
    const identity = () => identify(this.file)!;
    return this.#connection = SqliteConnection.open(this.file, { make, identify: identity });
  }

  #makeFolder(): void {
    const folder = dirname(this.file);
    try {
      // Asks for nothing where it is not needed: a program may have the file's permissions only.
      const { state } = Deno.permissions.querySync({ name: "write", path: folder });
      if (state === "granted") Deno.mkdirSync(folder, { recursive: true });
    } catch (error) {
      if (error instanceof Deno.errors.AlreadyExists || isAbsence(error)) {
        throw new StorageError(`"${folder}" is no folder to keep the storage "${this.file}" in`, {
          cause: error,
        });
      }
      throw error;
    }
  }

  /** Acts, again and again while others hold the database, without holding up this thread. */
  async #patiently<T>(doing: string, act: () => T, signal?: AbortSignal): Promise<T> {
    let end: number | undefined;
    for (let wait = 1;; wait = Math.min(2 * wait, LONGEST_WAIT)) {
      signal?.throwIfAborted();
      try {
        return act();
      } catch (error) {
        end ??= performance.now() + PATIENCE;
        if (!isBusy(error) || performance.now() > end) throw this.#failure(doing, error);
      }
      // At a random time, so that two who wait do not meet again.
      await pause(wait * (0.5 + Math.random()), signal);
    }
  }

  #failure(doing: string, error: unknown): unknown {
    const isUnopened = /unable to open database file/.test((error as Error)?.message ?? "");
    if (isUnopened && isFolderMissing(this.file)) return missingFolder(this.file, error);
    return sqliteFailure(this.#place, doing, error);
  }
}

function isFolderMissing(file: string): boolean {
  try {
    Deno.statSync(dirname(file));
    return false;
  } catch (error) {
    // Who may not look there may not make it either.
    return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotCapable;
  }
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal?.addEventListener("abort", stop, { once: true });
  });
}
