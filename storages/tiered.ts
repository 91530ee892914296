import { describe } from "../describe.ts";
import { StorageError } from "../errors.ts";
import { union } from "../permissions.ts";
import type { PluginSpec } from "../plugin.ts";
import { storages } from "../registry.ts";
import { hasClaims } from "./_tiered_claims.ts";
import { MarkNames } from "./_tiered_mark.ts";
import type { Tiers } from "./_tiered_tiers.ts";
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

/** The options of {@link TieredStorage}. */
export interface TieredStorageOptions {
  /** The storage in front: a copy of what was used here, e.g. a directory. */
  readonly near: Storage;
  /** The storage behind, which others use too. */
  readonly far: Storage;
  /**
   * Where saves go: to both storages, or to the near one alone, so that the far one is only read.
   *
   * @default {"both"}
   */
  readonly write?: "both" | "near";
  /**
   * For how many seconds a copy is served without asking the far storage whether it was replaced or
   * deleted there; with 0 it is asked each time.
   *
   * @default {60}
   */
  readonly maxAge?: number;
  /**
   * What is disposed with the storage, e.g. a stack of the two storages. Left out, whoever made them
   * disposes them.
   */
  readonly owned?: AsyncDisposable;
}

/** What {@linkcode TieredStorage.push} did, in numbers of entries. */
export interface PushCount {
  /** The far storage has them now. */
  readonly pushed: number;
  /** The far storage has others under their keys, which stay and are served from now on. */
  readonly outdated: number;
  /** They could not be read in the near storage, or were replaced meanwhile; they are still there. */
  readonly waiting: number;
}

/**
 * A near storage in front of a far one: what is read is copied to the near one and served from there,
 * what is saved goes to both. A far storage that is down costs a warning, not the run: the near one goes
 * on alone, and what was saved meanwhile goes to far when it is back.
 *
 * A copy is never served when far replaced or deleted the entry more than `maxAge` seconds ago; while far
 * is down it is. `docs/tiered.md` tells what is asked when, and what is promised.
 *
 * @example A directory in front of a database that others use
 * ```ts
 * import { LocalStorage, SqliteStorage, TieredStorage } from "@labtech/lab/storages";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const dir = await Deno.makeTempDir();
 * {
 *   await using far = new SqliteStorage({ file: `${dir}/shared.db` });
 *   const near = new LocalStorage({ dir: `${dir}/results` });
 *   await using storage = new TieredStorage({ near, far, maxAge: 300 });
 *
 *   await using draft = await storage.create("greeting");
 *   await draft.write("hello.txt", new TextEncoder().encode("Hello"));
 *   await draft.commit();
 *
 *   assert(await near.exists("greeting") && await far.exists("greeting"));
 *   assertEquals([...(await storage.open("greeting"))!.files], [["hello.txt", 5]]);
 * }
 * await Deno.remove(dir, { recursive: true });
 * ```
 */
export class TieredStorage extends Storage {
  /** The storage in front. */
  readonly near: Storage;
  /** The storage behind. */
  readonly far: Storage;
  /** What both storages need. */
  override readonly permissions: Deno.PermissionOptionsObject;
  /**
   * Claims a key in the far storage; in the near one where far has no claims, is down, or only read. Left out
   * where neither has any.
   */
  override readonly claim?: (key: string, options?: Call) => Promise<Claim | undefined>;
  readonly #write: "both" | "near";
  readonly #maxAge: number;
  readonly #owned?: AsyncDisposable;
  readonly #names: MarkNames;
  #tiers?: Tiers;

  /**
   * Puts two storages together.
   *
   * @throws {StorageError} When one of them is none or both are the same, or an option has no such value.
   */
  constructor({ near, far, write = "both", maxAge = 60, owned }: TieredStorageOptions) {
    super();
    for (const [name, storage] of [["near", near], ["far", far]] as const) {
      if (storage instanceof Storage) continue;
      throw new StorageError(
        `Expected a Storage as ${name}, got ${
          describe(storage)
        }; a spec as in a configuration is ` +
          `made to one by storages.create of the registry`,
      );
    }
    if (near === far) throw new StorageError("Expected two storages, got the same as near and far");
    if (write !== "both" && write !== "near") {
      throw new StorageError(`Expected write of "both" or "near", got ${describe(write)}`);
    }
    if (typeof maxAge !== "number" || !(maxAge >= 0 && maxAge < Infinity)) {
      throw new StorageError(`Expected maxAge of 0 seconds or more, got ${describe(maxAge)}`);
    }
    this.near = near;
    this.far = far;
    this.permissions = union([near.permissions, far.permissions]);
    this.#write = write;
    this.#maxAge = maxAge;
    this.#owned = owned;
    if (hasClaims({ near, far, write })) this.claim = this.#claim;
    this.#names = new MarkNames(near instanceof TieredStorage ? near.#names.level + 1 : 1);
  }

