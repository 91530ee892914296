import { StorageError } from "../errors.ts";
import type { S3Bucket } from "./_s3_bucket.ts";
import { download, downloadWhole, type Wanted } from "./_s3_download.ts";
import { dataOfGeneration } from "./_s3_place.ts";
import type { S3Record, StoredFile } from "./_s3_record.ts";
import type { Call, Entry } from "./storage.ts";

/** An entry as it was when it was opened. Its small files are in memory already. */
export class S3Entry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #bucket: S3Bucket;
  readonly #record: S3Record;

  /** Speaks of an entry that is whole. */
  constructor(bucket: S3Bucket, record: S3Record) {
    this.key = record.key;
    this.files = new Map(record.files.map(({ name, bytes }) => [name, bytes]));
    this.version = record.generation;
    this.#bucket = bucket;
    this.#record = record;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const found = this.#find(file);
    if (found instanceof Uint8Array) return found.slice();
    const bytes = await downloadWhole(this.#bucket, found, { doing: this.#reading(file), signal });
    signal?.throwIfAborted();
    return bytes;
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const found = this.#find(file);
    if (found instanceof Uint8Array) return ReadableStream.from([found.slice()]);
    const pieces = download(this.#bucket, found, { doing: this.#reading(file), signal });
    return new ReadableStream({
      async pull(controller) {
        const { value, done } = await pieces.next();
        if (done) controller.close();
        else controller.enqueue(value);
      },
      cancel: async () => void await pieces.return(),
    }, { highWaterMark: 0 });
  }

  /** Gives the bytes of a file, or the object that it lies in. */
  #find(file: string): Uint8Array<ArrayBuffer> | Wanted {
    let offset = 0;
    for (const stored of this.#record.files) {
      if (stored.name !== file) {
        if (stored.object === undefined) offset += stored.bytes;
      } else if (stored.object === undefined) {
        return this.#record.data.subarray(offset, offset + stored.bytes);
      } else return { name: objectOf(this.#bucket, this.#record, stored)!, bytes: stored.bytes };
    }
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  #reading(file: string): string {
    return `read "${file}" of "${this.key}"`;
  }
}

/** The name of the object that a file lies in, if it lies in one of its own. */
export function objectOf(
  { place }: S3Bucket,
  record: S3Record,
  { object }: StoredFile,
): string | undefined {
  return object && dataOfGeneration(place, record) + object;
}
