import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import { keyFolder } from "./_local_claim.ts";
import { filesOfRecord, LocalDraft } from "./_local_draft.ts";
import { findRecord, LocalEntry } from "./_local_entry.ts";
import { failure } from "./_local_failure.ts";
import { isAbsence, look, patiently, SEPARATOR, tryRemove } from "./_local_files.ts";
import { LocalRoot } from "./_local_root.ts";
import { claimByLock } from "./_lock_claim.ts";
import { Pace } from "./_pace.ts";
import { keyOf, placeOf } from "./_place.ts";
import { RECORD } from "./_record.ts";
import { checkKey } from "./names.ts";
import {
  type Call,
  type Claim,
  type CreateOptions,
  type Draft,
  type Entry,
  type Leftover,
  type LeftoverOptions,
  Storage,
  type StorageReach,
} from "./storage.ts";

/** The options of {@link LocalStorage}. */
export interface LocalStorageOptions {
  /** The directory; relative ones against the working directory. Made, parents too, by the first save. */
  readonly dir: string | URL;
  /**
   * Whether the first save writes a `.gitignore` of `*` into the directory, in place of any other.
   *
   * @default {true}
   */
  readonly gitignore?: boolean;
  /**
   * Which entries survive a loss of power once they are committed: those that
   * {@linkcode CreateOptions.durable} asks for (`"auto"`), all, or none. It takes 1 to 10 ms an entry.
   * Without it such a loss may cost the entries of the last seconds, but never gives a wrong one.
   *
   * @default {"auto"}
   */
  readonly durability?: "auto" | "always" | "never";
  /**
   * Whether other machines see the same directory, as they do on a network file system: then tasks may run
   * there, and keep their results here. Nothing checks it.
   *
   * @default {false}
   */
  readonly shared?: boolean;
}

/** From how many misses on it is cheaper to list the directory than to look for each key. */
const MANY = 64;

