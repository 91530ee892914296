import { StorageError } from "../errors.ts";
import type { UnstorageItems } from "./_unstorage_items.ts";
import { each, type Piece, piecesOf, readPiece } from "./_unstorage_pieces.ts";
import type { UnstorageRecord } from "./_unstorage_record.ts";
import type { Call, Entry } from "./storage.ts";

/** An entry of a driver, as it was when it was opened. Its small files are in memory already. */
export class UnstorageEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #items: UnstorageItems;
  readonly #record: UnstorageRecord;

  /** Speaks of an entry that is whole. */
  constructor(items: UnstorageItems, record: UnstorageRecord) {
    this.key = record.key;
    this.files = new Map(record.files.map(({ name, bytes }) => [name, bytes]));
    this.version = record.generation;
    this.#items = items;
    this.#record = record;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { kept, pieces, size } = this.#find(file);
    if (kept) return kept.slice();
    const bytes = allocate(size, file);
    await each(
      pieces,
      async (piece) => bytes.set(await this.#read(file, piece, signal), piece.offset),
    );
    signal?.throwIfAborted();
    return bytes;
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const { kept, pieces } = this.#find(file);
    if (kept) return ReadableStream.from([kept.slice()]);
    const rest = pieces.values();
    return new ReadableStream({
      pull: async (controller) => {
        const { value: piece, done } = rest.next();
        if (done) controller.close();
        else controller.enqueue(await this.#read(file, piece, signal));
      },
    }, { highWaterMark: 0 });
  }

  #find(file: string): {
    readonly kept?: Uint8Array<ArrayBuffer>;
    readonly pieces: readonly Piece[];
    readonly size: number;
  } {
    let offset = 0;
    for (const [n, { name, bytes, pieces }] of this.#record.files.entries()) {
      const isIt = name === file;
      if (isIt && pieces) return { pieces: piecesOf(this.#record, n), size: bytes };
      if (isIt) {
        const kept = this.#record.data.subarray(offset, offset + bytes);
        return { kept, pieces: [], size: bytes };
      }
      if (!pieces) offset += bytes;
    }
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  async #read(file: string, piece: Piece, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await readPiece(this.#items, piece, {
      doing: `read "${file}" of "${this.key}"`,
      signal,
    });
    if (bytes) return bytes;
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
