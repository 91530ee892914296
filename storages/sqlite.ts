import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import type { SqliteEntries } from "./_sqlite_entries.ts";
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

/** The options of {@link SqliteStorage}. */
export interface SqliteStorageOptions {
  /** The file; relative ones against the working directory. Made, its folder too, by the first save. */
  readonly file: string | URL;
  /**
   * Which entries survive a loss of power once they are committed: those that
   * {@linkcode CreateOptions.durable} asks for (`"auto"`), all, or none. It takes about 1 ms an entry.
   * Without it such a loss may cost the entries of the last seconds or minutes, but never the file.
   *
   * @default {"auto"}
   */
  readonly durability?: "auto" | "always" | "never";
}

/** What SQLite adds to the name of a database for the files that it keeps beside it. */
const SIBLINGS = ["-wal", "-shm", "-journal"];
/** What we add to it for the folder of those who compute entries just now. */
const CLAIMS = "-claims";

/**
 * Entries in one SQLite database: the fastest for very many small results, which it lists and loads
 * several times faster than a directory does. Other processes of the same machine may use the file at
 * the same time; it must not lie on a network file system.
 *
 * Nothing is touched before the first call, and nothing written before the first save; a missing or
 * empty file is an empty storage. While the file is in use, SQLite keeps two more beside it, named like
 * it with `-wal` and `-shm`. How an entry lies in the tables is told in `docs/storages.md`.
 *
 * @example
 * ```ts
 * import { SqliteStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const dir = await Deno.makeTempDir();
 * {
 *   await using storage = new SqliteStorage({ file: `${dir}/results.db` });
 *
 *   await using draft = await storage.create("greeting");
 *   await draft.write("hello.txt", new TextEncoder().encode("Hello"));
 *   await draft.commit();
 *
 *   const entry = await storage.open("greeting");
 *   assertEquals(new TextDecoder().decode(await entry?.read("hello.txt")), "Hello");
 * }
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export class SqliteStorage extends Storage {
  /** The absolute path of the file. */
  readonly file: string;
  /**
   * To read and write the file, and to look at the three that SQLite may keep beside it; and a folder
   * for claims. Where the folder of the file is missing, making it needs permission to write there.
   */
  override readonly permissions: Deno.PermissionOptionsObject;
  readonly #durability: "auto" | "always" | "never";
  readonly #beside: readonly string[];
  readonly #claims: string;
  #entries?: SqliteEntries;
  #isDisposed = false;

  /**
   * Speaks of a file; a path or `file:` URL stands for `{ file }`.
   *
   * @throws {StorageError} When `file` is no path or `file:` URL, or `durability` no known one.
   */
  constructor(options: SqliteStorageOptions | string | URL) {
    super();
    const given = typeof options === "string" || options instanceof URL
      ? { file: options }
      : options;
    const { file, durability = "auto" } = given;
    if (!["auto", "always", "never"].includes(durability)) {
      throw new StorageError(
        `Expected durability of "auto", "always" or "never", got ${describe(durability)}`,
      );
    }
    this.file = absoluteFile(file);
    this.#beside = SIBLINGS.map((ending) => this.file + ending);
    this.#claims = this.file + CLAIMS;
    this.permissions = {
      read: [this.file, ...this.#beside, this.#claims],
      write: [this.file, this.#claims],
    };
    this.#durability = durability;
  }

  /** This machine: the file has to lie on a disk of its own. */
  override get reach(): StorageReach {
    return "machine";
  }

  /** Makes a storage on the same file, with a connection of its own, in whatever thread or process. */
  override get spec(): PluginSpec {
    return { type: "sqlite", file: this.file, durability: this.#durability };
  }

  /** Gives the keys of all entries in order; a damaged one is found, but not opened. */
  override async *findKeys(
    { prefix = "", signal }: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    signal?.throwIfAborted();
    yield* (this.#entries ?? await this.#load()).findKeys(prefix, signal);
  }

  /** Whether there is a whole entry under the key. The pieces of its large files are not read. */
  override async exists(key: string, options?: Call): Promise<boolean> {
    return await this.open(key, options) !== undefined;
  }

  /** Which of the keys have an entry. A damaged one counts as there: rows are not looked at. */
  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const wanted = [...new Set(keys)];
    for (const key of wanted) checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).existsMany(wanted, options?.signal);
  }

  /**
   * Opens the entry under the key. Files of up to 16 KiB come with it; reads of larger ones reject when
   * it was replaced or removed since; then open it again.
   */
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).open(key, options?.signal);
  }

  /** Begins a new entry; makes the file where it is missing. */
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    const durability = this.#durability;
    const durable = durability === "always" || (durability === "auto" && !!options?.durable);
    const entries = this.#entries ?? await this.#load();
    return await entries.create(key, { durable, claim: options?.claim, signal: options?.signal });
  }

  /**
   * Claims a key by a lock on a file, in a folder beside the database that is named like it with
   * `-claims`. Without permission to write there everybody is given a claim.
   */
  override async claim(key: string, options?: Call): Promise<Claim | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).claim(key, options?.signal);
  }

  /** Removes the entry under the key, damaged or not. Gives whether there was one. */
  override async delete(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).delete(key, options?.signal);
  }

  /**
   * Gives the large files of drafts that wrote nothing for the time of the grace, and of entries that were
   * replaced or deleted. A storage that has such a draft under way all the same says so at its next piece,
   * or its commit.
   */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    yield* (this.#entries ?? await this.#load()).findLeftovers(options);
  }

  /** Closes the connection, after which the storage cannot be used any more. Entries stay. */
  // deno-lint-ignore require-await
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#entries?.dispose();
  }

  /** Loads what works on databases, which a program that has none need not wait for at its start. */
  async #load(): Promise<SqliteEntries> {
    const { SqliteEntries } = await import("./_sqlite_entries.ts");
    const { file, permissions } = this;
    this.#entries ??= new SqliteEntries({
      ...{ file, permissions },
      beside: this.#beside,
      claims: this.#claims,
    });
    if (this.#isDisposed) this.#entries.dispose();
    return this.#entries;
  }
}

/** Gives the absolute path of a file that is given as a path or `file:` URL. */
function absoluteFile(file: string | URL): string {
  const given = file instanceof URL ? file.href : file;
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    throw new StorageError(`Expected the path of a file as storage, got ${describe(file)}`);
  }
  if (!(file instanceof URL) && !given.startsWith("file://")) return resolve(given);
  try {
    return resolve(fromFileUrl(given));
  } catch (cause) {
    throw new StorageError(`Expected a file: URL as storage, got ${given}`, { cause });
  }
}