/**
 * Entries as folders in a directory, each with its files in it, as a person can read them. Other
 * processes may use the directory at the same time.
 *
 * Nothing is touched before the first call, and nothing written before the first save; a missing
 * directory is an empty storage. How an entry lies on disk is told in `docs/storages.md`.
 *
 * @example
 * ```ts
 * import { LocalStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const dir = await Deno.makeTempDir();
 * const storage = new LocalStorage({ dir });
 *
 * await using draft = await storage.create("greeting");
 * await draft.write("hello.txt", new TextEncoder().encode("Hello"));
 * await draft.commit();
 *
 * const entry = await storage.open("greeting");
 * assertEquals(new TextDecoder().decode(await entry?.read("hello.txt")), "Hello");
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export class LocalStorage extends Storage {
  /** The absolute path of the directory. */
  readonly dir: string;
  /** To read and write the directory. */
  override readonly permissions: Deno.PermissionOptionsObject;
  readonly #options: { readonly gitignore: boolean; readonly durability: string };
  readonly #isShared: boolean;
  readonly #root: LocalRoot;

  /**
   * Speaks of a directory; a path or `file:` URL stands for `{ dir }`.
   *
   * @throws {StorageError} When `dir` is no path or `file:` URL, or `durability` no known one.
   */
  constructor(options: LocalStorageOptions | string | URL) {
    super();
    const given = typeof options === "string" || options instanceof URL
      ? { dir: options }
      : options;
    const { dir, gitignore = true, durability = "auto", shared = false } = given;
    if (!["auto", "always", "never"].includes(durability)) {
      throw new StorageError(
        `Expected durability of "auto", "always" or "never", got ${describe(durability)}`,
      );
    }
    this.dir = absolute(dir);
    this.permissions = { read: [this.dir], write: [this.dir] };
    this.#options = { gitignore, durability };
    this.#isShared = shared;
    this.#root = new LocalRoot(this.dir, { gitignore });
  }

  /** Makes a storage on the same directory, in whatever thread or process. */
  override get spec(): PluginSpec {
    const shared = this.#isShared ? { shared: true } : {};
    return { type: "local", dir: this.dir, ...this.#options, ...shared };
  }

  /** This machine, or, where the options say so, others as well. */
  override get reach(): StorageReach {
    return this.#isShared ? "machines" : "machine";
  }

  /** Gives the keys of all entries; a damaged one is found, but not opened. */
  override async *findKeys(
    { prefix = "", signal }: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    signal?.throwIfAborted();
    const pace = new Pace();
    for (const place of this.#places()) {
      const key = place.startsWith(prefix) ? keyOf(place) : undefined;
      if (key?.startsWith(prefix) && this.#hasRecord(place)) yield key;
      if (pace.due) await pace.rest();
      signal?.throwIfAborted();
    }
  }

  /** Whether there is a whole entry under the key. Its data files are not read. */
  override async exists(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    return await this.#find(key, options) !== undefined;
  }

  /** Which of the keys have an entry; looks for many at the cost of one listing. */
  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const wanted = new Set(keys);
    for (const key of wanted) checkKey(key);
    options?.signal?.throwIfAborted();
    const found = new Set<string>();
    const pace = new Pace();
    let misses = 0;
    let places: Set<string> | undefined;
    for (const key of wanted) {
      if (misses === MANY) places ??= new Set(this.#places());
      if (places && !places.has(placeOf(key))) continue;
      if (await this.#find(key, options)) found.add(key);
      else misses++;
      if (pace.due) await pace.rest();
    }
    return found;
  }

  /**
   * Opens the entry under the key. Its reads reject when it was replaced or removed since, with a
   * `Deno.errors.NotFound` as cause; then open it again.
   */
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    const record = await this.#find(key, options);
    return record && new LocalEntry(this.#root, record);
  }

  /** Begins a new entry; makes its folder, and the directory where it is missing. */
  // deno-lint-ignore require-await -- a synchronous failure must reject like any other.
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const { durability } = this.#options;
    const durable = durability === "always" || (durability === "auto" && !!options?.durable);
    try {
      return new LocalDraft(this.#root, key, { durable, claim: options?.claim });
    } catch (error) {
      throw failure(this.dir, `create "${key}"`, error);
    }
  }

  /**
   * Claims a key by a lock on its folder, which is made for that. The lock ends with the program, and
   * stays while that is stopped. Where folders cannot be locked, everybody is given a claim.
   */
  // deno-lint-ignore require-await
  override async claim(key: string, options?: Call): Promise<Claim | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    try {
      return claimByLock(keyFolder(this.#root, key));
    } catch (error) {
      throw failure(this.dir, `claim "${key}"`, error);
    }
  }

  /** Removes the entry under the key, damaged or not. Gives whether there was one. */
  override async delete(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    try {
      return await patiently(() => this.#remove(this.#root.folderOf(key)));
    } catch (error) {
      throw failure(this.dir, `delete "${key}"`, error);
    }
  }

  /**
   * Moves the files of the entry under the key, damaged or not, to a folder in `.aside`, where nobody
   * sees them. Gives its path.
   */
  override async setAside(key: string, options?: Call): Promise<string | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const { moveAside } = await import("./_local_aside.ts");
    try {
      return await patiently(() => moveAside(this.#root, this.#root.folderOf(key)));
    } catch (error) {
      throw failure(this.dir, `set "${key}" aside`, error);
    }
  }

  /**
   * Gives what drafts that died, deletions and replacements left behind, entries that were set aside, and
   * what something else put there. A writer holds a lock while it lives; the grace is for those of whom
   * no lock tells.
   */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    const { LocalLeftovers } = await import("./_local_leftovers.ts");
    yield* new LocalLeftovers(this.#root, options).find();
  }

  /** Lets go of the lock that tells others that this storage is in use. It may be used again. */
  // deno-lint-ignore require-await
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#root.release();
  }

  async #find(key: string, options?: Call): ReturnType<typeof findRecord> {
    try {
      return await findRecord(this.#root, key, options?.signal);
    } catch (error) {
      options?.signal?.throwIfAborted();
      throw failure(this.dir, `look for "${key}"`, error);
    }
  }

  /** Takes the record away, which is the end of the entry, and learns from it what else to remove. */
  #remove(folder: string): boolean {
    const path = folder + SEPARATOR + RECORD;
    const isThere = look(folder)?.isDirectory && look(path)?.isFile;
    if (!isThere) this.#root.check();
    if (!isThere) return false;
    const aside = `${this.#root.nextGeneration()}.tmp`;
    try {
      Deno.renameSync(path, folder + SEPARATOR + aside);
    } catch (error) {
      if (isAbsence(error)) return false;
      throw error;
    }
    for (const name of filesOfRecord(folder, aside)) tryRemove(folder + SEPARATOR + name);
    tryRemove(folder + SEPARATOR + aside);
    // Fails, as it should, where anything else lies in the folder.
    tryRemove(folder);
    return true;
  }

  /** Gives the names of the folders in the directory. */
  #places(): string[] {
    try {
      if (!this.#root.check()) return [];
      return [...Deno.readDirSync(this.dir)].filter((item) => item.isDirectory)
        .map((item) => item.name);
    } catch (error) {
      if (isAbsence(error)) return [];
      throw failure(this.dir, "list the entries", error);
    }
  }

  #hasRecord(place: string): boolean {
    try {
      const info = look(this.dir + SEPARATOR + place + SEPARATOR + RECORD);
      return info !== undefined && info.isFile;
    } catch (error) {
      throw failure(this.dir, `look for "${place}"`, error);
    }
  }
}

function absolute(dir: string | URL): string {
  const given = dir instanceof URL ? dir.href : dir;
  const isUrl = dir instanceof URL || given?.startsWith?.("file://");
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    throw new StorageError(`Expected the path of a directory as storage, got ${describe(dir)}`);
  }
  if (!isUrl) return resolve(given);
  try {
    return resolve(fromFileUrl(given));
  } catch (cause) {
    throw new StorageError(`Expected a file: URL as storage, got ${given}`, { cause });
  }
}
