import { StorageError } from "../errors.ts";
import { isEncodedJson } from "../json_bytes.ts";
import { claimLost, DraftState } from "./_draft_state.ts";
import { failure } from "./_local_failure.ts";
import {
  isAbsence,
  patiently,
  SEPARATOR,
  SMALL,
  syncDirectory,
  tryRemove,
  writeAll,
} from "./_local_files.ts";
import type { LocalRoot } from "./_local_root.ts";
import { holds, isOfNew } from "./_lock_claim.ts";
import {
  encodeRecord,
  generationIn,
  RECORD,
  RECORD_LIMIT,
  type StoredFile,
  storedName,
} from "./_record.ts";
import type { Call, Draft } from "./storage.ts";

/** How often the folder may be removed by others while we make a file in it. */
const TRIES = 100;

/** For how long nobody else is thought to have saved in a folder that we made, in milliseconds. */
const ALONE = 10;

/** A new entry of a local storage. */
export class LocalDraft implements Draft {
  readonly key: string;
  readonly #root: LocalRoot;
  readonly #folder: string;
  readonly #generation: string;
  readonly #durable: boolean;
  readonly #claim: string | undefined;
  readonly #state: DraftState;
  readonly #files: StoredFile[] = [];
  readonly #made: string[] = [];
  #inlined?: Uint8Array<ArrayBuffer>;
  #isPublished = false;
  #aloneUntil: number;

