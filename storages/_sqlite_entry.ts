import { StorageError } from "../errors.ts";
import { Pace } from "./_pace.ts";
import type { SqliteConnection } from "./_sqlite_connection.ts";
import type { SqliteDatabase } from "./_sqlite_database.ts";
import type { EntryRow, StoredFile } from "./_sqlite_row.ts";
import { PIECE } from "./_sqlite_schema.ts";
import type { Call, Entry } from "./storage.ts";

const FIND_PIECE = "SELECT data FROM piece WHERE blob = ? AND number = ? " +
  `AND octet_length(data) <= ${PIECE}`;

/** Where an entry reads the pieces of its large files. */
export interface PieceSource {
  /** The database. */
  readonly database: SqliteDatabase;
  /** The connection that the entry was found by: in another file a blob's number means something else. */
  readonly connection: SqliteConnection;
}

/** An entry of a database, as it was when it was opened. Its small files are in memory already. */
export class SqliteEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #source: PieceSource;
  readonly #row: EntryRow;

  /** Speaks of an entry that is whole. */
  constructor(key: string, row: EntryRow, source: PieceSource) {
    this.key = key;
    this.files = new Map(row.files.map(({ name, bytes }) => [name, bytes]));
    this.version = row.sha256;
    this.#row = row;
    this.#source = source;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { stored, offset } = this.#find(file);
    const { bytes: size, blob } = stored;
    if (blob === undefined) return this.#row.data.slice(offset, offset + size);
    const bytes = allocate(size, file);
    const pace = new Pace();
    for (let at = 0; at < size; at += PIECE) {
      bytes.set(await this.#piece(stored, blob, at / PIECE, signal), at);
      if (pace.due) await pace.rest();
    }
    signal?.throwIfAborted();
    return bytes;
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { stored, offset } = this.#find(file);
    const { bytes: size, blob } = stored;
    if (blob === undefined) {
      return ReadableStream.from([this.#row.data.slice(offset, offset + size)]);
    }
    const pace = new Pace();
    let number = 0;
    return new ReadableStream({
      pull: async (controller) => {
        if (pace.due) await pace.rest();
        controller.enqueue(await this.#piece(stored, blob, number++, signal));
        if (number * PIECE >= size) controller.close();
      },
    }, { highWaterMark: 0 });
  }

  #find(file: string): { stored: StoredFile; offset: number } {
    let offset = 0;
    for (const stored of this.#row.files) {
      if (stored.name === file) return { stored, offset };
      if (stored.blob === undefined) offset += stored.bytes;
    }
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  async #piece(
    { name, bytes: size }: StoredFile,
    blob: number,
    number: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const { database, connection } = this.#source;
    const doing = `read "${name}" of "${this.key}"`;
    const row = await database.read(doing, (current) => {
      if (current !== connection) return undefined;
      return current.row<[Uint8Array<ArrayBuffer>]>(FIND_PIECE, blob, number);
    }, signal);
    if (row?.[0].length === Math.min(PIECE, size - number * PIECE)) return row[0];
    throw new StorageError(
      `The entry "${this.key}" was replaced or removed since it was opened; open it again`,
    );
  }
}

function allocate(size: number, file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(size);
  } catch (cause) {
    throw new StorageError(`"${file}" of ${size} bytes is too large to be read whole; stream it`, {
      cause,
    });
  }
}