  /** That of the storage that results are written to, so that others find them. */
  override get reach(): StorageReach | undefined {
    return this.#write === "both" ? this.far.reach : this.near.reach;
  }

  /**
   * Makes a storage on the same two, in whatever thread or process; `undefined` where one of them lives
   * in this thread only, or is not of this library.
   */
  override get spec(): PluginSpec | undefined {
    const [near, far] = [specOf(this.near), specOf(this.far)];
    if (!near || !far) return undefined;
    return { type: "tiered", near, far, write: this.#write, maxAge: this.#maxAge };
  }

  /** Gives the keys of all entries of both storages, each once. */
  override async *findKeys(
    options: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    options.signal?.throwIfAborted();
    yield* (await this.#load()).findKeys(options);
  }

  /** Whether there is a whole entry under the key, in either storage. */
  override async exists(key: string, options: Call = {}): Promise<boolean> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).exists(key, options);
  }

  /**
   * Which of the keys have an entry: by one question to each storage. The far one is not asked for those
   * of which it answered this storage within `maxAge`.
   */
  override async existsMany(keys: Iterable<string>, options: Call = {}): Promise<Set<string>> {
    const wanted = [...new Set(keys)];
    for (const key of wanted) checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).existsMany(wanted, options);
  }

  /**
   * Opens the entry under the key. The first read of any of its files but `metadata.json` copies it to
   * the near storage, and waits for that. An entry that is still to be pushed is pushed before.
   */
  override async open(key: string, options: Call = {}): Promise<Entry | undefined> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).open(key, options);
  }

  /** Begins a new entry, in both storages. Where the far one fails, the near one goes on alone. */
  override async create(key: string, options: CreateOptions = {}): Promise<Draft> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).create(key, options);
  }

  /**
   * Removes the entry under the key from both storages. Gives whether there was one.
   *
   * @throws {StorageError} When the far storage is down, or has it and is only read: the entry would come
   *   back. Nothing is changed then.
   */
  override async delete(key: string, options: Call = {}): Promise<boolean> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).delete(key, options);
  }

  /** Takes an entry out of the way in both storages; where the far one is down or only read, in near. */
  override async setAside(key: string, options: Call = {}): Promise<string | undefined> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).setAside(key, options);
  }

  /**
   * Gives what lies in both storages and is no entry, and the copies in near of what far has no more.
   * Of a far storage that is only read, nothing.
   */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    options.signal?.throwIfAborted();
    yield* (await this.#load()).findLeftovers(options);
  }

  /**
   * Gives the far storage all entries that the near one alone has: those that were saved while far was
   * down, or before it was there. What far has under the same key stays, unless it is still the very
   * entry in whose place near's was saved.
   *
   * @throws {StorageError} When the far storage is only read, or fails.
   */
  async push(options: Call & { readonly prefix?: string } = {}): Promise<PushCount> {
    options.signal?.throwIfAborted();
    if (this.#write === "near") {
      throw new StorageError(
        `Cannot push to a far storage that is only read, since write is "near"`,
      );
    }
    const count = { pushed: 0, outdated: 0, waiting: 0 };
    for await (const outcome of (await this.#load()).push(options)) count[outcome]++;
    return count;
  }

  /** Pushes what waits for that, where far is up; then releases what the storage owns. Entries stay. */
  override async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#tiers?.pushPending();
    } finally {
      await this.#owned?.[Symbol.asyncDispose]();
    }
  }

  async #claim(key: string, options: Call = {}): Promise<Claim | undefined> {
    checkKey(key);
    options.signal?.throwIfAborted();
    return await (await this.#load()).claim(key, options);
  }

  /** Loads what works on the two, which a program that has none need not wait for at its start. */
  async #load(): Promise<Tiers> {
    if (this.#tiers) return this.#tiers;
    const { Tiers } = await import("./_tiered_tiers.ts");
    return this.#tiers ??= new Tiers({
      near: this.near,
      far: this.far,
      write: this.#write,
      maxAge: 1000 * this.#maxAge,
      names: this.#names,
    });
  }
}

/** A spec by which any thread makes an equal, with nothing imported before. */
function specOf(storage: Storage): PluginSpec | undefined {
  // What a class inherits tells how to make one of the class above it.
  const isOwn = Object.hasOwn(Object.getPrototypeOf(storage), "spec");
  const own = isOwn ? storage.spec : undefined;
  const origin = own ? undefined : storages.originOf(storage);
  // Its paths are relative to a folder, and those of what is made here to the working directory.
  const spec = own ?? (origin?.folder === Deno.cwd() ? origin.spec : undefined);
  const plugin = spec && storages.get(spec.type);
  return plugin && storages.isBuiltin(plugin) ? spec : undefined;
}