  /** Begins an entry under a key that is known to be a good one. */
  constructor(
    root: LocalRoot,
    key: string,
    { durable, claim }: { durable: boolean; claim?: string | undefined },
  ) {
    this.key = key;
    this.#root = root;
    this.#folder = root.folderOf(key);
    this.#generation = root.beginDraft();
    this.#durable = durable;
    this.#claim = claim;
    this.#state = new DraftState(key);
    this.#aloneUntil = 0;
    // Who has a claim made the folder for it; another one in its place is not to be filled.
    if (claim !== undefined) return;
    try {
      this.#aloneUntil = root.makeFolder(this.#folder) ? performance.now() + ALONE : 0;
    } catch (error) {
      root.endDraft(this.#generation);
      throw error;
    }
  }

  write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void> {
    const signal = options?.signal;
    return this.#state.writing(file, data, signal, () => {
      const index = this.#files.push({ name: file, bytes: 0 }) - 1;
      const name = storedName(this.#generation, index, file);
      const isSmall = data instanceof Uint8Array && data.length <= SMALL;
      if (isSmall && file === RECORD && isJson(data)) {
        this.#inlined = new Uint8Array(data);
      } else if (isSmall && !this.#durable) {
        this.#storeNow(name, data);
      } else {
        return this.#store(name, data, signal).then((bytes) => {
          this.#files[index] = { name: file, bytes };
        });
      }
      this.#files[index] = { name: file, bytes: data.length };
    });
  }

  commit(options?: Call): Promise<void> {
    return this.#state.committing(options?.signal, () => this.#publish(options?.signal));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#state.disposing(() => {
      if (!this.#isPublished) {
        for (const name of this.#made) tryRemove(this.#path(name));
        // Fails, as it should, where anything else lies in the folder; that of a claim is its own.
        if (this.#claim === undefined) tryRemove(this.#folder);
      }
      this.#root.endDraft(this.#generation);
    });
  }

  async #publish(signal?: AbortSignal): Promise<void> {
    const aside = `${this.#generation}.tmp`;
    const record = this.#record();
    if (record.length > SMALL || this.#durable) await this.#store(aside, record, signal);
    else this.#storeNow(aside, record);
    if (this.#durable) await this.#try(() => syncDirectory(this.#folder));
    signal?.throwIfAborted();
    this.#mustHoldClaim();
    const earlier = await this.#try(() => patiently(() => this.#replace(aside)));
    this.#isPublished = true;
    if (this.#durable) await this.#try(() => syncDirectory(this.#folder));
    if (this.#durable) await this.#try(() => this.#root.sync());
    for (const name of earlier) tryRemove(this.#path(name));
    this.#root.endDraft(this.#generation);
  }

  /**
   * Who takes a claim over makes the folder anew. So a record that lies in the folder of the claim now
   * can be renamed only while that folder is still there: who looks here cannot come too late after it.
   */
  #mustHoldClaim(): void {
    if (this.#claim === undefined) return;
    if (!holds(this.#claim, this.#folder)) throw claimLost(this.key);
  }

  #record(): Uint8Array<ArrayBuffer> {
    const record = encodeRecord({
      key: this.key,
      generation: this.#generation,
      files: this.#files,
      inlined: this.#inlined,
    });
    if (record.length <= RECORD_LIMIT) return record;
    throw new StorageError(
      `The entry "${this.key}" has too many files: their list has ${record.length} bytes, ` +
        `and ${RECORD_LIMIT} is the most`,
    );
  }

  /**
   * Puts the record in the place of an earlier one, and gives what only that one needed. In a folder
   * that we, or our claim, just made it is not worth a tenth of the time to look for one: had somebody
   * saved the same key since, a few small files of theirs would stay behind.
   */
  #replace(aside: string): string[] {
    const isAlone = this.#claim === undefined
      ? performance.now() < this.#aloneUntil
      : isOfNew(this.#claim);
    const earlier = isAlone ? [] : filesOfRecord(this.#folder);
    try {
      Deno.renameSync(this.#path(aside), this.#path(RECORD));
    } catch (error) {
      if (this.#claim !== undefined && isAbsence(error)) throw claimLost(this.key, error);
      throw error;
    }
    return earlier;
  }

  #storeNow(name: string, data: Uint8Array): void {
    try {
      this.#make(name, (path) => Deno.writeFileSync(path, data, { createNew: true }));
    } catch (error) {
      throw this.#failure(error);
    }
  }

  async #store(
    name: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<number> {
    using file = await this.#try(() =>
      this.#make(name, (path) => Deno.openSync(path, { write: true, createNew: true }))
    );
    const size = await this.#fill(file, data, signal);
    if (this.#durable) await this.#try(() => file.sync());
    return size;
  }

  async #fill(
    file: Deno.FsFile,
    data: Uint8Array | ReadableStream<Uint8Array>,
    signal?: AbortSignal,
  ): Promise<number> {
    let size = 0;
    const take = async (piece: Uint8Array) => {
      await this.#try(() => writeAll(file, piece));
      size += piece.length;
    };
    if (data instanceof ReadableStream) {
      await this.#state.pour(data, take, signal);
      return size;
    }
    while (size < data.length) {
      signal?.throwIfAborted();
      await take(data.subarray(size, size + SMALL));
    }
    return size;
  }

  /** Makes a file in the folder, which is made again where somebody who deletes the entry removed it. */
  #make<T>(name: string, make: (path: string) => T): T {
    this.#made.push(name);
    for (let tries = 1;; tries++) {
      try {
        return make(this.#path(name));
      } catch (error) {
        if (error instanceof Deno.errors.AlreadyExists) this.#made.pop();
        if (!isAbsence(error) || tries === TRIES) throw error;
        if (this.#claim !== undefined) throw claimLost(this.key, error);
        this.#root.makeFolder(this.#folder);
        this.#aloneUntil = 0;
      }
    }
  }

  async #try<T>(act: () => T | Promise<T>): Promise<T> {
    try {
      return await act();
    } catch (error) {
      throw this.#failure(error);
    }
  }

  #failure(error: unknown): unknown {
    return failure(this.#root.dir, `save "${this.key}"`, error);
  }

  #path(name: string): string {
    return this.#folder + SEPARATOR + name;
  }
}

/**
 * Gives the names of the data files of the entry in a folder, be it whole or torn: what can be removed
 * once its record is gone. What cannot be read stays.
 */
export function filesOfRecord(folder: string, record = RECORD): string[] {
  try {
    const names = [...Deno.readDirSync(folder)].filter((item) => item.isFile)
      .map((item) => item.name);
    const path = folder + SEPARATOR + record;
    if (!names.includes(record) || Deno.lstatSync(path).size > RECORD_LIMIT) return [];
    const generation = generationIn(Deno.readFileSync(path));
    return generation ? names.filter((name) => name.startsWith(`${generation}-`)) : [];
  } catch {
    return [];
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function isJson(data: Uint8Array): boolean {
  if (isEncodedJson(data)) return true;
  try {
    JSON.parse(decoder.decode(data));
    return true;
  } catch {
    return false;
  }
}
