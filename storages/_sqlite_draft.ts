import { StorageError } from "../errors.ts";
import { claimLost, DraftState } from "./_draft_state.ts";
import { Pace } from "./_pace.ts";
import { addPiece, beginBlob, claimBlob, letGo, putBlob, sweep } from "./_sqlite_blob.ts";
import type { SqliteConnection } from "./_sqlite_connection.ts";
import type { SqliteDatabase } from "./_sqlite_database.ts";
import { PieceBuffer } from "./_piece_buffer.ts";
import {
  blobsOf,
  encodeFiles,
  LIST_LIMIT,
  putRow,
  ROW_LIMIT,
  SMALL,
  type StoredFile,
} from "./_sqlite_row.ts";
import { PIECE } from "./_sqlite_schema.ts";
import type { Call, Draft } from "./storage.ts";

/** How much of its files a draft keeps in memory until its commit, in bytes. */
const KEPT = PIECE;

/** A file of the draft: small ones have their data here, until the commit. */
interface DraftFile extends StoredFile {
  readonly data?: Uint8Array;
}

/** A new entry of a database. What is large goes there piece by piece, and is nobody's until the commit. */
export class SqliteDraft implements Draft {
  readonly key: string;
  readonly #database: SqliteDatabase;
  readonly #durable: boolean;
  readonly #isLost: (() => boolean) | undefined;
  readonly #state: DraftState;
  readonly #files: DraftFile[] = [];
  readonly #staged: number[] = [];
  #stagedBy?: SqliteConnection;
  #kept = 0;
  #isPublished = false;

  /** Begins an entry under a key that is known to be a good one. `isLost` asks whether its claim is. */
  constructor(
    database: SqliteDatabase,
    key: string,
    { durable, isLost }: { durable: boolean; isLost: (() => boolean) | undefined },
  ) {
    this.key = key;
    this.#database = database;
    this.#durable = durable;
    this.#isLost = isLost;
    this.#state = new DraftState(key);
  }

  write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    const signal = options?.signal;
    return this.#state.writing(file, data, signal, () => {
      const index = this.#files.push({ name: file, bytes: 0 }) - 1;
      if (data instanceof ReadableStream) return this.#drain(index, data, signal);
      if (this.#kept + data.length > KEPT) return this.#stage(index, data, signal);
      this.#keep(index, new Uint8Array(data));
    });
  }

  commit(options?: Call): Promise<void> {
    return this.#state.committing(options?.signal, async () => {
      const replaced = await this.#database.write(
        this.#doing,
        (connection) => this.#publish(connection),
        { signal: options?.signal, durable: this.#durable },
      );
      this.#isPublished = true;
      // Whoever writes much clears up after those that died over it.
      if (replaced.length + this.#staged.length > 0) await sweep(this.#database, options?.signal);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#state.disposing(async () => {
      if (this.#isPublished || this.#staged.length === 0) return;
      try {
        await this.#database.write(this.#doing, (connection) => {
          if (connection === this.#stagedBy) letGo(connection, this.#staged);
        });
        await sweep(this.#database);
      } catch {
        // Nobody sees it, and it is removed by another draft later.
      }
    });
  }

  get #doing(): string {
    return `save "${this.key}"`;
  }

  #keep(index: number, data: Uint8Array): void {
    this.#kept += data.length;
    this.#files[index] = { ...this.#files[index]!, bytes: data.length, data };
  }

  /** Puts all in its place at once. Gives the blobs of the entry that was there before. */
  #publish(connection: SqliteConnection): number[] {
    if (this.#stagedBy && connection !== this.#stagedBy) throw this.#moved();
    // Whoever takes the claim over after this saves after this transaction.
    if (this.#isLost?.()) throw claimLost(this.key);
    for (const blob of this.#staged) claimBlob(connection, blob);
    let room = ROW_LIMIT;
    const inRow: Uint8Array[] = [];
    const files = this.#files.map(({ data, ...file }): StoredFile => {
      if (data === undefined) return file;
      if (data.length <= SMALL && data.length <= room) {
        room -= data.length;
        inRow.push(data);
        return file;
      }
      const blob = putBlob(connection, data);
      claimBlob(connection, blob);
      return { ...file, blob };
    });
    const list = encodeFiles(files);
    if (list.length > LIST_LIMIT) {
      throw new StorageError(
        `The entry "${this.key}" has too many files: their list has ${list.length} characters, ` +
          `and ${LIST_LIMIT} is the most`,
      );
    }
    const replaced = blobsOf(connection, this.key);
    letGo(connection, replaced);
    putRow(connection, this.key, list, joined(inRow));
    return replaced;
  }

  /** Writes what is too large to be kept. */
  async #stage(index: number, data: Uint8Array, signal?: AbortSignal): Promise<void> {
    const staging = new Staging((act) => this.#stagePiece(act, signal));
    for (let at = 0; at < data.length; at += PIECE) {
      signal?.throwIfAborted();
      await staging.add(data.subarray(at, at + PIECE));
    }
    signal?.throwIfAborted();
    this.#files[index] = { ...this.#files[index]!, bytes: data.length, blob: staging.blob };
  }

  /** Writes a stream; the lock is held for the time of a piece only, never while the stream is waited for. */
  async #drain(
    index: number,
    data: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const staging = new Staging((act) => this.#stagePiece(act, signal));
    const buffer = new PieceBuffer(PIECE);
    let bytes = 0;
    await this.#state.pour(data, async (chunk) => {
      bytes += chunk.length;
      for (const piece of buffer.take(chunk)) await staging.add(piece);
    }, signal);
    const rest = buffer.rest();
    if (staging.blob === undefined && this.#kept + bytes <= KEPT) {
      return this.#keep(index, rest.slice());
    }
    if (rest.length > 0) await staging.add(rest);
    this.#files[index] = { ...this.#files[index]!, bytes, blob: staging.blob };
  }

  #stagePiece(
    act: (connection: SqliteConnection) => number,
    signal?: AbortSignal,
  ): Promise<number> {
    return this.#database.write(this.#doing, (connection) => {
      this.#stagedBy ??= connection;
      if (connection !== this.#stagedBy) throw this.#moved();
      const blob = act(connection);
      if (!this.#staged.includes(blob)) this.#staged.push(blob);
      return blob;
    }, { signal });
  }

  #moved(): StorageError {
    return new StorageError(
      `The storage "${this.#database.file}" was removed while "${this.key}" was saved; save it again`,
    );
  }
}

/** One blob in the making, a transaction a piece. */
class Staging {
  /** Its number, once there is a piece. */
  blob: number | undefined;
  readonly #write: (act: (connection: SqliteConnection) => number) => Promise<number>;
  readonly #pace = new Pace();
  #count = 0;

  constructor(write: (act: (connection: SqliteConnection) => number) => Promise<number>) {
    this.#write = write;
  }

  /** Writes the next piece. */
  async add(piece: Uint8Array): Promise<void> {
    this.blob = await this.#write((connection) => {
      const blob = this.blob ?? beginBlob(connection);
      addPiece(connection, blob, this.#count, piece);
      return blob;
    });
    this.#count++;
    if (this.#pace.due) await this.#pace.rest();
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
