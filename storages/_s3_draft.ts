import { StorageError } from "../errors.ts";
import { DraftState } from "./_draft_state.ts";
import { PieceBuffer } from "./_piece_buffer.ts";
import type { S3Bucket } from "./_s3_bucket.ts";
import { mustHold } from "./_s3_claims.ts";
import { publish } from "./_s3_commit.ts";
import { dataOfGeneration, newGeneration } from "./_s3_place.ts";
import { INLINE_LIMIT, objectName, SMALL, type StoredFile } from "./_s3_record.ts";
import { MultipartUpload, PART } from "./_s3_upload.ts";
import type { Call, Draft } from "./storage.ts";

/** A file of the draft: small ones have their data here, until the commit. */
interface DraftFile extends StoredFile {
  readonly data?: Uint8Array;
}

/** From what age on, in ms, a draft looks before its commit whether its data was taken for a dead one's. */
const OLD = 60_000;

/** A new entry of a bucket. What is large goes there at once, and is nobody's until the commit. */
export class S3Draft implements Draft {
  readonly key: string;
  readonly #bucket: S3Bucket;
  readonly #generation = newGeneration();
  readonly #claim?: string;
  readonly #state: DraftState;
  readonly #files: DraftFile[] = [];
  readonly #objects: string[] = [];
  readonly #begun = performance.now();
  #inlined = 0;
  #mayBePublished = false;

  /** Begins an entry under a key that is known to be a good one. */
  constructor(bucket: S3Bucket, key: string, claim?: string) {
    this.key = key;
    this.#bucket = bucket;
    this.#claim = claim;
    this.#state = new DraftState(key);
  }

  write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    const signal = options?.signal;
    return this.#state.writing(file, data, signal, async () => {
      const index = this.#files.push({ name: file, bytes: 0 }) - 1;
      const name = objectName(index, file);
      this.#files[index] = data instanceof Uint8Array
        ? await this.#storeBytes({ name: file, bytes: data.length, object: name }, data, signal)
        : await this.#storeStream({ name: file, bytes: 0, object: name }, data, signal);
    });
  }

  commit(options?: Call): Promise<void> {
    const signal = options?.signal;
    return this.#state.committing(signal, async () => {
      await this.#mustHaveData(signal);
      const data = await new Blob(
        this.#files.flatMap(({ data }) => data ? [data as Uint8Array<ArrayBuffer>] : []),
      ).bytes();
      const files = this.#files.map(({ name, bytes, object }) => ({ name, bytes, object }));
      const record = { key: this.key, generation: this.#generation, files, data };
      const note = (mayBeInPlace: boolean) => this.#mayBePublished = mayBeInPlace;
      await publish(this.#bucket, { record, signal, note, permit: this.#permit(signal) });
    });
  }

  /**
   * Removes the data of a draft that was not committed. Where a commit broke off, and nobody can tell
   * whether the server has it, the data stays: it is the entry's, or is found as a leftover.
   */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#state.disposing(async () => {
      if (this.#mayBePublished) return;
      const doing = { doing: `discard "${this.key}"` };
      await Promise.allSettled(this.#objects.map((name) => this.#bucket.delete(name, doing)));
    });
  }

  #permit(signal?: AbortSignal): ((replaces: boolean) => Promise<void>) | undefined {
    const { key } = this;
    const token = this.#claim;
    if (token === undefined) return undefined;
    const doing = { doing: `save "${key}"`, signal };
    return (replaces) => mustHold(this.#bucket, { key, token, replaces }, doing);
  }

  async #storeBytes(
    file: DraftFile,
    data: Uint8Array,
    signal?: AbortSignal,
  ): Promise<DraftFile> {
    if (this.#inline(data.length)) return { name: file.name, bytes: data.length, data: copy(data) };
    // What is shared with other threads may change while it is sent.
    const isShared = !(data.buffer instanceof ArrayBuffer);
    await this.#store(file, signal, async (upload, name, doing) => {
      if (data.length <= PART) {
        return await this.#bucket.put(name, isShared ? copy(data) : data, doing);
      }
      for (let at = 0; at < data.length; at += PART) {
        const part = data.subarray(at, at + PART);
        await (isShared ? upload.takeCopy(part) : upload.take(part));
      }
      await upload.complete();
    });
    return file;
  }

  async #storeStream(
    file: DraftFile,
    data: ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<DraftFile> {
    const pieces = new PieceBuffer(PART);
    let small: Uint8Array | undefined;
    let bytes = 0;
    await this.#store(file, signal, async (upload, name, doing) => {
      await this.#state.pour(data, async (chunk) => {
        for (const piece of pieces.take(chunk)) await upload.takeCopy(piece);
      }, signal);
      const rest = pieces.rest();
      bytes = upload.bytes + rest.length;
      if (upload.bytes > 0) {
        if (rest.length > 0) await upload.takeCopy(rest);
        await upload.complete();
      } else if (this.#inline(bytes)) small = copy(rest);
      else await this.#bucket.put(name, rest, doing);
    });
    const { name, object } = file;
    return small ? { name, bytes, data: small } : { name, bytes, object };
  }

  /** Makes an object, and sees to it that nothing is left of one that could not be made. */
  async #store(
    { name: file, object }: DraftFile,
    signal: AbortSignal | undefined,
    send: (upload: MultipartUpload, name: string, doing: Call & { doing: string }) => Promise<void>,
  ): Promise<void> {
    const { key, place } = { key: this.key, place: this.#bucket.place };
    const name = dataOfGeneration(place, { key, generation: this.#generation }) + object;
    const doing = { doing: `save "${file}" of "${key}"`, signal };
    const upload = new MultipartUpload(this.#bucket, name, doing);
    this.#objects.push(name);
    try {
      await send(upload, name, doing);
    } catch (error) {
      await upload.abort();
      throw error;
    }
  }

  /** Whether there is room in the record for so many bytes; it is taken then. */
  #inline(bytes: number): boolean {
    if (bytes > SMALL || this.#inlined + bytes > INLINE_LIMIT) return false;
    this.#inlined += bytes;
    return true;
  }

  /** Looks whether what was written long ago is there still: somebody may have removed it as a leftover. */
  async #mustHaveData(signal?: AbortSignal): Promise<void> {
    const objects = this.#files.filter(({ object }) => object);
    if (objects.length === 0 || performance.now() - this.#begun < OLD) return;
    const { key } = this;
    const doing = { doing: `save "${key}"`, signal };
    const prefix = dataOfGeneration(this.#bucket.place, { key, generation: this.#generation });
    const found = new Map<string, number>();
    for await (const { name, bytes } of this.#bucket.listAll(prefix, doing)) found.set(name, bytes);
    if (objects.every(({ object, bytes }) => found.get(prefix + object) === bytes)) return;
    throw new StorageError(
      `Cannot save "${key}": its data was removed, since nothing came for long; save it again`,
    );
  }
}

function copy(data: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data);
}
