import { StorageError } from "../errors.ts";
import { failure } from "./_local_failure.ts";
import { isAbsence, look, patiently, readWhole, SEPARATOR } from "./_local_files.ts";
import type { LocalRoot } from "./_local_root.ts";
import { decodeRecord, type EntryRecord, RECORD, RECORD_LIMIT, storedName } from "./_record.ts";
import type { Call, Entry } from "./storage.ts";

/** The size of the pieces that a file is streamed in, in bytes. */
const PIECE = 256 * 1024;

/**
 * Gives the record of the whole entry under a key; `undefined` when there is none: no record, a record
 * that is damaged, foreign or another key's, a data file that is missing or of another size.
 */
export async function findRecord(
  root: LocalRoot,
  key: string,
  signal?: AbortSignal,
): Promise<EntryRecord | undefined> {
  const folder = root.folderOf(key);
  let torn: string | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const record = await patiently(() => readRecord(folder, signal));
    if (!record) root.check();
    if (record?.key !== key) return undefined;
    if (isWhole(record, folder)) return record;
    // Its files were removed: by a newer entry, then the next look finds that, or by an accident.
    if (record.generation === torn) return undefined;
    torn = record.generation;
  }
}

/** An entry of a local storage, as it was when it was opened. */
export class LocalEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #root: LocalRoot;
  readonly #record: EntryRecord;

  /** Speaks of an entry that is whole. */
  constructor(root: LocalRoot, record: EntryRecord) {
    this.key = record.key;
    this.files = new Map(record.files.map(({ name, bytes }) => [name, bytes]));
    this.version = record.generation;
    this.#root = root;
    this.#record = record;
  }

  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    options?.signal?.throwIfAborted();
    const size = this.#sizeOf(file);
    const inlined = this.#inlined(file);
    if (inlined) return inlined.slice();
    try {
      const path = this.#pathOf(file);
      const bytes = await patiently(() => readWhole(path, size, options?.signal));
      if (bytes.length !== size) throw this.#changed(file);
      return bytes;
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw this.#failure(file, error);
    }
  }

  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    const signal = options?.signal;
    signal?.throwIfAborted();
    const size = this.#sizeOf(file);
    const inlined = this.#inlined(file);
    if (inlined) return ReadableStream.from([inlined.slice()]);
    try {
      const source = await Deno.open(this.#pathOf(file));
      if (signal?.aborted) source.close();
      signal?.throwIfAborted();
      return piecesOf(source, size, {
        signal,
        failure: (error) => this.#failure(file, error ?? this.#changed(file)),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw this.#failure(file, error);
    }
  }

  #sizeOf(file: string): number {
    const size = this.files.get(file);
    if (size !== undefined) return size;
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  #inlined(file: string): Uint8Array<ArrayBuffer> | undefined {
    return file === RECORD ? this.#record.inlined : undefined;
  }

  #pathOf(file: string): string {
    const index = this.#record.files.findIndex(({ name }) => name === file);
    const name = storedName(this.#record.generation, index, file);
    return this.#root.folderOf(this.key) + SEPARATOR + name;
  }

  #changed(file: string): StorageError {
    return new StorageError(
      `"${file}" of "${this.key}" is not as long as it was when the entry was opened`,
    );
  }

  #failure(file: string, cause: unknown): unknown {
    if (!isAbsence(cause)) return failure(this.#root.dir, `read "${file}" of "${this.key}"`, cause);
    return new StorageError(
      `The entry "${this.key}" was replaced or removed since it was opened; open it again`,
      { cause },
    );
  }
}

async function readRecord(folder: string, signal?: AbortSignal): Promise<EntryRecord | undefined> {
  const path = folder + SEPARATOR + RECORD;
  if (!look(folder)?.isDirectory) return undefined;
  const info = look(path);
  if (!info?.isFile || info.size > RECORD_LIMIT) return undefined;
  try {
    return decodeRecord(await readWhole(path, info.size, signal));
  } catch (error) {
    if (isAbsence(error)) return undefined;
    throw error;
  }
}

function isWhole({ generation, files, inlined }: EntryRecord, folder: string): boolean {
  return files.every(({ name, bytes }, index) => {
    if (inlined && name === RECORD) return true;
    const info = look(folder + SEPARATOR + storedName(generation, index, name));
    return info?.isFile && info.size === bytes;
  });
}

function piecesOf(
  file: Deno.FsFile,
  size: number,
  { signal, failure }: { signal?: AbortSignal; failure: (error?: unknown) => unknown },
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let left = size;
  let abort: () => void;
  const close = () => {
    signal?.removeEventListener("abort", abort);
    file.close();
  };
  return new ReadableStream({
    start(controller) {
      abort = () => {
        controller.error(signal?.reason);
        close();
      };
      signal?.addEventListener("abort", abort);
    },
    async pull(controller) {
      try {
        const piece = new Uint8Array(Math.min(left, PIECE));
        const count = left > 0 ? await file.read(piece) : 0;
        if (signal?.aborted) return;
        if (left > 0 && !count) throw failure();
        left -= count ?? 0;
        if (count) controller.enqueue(piece.subarray(0, count));
        if (left === 0) {
          controller.close();
          close();
        }
      } catch (error) {
        if (signal?.aborted) return;
        controller.error(failure(error));
        close();
      }
    },
    cancel: close,
  }, { highWaterMark: 0 });
}
