import { StorageError } from "../errors.ts";
import type { RedisConnection } from "./_redis_connection.ts";
import { dataKey, recordKey } from "./_redis_keys.ts";
import { PIECE, pieceName, type RedisRecord, type StoredFile } from "./_redis_record.ts";
import type { Call, Entry } from "./storage.ts";

/** An entry as it was when it was opened. Its small files are in memory already. */
export class RedisEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #connection: RedisConnection;
  readonly #record: RedisRecord;

  /** Speaks of an entry that is whole. */
  constructor(connection: RedisConnection, record: RedisRecord) {
    this.key = record.key;
    this.files = new Map(record.files.map(({ name, bytes }) => [name, bytes]));
    this.version = record.generation;
    this.#connection = connection;
    this.#record = record;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const stored = this.#find(file);
    if (stored.number === undefined) return this.#inlined(stored);
    const bytes = allocate(stored.bytes, file);
    for (let at = 0; at < stored.bytes; at += PIECE) {
      bytes.set(await this.#piece(stored, at / PIECE, signal), at);
    }
    signal?.throwIfAborted();
    return bytes;
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const stored = this.#find(file);
    if (stored.number === undefined) return ReadableStream.from([this.#inlined(stored)]);
    let number = 0;
    return new ReadableStream({
      pull: async (controller) => {
        // A copy: what the client gives may be a part of a larger buffer.
        controller.enqueue(new Uint8Array(await this.#piece(stored, number++, signal)));
        if (number * PIECE >= stored.bytes) controller.close();
      },
    }, { highWaterMark: 0 });
  }

  #find(file: string): StoredFile {
    const stored = this.#record.files.find(({ name }) => name === file);
    if (stored) return stored;
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  #inlined(wanted: StoredFile): Uint8Array<ArrayBuffer> {
    let offset = 0;
    for (const { name, bytes, number } of this.#record.files) {
      if (name === wanted.name) break;
      if (number === undefined) offset += bytes;
    }
    return new Uint8Array(this.#record.data.subarray(offset, offset + wanted.bytes));
  }

  async #piece(
    { name, bytes: size, number: file }: StoredFile,
    number: number,
    signal?: AbortSignal,
  ): Promise<Uint8Array> {
    const { key, generation } = this.#record;
    const data = dataKey(recordKey(this.#connection.place, key), generation);
    const reply = await this.#connection.send(["HGET", data, pieceName(file!, number)], {
      doing: `read "${name}" of "${key}"`,
      key: data,
      signal,
    });
    const piece = reply instanceof Uint8Array ? reply : undefined;
    if (piece?.length === Math.min(PIECE, size - number * PIECE)) return piece;
    throw new StorageError(
      `The entry "${key}" was replaced or removed since it was opened; open it again`,
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
