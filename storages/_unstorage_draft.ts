import { sha256Hex } from "../digest.ts";
import { StorageError } from "../errors.ts";
import { DraftState } from "./_draft_state.ts";
import { PieceBuffer } from "./_piece_buffer.ts";
import { PIECE } from "./_unstorage_drivers.ts";
import type { ItemCall, UnstorageItems } from "./_unstorage_items.ts";
import { newGeneration, pieceItem } from "./_unstorage_names.ts";
import { areThere, clear, itemsOf } from "./_unstorage_pieces.ts";
import {
  encodeRecord,
  RECORD_LIMIT,
  type StoredFile,
  type UnstorageRecord,
} from "./_unstorage_record.ts";
import type { Found, Records } from "./_unstorage_records.ts";
import type { Call, Draft } from "./storage.ts";

/** The largest file that lies in the record, in bytes. */
const SMALL = 32 * 1024;
/** How much of small files lies in one record, in bytes. */
const KEPT = 128 * 1024;

/** From what age on, in ms, a draft looks before its commit whether its pieces were taken for a dead one's. */
const OLD = 60_000;

/** A new entry. What is large is written at once, as pieces that no record lists; the rest by the commit. */
export class UnstorageDraft implements Draft {
  readonly key: string;
  readonly #items: UnstorageItems;
  readonly #records: Records;
  readonly #generation = newGeneration();
  readonly #state: DraftState;
  readonly #piece: number;
  readonly #files: StoredFile[] = [];
  readonly #kept = new Map<number, Uint8Array>();
  readonly #staged: string[] = [];
  readonly #begun = performance.now();
  #keptBytes = 0;
  /** Whether a record may have come to be that lists the pieces. */
  #isRevealed = false;
  #isPrepared = false;

  /** Begins an entry under a key that is known to be a good one. */
  constructor(items: UnstorageItems, records: Records, key: string) {
    this.key = key;
    this.#items = items;
    this.#records = records;
    this.#state = new DraftState(key);
    this.#piece = items.place.traits.piece ?? PIECE;
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
      if (!this.#mayKeep(data.length)) return this.#stage(index, data, signal);
      this.#keep(index, data);
    });
  }

  commit(options?: Call): Promise<void> {
    const { signal } = options ?? {};
    return this.#state.committing(signal, async () => {
      const record = this.#record();
      const bytes = encodeRecord(record);
      if (bytes.length > RECORD_LIMIT) {
        throw new StorageError(
          `The entry "${this.key}" has too many files or pieces: their list has ${bytes.length} ` +
            `bytes, and ${RECORD_LIMIT} is the most`,
        );
      }
      await this.#mustHavePieces(signal);
      this.#isPrepared = true;
      const publish = await this.#records.prepare(record, bytes, this.#call(signal));
      this.#isRevealed = true;
      await this.#clearReplaced(await this.#reveal(publish));
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#state.disposing(async () => {
      if (this.#isRevealed) return;
      const beside = this.#isPrepared ? this.#records.itemsBeside(this.key, this.#generation) : [];
      // What cannot be removed is seen by nobody, and found as a leftover.
      await clear(this.#items, [...this.#staged, ...beside], this.#call());
    });
  }

  /** Looks whether what was written long ago is there still: somebody may have removed it as a leftover. */
  async #mustHavePieces(signal?: AbortSignal): Promise<void> {
    if (this.#staged.length === 0 || performance.now() - this.#begun < OLD) return;
    if (await areThere(this.#items, this.#staged, this.#call(signal))) return;
    throw new StorageError(
      `Cannot save "${this.key}": its data was removed, since nothing came for long; save it again`,
    );
  }

  #call(signal?: AbortSignal): ItemCall {
    return { doing: `save "${this.key}"`, signal };
  }

  /** Publishes the record. A call that failed may have done it all the same: then all is well. */
  async #reveal(publish: () => Promise<Found[]>): Promise<Found[]> {
    try {
      return await publish();
    } catch (error) {
      const found = await this.#records.find(this.key, this.#call()).catch(() => undefined);
      if (found?.record?.generation !== this.#generation) throw error;
      return [];
    }
  }

  async #clearReplaced(replaced: readonly Found[]): Promise<void> {
    const names = replaced.flatMap(({ generation, record }) => [
      ...(record ? itemsOf(record) : []),
      ...(generation ? this.#records.itemsBeside(this.key, generation) : []),
    ]);
    await clear(this.#items, names, this.#call());
  }

  #record(): UnstorageRecord {
    const data = new Uint8Array(this.#keptBytes);
    let at = 0;
    for (const [, bytes] of [...this.#kept].sort(([a], [b]) => a - b)) {
      data.set(bytes, at);
      at += bytes.length;
    }
    const { key } = this;
    return { key, generation: this.#generation, piece: this.#piece, files: this.#files, data };
  }

  #mayKeep(bytes: number): boolean {
    return bytes <= Math.min(SMALL, this.#piece / 4) &&
      this.#keptBytes + bytes <= Math.min(KEPT, this.#piece / 2);
  }

  #keep(index: number, data: Uint8Array): void {
    this.#keptBytes += data.length;
    this.#kept.set(index, new Uint8Array(data));
    this.#note(index, data.length);
  }

  #note(index: number, bytes: number, pieces?: readonly string[]): void {
    this.#files[index] = { name: this.#files[index]!.name, bytes, pieces };
  }

  async #stage(index: number, data: Uint8Array, signal?: AbortSignal): Promise<void> {
    const digests: string[] = [];
    for (let at = 0; at < data.length; at += this.#piece) {
      await this.#put(index, data.subarray(at, at + this.#piece), digests, signal);
    }
    signal?.throwIfAborted();
    this.#note(index, data.length, digests);
  }

  async #drain(
    index: number,
    data: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const buffer = new PieceBuffer(this.#piece);
    const digests: string[] = [];
    let bytes = 0;
    await this.#state.pour(data, async (chunk) => {
      bytes += chunk.length;
      for (const piece of buffer.take(chunk)) await this.#put(index, piece, digests, signal);
    }, signal);
    const rest = buffer.rest();
    if (digests.length === 0 && this.#mayKeep(bytes)) return this.#keep(index, rest);
    if (rest.length > 0) await this.#put(index, rest, digests, signal);
    this.#note(index, bytes, digests);
  }

  async #put(
    file: number,
    piece: Uint8Array,
    digests: string[],
    signal?: AbortSignal,
  ): Promise<void> {
    // A copy first: the digest must be of what is written, whatever the caller does meanwhile.
    const bytes = new Uint8Array(piece);
    const item = pieceItem(this.key, this.#generation, [file, digests.length, bytes.length]);
    digests.push(sha256Hex(bytes));
    this.#staged.push(item);
    await this.#items.put(item, bytes, this.#call(signal));
  }
}
