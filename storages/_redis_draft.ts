import { StorageError } from "../errors.ts";
import { claimLost, DraftState } from "./_draft_state.ts";
import { PieceBuffer } from "./_piece_buffer.ts";
import { asBuffer } from "./_redis_client.ts";
import type { RedisConnection } from "./_redis_connection.ts";
import { dataKey, recordKey } from "./_redis_keys.ts";
import {
  countPieces,
  encodeRecord,
  INLINE_LIMIT,
  LIST_LIMIT,
  newGeneration,
  PIECE,
  pieceName,
  SMALL,
  type StoredFile,
} from "./_redis_record.ts";
import { BEGIN, COMMIT, PUT, REMOVE, RENEW } from "./_redis_scripts.ts";
import type { Call, Draft } from "./storage.ts";

/** How much longer the data of an entry lives than its record, in ms: for those who read it just then. */
const DATA_OUTLIVES = 60_000;
/** How often data is renewed within the time that it lives. */
const RENEWALS = 3;

/** A file of the draft: small ones have their data here, until the commit. */
interface DraftFile extends StoredFile {
  readonly data?: Uint8Array;
}

/** A new entry. What is large goes to the server piece by piece, where it expires unless it is committed. */
export class RedisDraft implements Draft {
  readonly key: string;
  readonly #connection: RedisConnection;
  readonly #record: string;
  readonly #generation = newGeneration();
  readonly #claim: string;
  readonly #state: DraftState;
  readonly #files: DraftFile[] = [];
  #kept = 0;
  #isPublished = false;
  /** Settles when the data is made, which is once: what expired midway is noticed by that. */
  #begun?: Promise<unknown>;
  #renewing?: ReturnType<typeof setInterval>;

  /** Begins an entry under a key that is known to be a good one. */
  constructor(
    connection: RedisConnection,
    key: string,
    { claim = "" }: { readonly claim?: string | undefined } = {},
  ) {
    this.key = key;
    this.#claim = claim;
    this.#connection = connection;
    this.#record = recordKey(connection.place, key);
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
      if (!this.#fits(data.length)) return this.#stage(index, data, signal);
      this.#keep(index, new Uint8Array(data));
    });
  }

  commit(options?: Call): Promise<void> {
    return this.#state.committing(options?.signal, () => {
      this.#rest();
      return this.#publish(options?.signal);
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#state.disposing(async () => {
      this.#rest();
      if (this.#isPublished || !this.#begun) return;
      const keys = [this.#record, dataKey(this.#record, this.#generation)];
      try {
        await this.#connection.run(REMOVE, keys, ["-1"], { doing: this.#doing });
      } catch {
        // Nobody sees it, and it expires.
      }
    });
  }

  get #doing(): string {
    return `save "${this.key}"`;
  }

  #fits(bytes: number): boolean {
    return bytes <= SMALL && this.#kept + bytes <= INLINE_LIMIT;
  }

  #keep(index: number, data: Uint8Array): void {
    this.#kept += data.length;
    this.#files[index] = { ...this.#files[index]!, bytes: data.length, data };
  }

  async #publish(signal?: AbortSignal): Promise<void> {
    const { ttl } = this.#connection.place;
    const generation = this.#generation;
    const files = this.#files.map(({ data: _, ...file }): StoredFile => file);
    const data = joined(this.#files.flatMap(({ data }) => data ?? []), this.#kept);
    const record = encodeRecord({ key: this.key, generation, files, data });
    if (record.length - data.length > LIST_LIMIT) {
      throw new StorageError(
        `The entry "${this.key}" has too many files: their list has ` +
          `${record.length - data.length} characters, and ${LIST_LIMIT} is the most`,
      );
    }
    const pieces = String(countPieces(files));
    const done = await this.#connection.run(
      COMMIT,
      [this.#record],
      [generation, pieces, asBuffer(record), String(ttl), String(DATA_OUTLIVES), this.#claim],
      { doing: this.#doing, signal },
    );
    if (done === -1) throw claimLost(this.key);
    if (done === 0) throw this.#gone();
    this.#isPublished = true;
  }

  /** Writes what is too large to be kept. */
  async #stage(index: number, data: Uint8Array, signal?: AbortSignal): Promise<void> {
    const number = index + 1;
    for (let at = 0; at < data.length; at += PIECE) {
      await this.#put(pieceName(number, at / PIECE), data.subarray(at, at + PIECE), signal);
    }
    this.#files[index] = { ...this.#files[index]!, bytes: data.length, number };
  }

  async #drain(
    index: number,
    data: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<void> {
    const number = index + 1;
    const buffer = new PieceBuffer(PIECE);
    let [bytes, pieces] = [0, 0];
    await this.#state.pour(data, async (chunk) => {
      bytes += chunk.length;
      for (const piece of buffer.take(chunk)) {
        await this.#put(pieceName(number, pieces++), piece, signal);
      }
    }, signal);
    const rest = buffer.rest();
    if (pieces === 0 && this.#fits(bytes)) return this.#keep(index, rest.slice());
    if (rest.length > 0) await this.#put(pieceName(number, pieces), rest, signal);
    this.#files[index] = { ...this.#files[index]!, bytes, number };
  }

  async #put(name: string, piece: Uint8Array, signal?: AbortSignal): Promise<void> {
    await (this.#begun ??= this.#begin(signal));
    const done = await this.#connection.run(
      PUT,
      [this.#record],
      [this.#generation, name, asBuffer(piece)],
      { doing: this.#doing, signal },
    );
    if (done === 0) throw this.#gone();
  }

  #begin(signal?: AbortSignal): Promise<unknown> {
    const { draftTtl } = this.#connection.place;
    this.#renewing = setInterval(() => this.#renew(), draftTtl / RENEWALS);
    Deno.unrefTimer(this.#renewing);
    return this.#connection.run(BEGIN, [this.#record], [this.#generation, String(draftTtl)], {
      doing: this.#doing,
      signal,
    });
  }

  #renew(): void {
    const { draftTtl } = this.#connection.place;
    this.#connection
      .run(RENEW, [this.#record], [this.#generation, String(draftTtl)], { doing: this.#doing })
      .catch(() => {}); // the next one may come through; if none does, the commit says so
  }

  #rest(): void {
    clearInterval(this.#renewing);
  }

  #gone(): StorageError {
    const { server, draftTtl } = this.#connection.place;
    return new StorageError(
      `Cannot ${this.#doing} in the storage ${server}: the server no longer has all its data, which it ` +
        `removed for want of memory, or after ${
          draftTtl / 1000
        } s without a sign of life; save it again`,
    );
  }
}

function joined(parts: readonly Uint8Array[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
