import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import { claimLost, DraftState } from "./_draft_state.ts";
import { checkKey } from "./names.ts";
import {
  type Call,
  type Claim,
  type CreateOptions,
  type Draft,
  type Entry,
  Storage,
  type StorageReach,
} from "./storage.ts";

/** The options of {@link MemoryStorage}. */
export interface MemoryStorageOptions {
  /**
   * How many bytes all files of all entries may have together. A commit beyond it is refused.
   *
   * @default {Infinity}
   */
  readonly maxBytes?: number;
}

type Files = ReadonlyMap<string, Uint8Array>;

/** The files of an entry, and which of all entries that ever were committed it is. */
interface Committed {
  readonly files: Files;
  readonly version: string;
}

/**
 * Entries in the memory of this thread; they are gone when it ends. Good for tests, and for results
 * that are needed once.
 *
 * @example
 * ```ts
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assert, assertFalse } from "@std/assert";
 *
 * const storage = new MemoryStorage({ maxBytes: 1e6 });
 * await using draft = await storage.create("numbers");
 * await draft.write("numbers.bin", new Uint8Array([1, 2, 3]));
 *
 * assertFalse(await storage.exists("numbers"));
 * await draft.commit();
 * assert(await storage.exists("numbers"));
 * ```
 */
export class MemoryStorage extends Storage {
  /** None. */
  override readonly permissions: Deno.PermissionOptionsObject = {};
  readonly #maxBytes: number;
  readonly #entries = new Map<string, Committed>();
  readonly #claims = new Map<string, string>();
  #bytes = 0;
  #commits = 0;
  #claimed = 0;

  /**
   * Makes an empty storage.
   *
   * @throws {StorageError} When `maxBytes` is no number of bytes.
   */
  constructor({ maxBytes = Infinity }: MemoryStorageOptions = {}) {
    super();
    if (typeof maxBytes !== "number" || !(maxBytes >= 0)) {
      throw new StorageError(`Expected maxBytes of 0 or more, got ${describe(maxBytes)}`);
    }
    this.#maxBytes = maxBytes;
  }

  /** The thread that made it. */
  override get reach(): StorageReach {
    return "program";
  }

  /** Gives the keys of all entries. */
  override async *findKeys(
    { prefix = "", signal }: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    signal?.throwIfAborted();
    for (const key of [...this.#entries.keys()]) {
      if (key.startsWith(prefix) && this.#entries.has(key)) yield key;
      signal?.throwIfAborted();
    }
  }

  /** Whether there is an entry under the key. */
  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  override async exists(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return this.#entries.has(key);
  }

  /** Opens the entry under the key; it stays as it is when it is replaced. */
  // deno-lint-ignore require-await
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const committed = this.#entries.get(key);
    return committed && new MemoryEntry(key, committed);
  }

  /** Begins a new entry. Its commit is refused where it goes beyond `maxBytes`. */
  // deno-lint-ignore require-await
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const claim = options?.claim;
    return new MemoryDraft(key, (files) => {
      if (claim !== undefined && this.#claims.get(key) !== claim) throw claimLost(key);
      this.#put(key, files);
    });
  }

  /** Claims a key for one who computes it, in this thread. */
  // deno-lint-ignore require-await
  override async claim(key: string, options?: Call): Promise<Claim | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const claims = this.#claims;
    if (claims.has(key)) return undefined;
    const token = `${++this.#claimed}`;
    claims.set(key, token);
    const isHeld = () => claims.get(key) === token;
    return {
      ...{ key, token, hasEntry: this.#entries.has(key) },
      isHeld: () => Promise.resolve(isHeld()),
      [Symbol.asyncDispose]() {
        if (isHeld()) claims.delete(key);
        return Promise.resolve();
      },
    };
  }

  /** Removes the entry under the key. Gives whether there was one. */
  // deno-lint-ignore require-await
  override async delete(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    this.#bytes -= sizeOf(this.#entries.get(key)?.files);
    return this.#entries.delete(key);
  }

  #put(key: string, files: Files): void {
    const bytes = this.#bytes - sizeOf(this.#entries.get(key)?.files) + sizeOf(files);
    if (bytes > this.#maxBytes) {
      throw new StorageError(
        `Cannot commit "${key}": the storage would hold ${bytes} bytes, and maxBytes is ` +
          `${this.#maxBytes}; delete entries, or make it larger`,
      );
    }
    this.#entries.set(key, { files, version: `${++this.#commits}` });
    this.#bytes = bytes;
  }
}

class MemoryEntry implements Entry {
  readonly key: string;
  readonly files: ReadonlyMap<string, number>;
  readonly version: string;
  readonly #files: Files;

  constructor(key: string, { files, version }: Committed) {
    this.key = key;
    this.version = version;
    this.files = new Map(Array.from(files, ([name, bytes]) => [name, bytes.length]));
    this.#files = files;
  }

  // deno-lint-ignore require-await
  async read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>> {
    options?.signal?.throwIfAborted();
    const bytes = this.#files.get(file);
    if (bytes) return new Uint8Array(bytes);
    const names = [...this.files.keys()].join(", ");
    throw new StorageError(`There is no file "${file}" in the entry "${this.key}", only: ${names}`);
  }

  async stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>> {
    return ReadableStream.from([await this.read(file, options)]);
  }
}

class MemoryDraft implements Draft {
  readonly key: string;
  readonly #put: (files: Files) => void;
  readonly #state: DraftState;
  readonly #files = new Map<string, Uint8Array>();

  constructor(key: string, put: (files: Files) => void) {
    this.key = key;
    this.#put = put;
    this.#state = new DraftState(key);
  }

  async write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    const signal = options?.signal;
    await this.#state.writing(file, data, signal, async () => {
      if (data instanceof Uint8Array) {
        this.#files.set(file, new Uint8Array(data));
        return;
      }
      const pieces: Uint8Array<ArrayBuffer>[] = [];
      await this.#state.pour(data, (piece) => void pieces.push(new Uint8Array(piece)), signal);
      this.#files.set(file, await new Blob(pieces).bytes());
    });
  }

  async commit(options?: Call): Promise<void> {
    await this.#state.committing(options?.signal, () => this.#put(this.#files));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#state.disposing(() => {});
  }
}

function sizeOf(files: Files = new Map()): number {
  let size = 0;
  for (const bytes of files.values()) size += bytes.length;
  return size;
}
