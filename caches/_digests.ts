import { Sha256, sha256Hex } from "../digest.ts";
import { CacheError, SerializationError } from "../errors.ts";
import { SIGNATURE_FILE } from "../signing/entry_signing.ts";
import type { Call, Draft, Entry } from "../storages/storage.ts";
import { type FileRecord, METADATA_FILE } from "./metadata.ts";

/** Notes size and digest of each file on its way into a draft. */
export class DigestingDraft {
  readonly files: Record<string, FileRecord> = {};
  readonly #draft: Draft;

  constructor(draft: Draft) {
    this.#draft = draft;
  }

  get key(): string {
    return this.#draft.key;
  }

  async write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    if (file === METADATA_FILE || file === SIGNATURE_FILE) {
      throw new CacheError(`${file} is written by BaseCache; name the file differently`);
    }
    if (data instanceof Uint8Array) {
      await this.#draft.write(file, data, options);
      this.files[file] = { bytes: data.byteLength, sha256: sha256Hex(data) };
      return;
    }
    const digest = new Digest();
    await this.#draft.write(file, data.pipeThrough(digest.tap()), options);
    this.files[file] = digest.record();
  }
}

/** Gives only files that are as they were when they were saved. */
export class VerifyingEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly #entry: Entry;
  readonly #records: Readonly<Record<string, FileRecord>>;

  constructor(entry: Entry, records: Readonly<Record<string, FileRecord>>) {
    this.key = entry.key;
    this.files = new Map(Object.entries(records).map(([file, { bytes }]) => [file, bytes]));
    this.#entry = entry;
    this.#records = records;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    const record = this.#recordOf(file);
    const data = await this.#entry.read(file, options);
    if (data.byteLength !== record.bytes || sha256Hex(data) !== record.sha256) {
      throw new DamagedFile(file);
    }
    return data;
  }

  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const record = this.#recordOf(file);
    const digest = new Digest();
    const stream = await this.#entry.stream(file, options);
    return stream.pipeThrough(digest.tap(() => {
      const { bytes, sha256 } = digest.record();
      if (bytes !== record.bytes || sha256 !== record.sha256) throw new DamagedFile(file);
    }));
  }

  #recordOf(file: string): FileRecord {
    if (!Object.hasOwn(this.#records, file)) {
      throw new SerializationError(`The entry ${this.key} has no file ${JSON.stringify(file)}`);
    }
    const record = this.#records[file]!;
    // What is longer than it should be is not read first: it may be longer than the memory.
    const bytes = this.#entry.files.get(file);
    if (bytes !== undefined && bytes !== record.bytes) throw new DamagedFile(file);
    return record;
  }
}

class Digest {
  #bytes = 0;
  readonly #sha256 = new Sha256();

  /** Lets bytes pass; `atEnd` runs before the stream is closed, and fails it by throwing. */
  tap(
    atEnd?: () => void,
  ): TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>> {
    return new TransformStream({
      transform: (chunk, controller) => {
        this.#bytes += chunk.byteLength;
        this.#sha256.update(chunk);
        controller.enqueue(chunk);
      },
      flush: atEnd,
    });
  }

  record(): FileRecord {
    return { bytes: this.#bytes, sha256: this.#sha256.hex() };
  }
}

/** A file is not as it was when it was saved. */
export class DamagedFile extends SerializationError {
  constructor(file: string) {
    super(`The file ${file} is not as it was saved (size or SHA-256 differs)`);
  }
}
