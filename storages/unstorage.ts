/**
 * `UnstorageStorage`: entries on any driver of {@link https://unstorage.unjs.io | unstorage}.
 * `docs/unstorage.md` is its guide.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import { describe, isPlainObject } from "../describe.ts";
import { StorageError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import { didYouMean } from "../suggest.ts";
import type { UnstorageDriver } from "./_unstorage_driver.ts";
import { DRIVERS, isDriver, traitsOf } from "./_unstorage_drivers.ts";
import type { UnstorageEntries } from "./_unstorage_entries.ts";
import { permissionsOf } from "./_unstorage_permissions.ts";
import { UnstoragePlace } from "./_unstorage_place.ts";
import { checkKey } from "./names.ts";
import {
  type Call,
  type CreateOptions,
  type Draft,
  type Entry,
  type Leftover,
  type LeftoverOptions,
  Storage,
} from "./storage.ts";

export type { Call, CreateOptions, Draft, Entry, Leftover, LeftoverOptions, UnstorageDriver };
export { LabtechError, StorageError } from "../errors.ts";
export type { PluginSpec } from "../plugin.ts";
export { Storage } from "./storage.ts";

/** The options of {@link UnstorageStorage}. */
export interface UnstorageStorageOptions {
  /**
   * The name of one of unstorage's drivers, e.g. `"azure-storage-blob"`; or, in code, a driver that was
   * made already. That one is not disposed with the storage, and stays in its thread.
   */
  readonly driver: string | UnstorageDriver;
  /**
   * The options of the driver, as unstorage documents them. The `base` of `fs` and `fs-lite` is a path;
   * relative ones against the working directory.
   */
  readonly [option: string]: unknown;
}

/**
 * Entries on any driver of unstorage: blobs of Azure, Cloudflare R2 and KV, MongoDB, Redis and others.
 * The driver, and the packages that it needs, are loaded by the first call.
 *
 * A driver keeps items under keys, and promises less than other storages need. What of the promises of
 * {@linkcode Storage} holds on which driver, and how an entry lies there, is told in
 * `docs/unstorage.md`.
 *
 * @example
 * ```ts ignore
 * import { UnstorageStorage } from "@labtech/lab/storages/unstorage";
 *
 * await using storage = new UnstorageStorage({
 *   driver: "azure-storage-blob",
 *   connectionString: Deno.env.get("AZURE_STORAGE_CONNECTION_STRING"),
 *   containerName: "results",
 * });
 * ```
 */
export class UnstorageStorage extends Storage {
  /** The name of the driver. */
  readonly driver: string;
  /**
   * For `fs` and `fs-lite`, the directory; for drivers that speak to a server, its host as far as the
   * options tell, and what their packages ask for. Of other drivers nothing is known.
   */
  override readonly permissions: Deno.PermissionOptionsObject;
  readonly #place: UnstoragePlace;
  #entries?: UnstorageEntries;
  #isDisposed = false;

  /**
   * Speaks of a driver.
   *
   * @throws {StorageError} When there is no driver of that name, or a path is missing.
   */
  constructor({ driver, ...given }: UnstorageStorageOptions) {
    super();
    const { name, made } = known(driver);
    const traits = traitsOf(name);
    const options = made ? {} : withPath(name, given);
    this.driver = name;
    this.permissions = permissionsOf(name, options);
    const { permissions } = this;
    this.#place = new UnstoragePlace({ name, options, given: made, traits, permissions });
  }

  /**
   * Makes a storage on the same place in whatever thread or process; with all options, secrets too.
   * `undefined` where the driver or one of its options was made in code, or it keeps what it is given in
   * its thread.
   */
  override get spec(): PluginSpec | undefined {
    const { name, given, options, traits } = this.#place;
    if (given || traits.isThreadLocal || !isJson(options)) return undefined;
    return { type: "unstorage", driver: name, ...options };
  }

  /** Gives the keys of all entries, by one listing; a damaged one is found, but not opened. */
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

  /**
   * Which of the keys have an entry. Many are looked for by one listing, where the driver's is complete;
   * then a damaged entry counts as there.
   */
  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const wanted = [...new Set(keys)];
    for (const key of wanted) checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).existsMany(wanted, options?.signal);
  }

  /**
   * Opens the entry under the key. Files of up to 32 KiB come with it, 128 KiB in all; reads of larger
   * ones reject when it was replaced or removed since; then open it again.
   */
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).open(key, options?.signal);
  }

  /** Begins a new entry. `durable` changes nothing: the driver decides what it syncs. */
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return (this.#entries ?? await this.#load()).create(key);
  }

  /** Removes the entry under the key, damaged or not. Gives whether there was one. */
  override async delete(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).delete(key, options?.signal);
  }

  /** Keeps an entry, damaged or not, where no reader finds it. */
  override async setAside(key: string, options?: Call): Promise<string | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).setAside(key, options?.signal);
  }

  /**
   * Gives what saves left that died, what was replaced or deleted meanwhile, entries that were set
   * aside, and items that are none of ours, by a listing of all. What was written to within `grace` is
   * passed over, and what the driver does not list.
   */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    options.signal?.throwIfAborted();
    yield* (this.#entries ?? await this.#load()).findLeftovers(options);
  }

  /** Lets go of the driver, after which the storage cannot be used any more. Entries stay. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#entries?.dispose();
  }

  /** Loads what works on drivers, which a program that has none need not wait for at its start. */
  async #load(): Promise<UnstorageEntries> {
    const { UnstorageEntries } = await import("./_unstorage_entries.ts");
    this.#entries ??= new UnstorageEntries(this.#place);
    if (this.#isDisposed) await this.#entries.dispose();
    return this.#entries;
  }
}

function known(driver: unknown): { readonly name: string; readonly made?: UnstorageDriver } {
  if (isDriver(driver)) return { name: driver };
  if (typeof driver === "object" && driver !== null && "getItem" in driver && "getKeys" in driver) {
    const made = driver as UnstorageDriver;
    return { name: typeof made.name === "string" ? made.name : "of its own", made };
  }
  const near = typeof driver === "string" ? didYouMean(driver, DRIVERS) : "";
  throw new StorageError(
    `Expected the name of a driver of unstorage, or a driver, got ${describe(driver)}${
      near || ";"
    } ` +
      `known are ${DRIVERS.join(", ")}`,
  );
}

/** Gives the options of a driver with its path made absolute. */
function withPath(name: string, options: Record<string, unknown>): Record<string, unknown> {
  const { path, defaults } = traitsOf(name);
  if (path === undefined) return options;
  const given = options[path];
  if (typeof given !== "string" || given === "" || given.includes("\0")) {
    throw new StorageError(
      `Expected the path of a directory as "${path}" of the driver "${name}", got ${
        describe(given)
      }`,
    );
  }
  try {
    const absolute = resolve(given.startsWith("file://") ? fromFileUrl(given) : given);
    return { ...defaults, ...options, [path]: absolute };
  } catch (cause) {
    throw new StorageError(`Expected a path or file: URL as "${path}", got ${given}`, { cause });
  }
}

function isJson(value: unknown): boolean {
  if (typeof value !== "object" || value === null) {
    return typeof value !== "function" && typeof value !== "symbol" && typeof value !== "bigint";
  }
  return (Array.isArray(value) || isPlainObject(value)) && Object.values(value).every(isJson);
}
