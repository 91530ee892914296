import type { PluginSpec } from "../plugin.ts";

/** From how far the entries of a storage can be reached. */
export type StorageReach = "machines" | "machine" | "program";

/** What every call that may wait takes. */
export interface Call {
  /** Aborts the call: it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** One whole entry, open for reading. It stays readable as it was even when it is replaced meanwhile, or reads fail. */
export interface Entry {
  /** The key it lies under. */
  readonly key: string;
  /** Its files: name to size in bytes. */
  readonly files: ReadonlyMap<string, number>;
  /**
   * What tells this entry from those that lay under its key before and after: two with the same version
   * have the same content. Left out by storages that know no such thing.
   */
  readonly version?: string;
  /**
   * Reads a whole file. The bytes are the caller's own.
   *
   * @throws {StorageError} When the entry has no such file, or it cannot be read (any more).
   */
  read(file: string, options?: Call): Promise<Uint8Array<ArrayBuffer>>;
  /**
   * Reads a file piece by piece.
   *
   * @throws {StorageError} When the entry has no such file, or it cannot be read (any more).
   */
  stream(file: string, options?: Call): Promise<ReadableStream<Uint8Array<ArrayBuffer>>>;
}

/** A new entry in the making. Nobody sees it before `commit`; disposing it without commit discards it. */
export interface Draft extends AsyncDisposable {
  /** The key it will lie under. */
  readonly key: string;
  /**
   * Writes one file, whole. Each name may be written once. The data is taken over before the promise
   * resolves; until then the caller leaves it alone.
   *
   * @throws {StorageError} When the name is refused or was written before, or the medium fails.
   */
  write(
    file: string,
    data: Uint8Array | ReadableStream<Uint8Array>,
    options?: Call,
  ): Promise<void>;
  /**
   * Makes all files appear at once, in place of an earlier entry of the key. Where it throws, the
   * earlier entry is still there.
   *
   * @throws {StorageError} When the medium fails, or the draft was committed or disposed before.
   */
  commit(options?: Call): Promise<void>;
}

/** What is asked of {@link Storage.create}. */
export interface CreateOptions extends Call {
  /**
   * Whether the entry is worth the time that it takes to make it survive a loss of power. A storage
   * with a durability setting of its own decides by that first.
   *
   * @default {false}
   */
  readonly durable?: boolean;
  /**
   * The {@linkcode Claim.token} of a claim on the key. Once that claim is lost to somebody else, the
   * commit is refused, so that it replaces nothing that they saved.
   *
   * @default {none: the commit replaces whatever is there}
   */
  readonly claim?: string;
}

/**
 * The right to compute what is to lie under a key, which one has at a time. It saves work and decides
 * nothing: whoever has none may save all the same. Given back when it is disposed; it ends by itself with
 * the program that has it.
 */
export interface Claim extends AsyncDisposable {
  /** The key that is claimed. */
  readonly key: string;
  /**
   * What {@linkcode CreateOptions.claim} takes, here or in another thread or process. Left out where the
   * storage has nothing to check by.
   */
  readonly token?: string;
  /**
   * For how long, in ms, it holds without a sign of life of its holder. Left out where it ends only with the
   * program that has it, however that is frozen or cut off.
   */
  readonly ttl?: number;
  /** Whether there may be an entry under the key: of whoever had the claim before, or an earlier one. */
  readonly hasEntry: boolean;
  /** Whether it is still held. What was lost to somebody else stays lost. */
  isHeld(options?: Call): Promise<boolean>;
}

/** What lies in a storage and is no entry: nobody sees it, and it takes room. */
export interface Leftover {
  /** Where it lies, in words for a person: a path, the name of an object, a row. Not to be trusted. */
  readonly place: string;
  /**
   * What it is: of a save that died midway (`"draft"`), of an entry that was replaced or deleted
   * (`"replaced"`), an entry that {@linkcode Storage.setAside} put out of the way (`"aside"`), or
   * something that no storage of this kind makes (`"foreign"`), which is nobody's to remove unasked.
   */
  readonly kind: "draft" | "replaced" | "aside" | "foreign";
  /** How much room it takes, in bytes, as far as that is known. */
  readonly bytes: number;
  /** When it was last written to, where that is known. */
  readonly since?: Date;
  /**
   * Removes it, unless it has come to be of use since. Gives whether it is gone.
   *
   * @throws {StorageError} When the medium fails.
   */
  remove(options?: Call): Promise<boolean>;
}

/** What is asked of {@link Storage.findLeftovers}. */
export interface LeftoverOptions extends Call {
  /**
   * Where a storage cannot tell a live writer from a dead one, what was written to within this time, in
   * ms, is taken for a live one's.
   *
   * @default {86_400_000} a day
   */
  readonly grace?: number;
}

/**
 * A place for entries: under each key, a few named files that appear, are replaced and vanish together.
 *
 * Every storage promises:
 * 1. A reader sees a whole entry or none. A commit replaces an earlier entry at once; of two savers of
 *    one key, one wins whole.
 * 2. `exists` is true exactly when `open` would give a whole entry.
 * 3. Keys and file names follow {@linkcode checkKey} and {@linkcode checkFileName}; everything else is
 *    refused before any I/O. Keys that differ only in case never share a place.
 * 4. Reading never changes the storage.
 * 5. What dies midway leaves nothing that a reader sees, and only what {@linkcode findLeftovers} finds.
 *
 * A storage of one's own extends this class and passes the contract suite of `@labtech/lab/testing`.
 */
export abstract class Storage implements AsyncDisposable {
  /** What the storage needs to work, and nothing more. */
  abstract readonly permissions: Deno.PermissionOptionsObject;

  /**
   * From how far its entries can be reached: other machines, other programs of this one, this program alone.
   * Left undefined by storages that cannot tell; who needs to know has to be told then.
   */
  get reach(): StorageReach | undefined {
    return undefined;
  }

  /**
   * How another thread or process makes the same storage: its registered name and options. Left
   * undefined by storages that live in one thread's memory; results are then handed to that thread.
   */
  get spec(): PluginSpec | undefined {
    return undefined;
  }

  /** Gives the keys of all entries, in no particular order; with `prefix`, only those that start so. */
  abstract findKeys(options?: Call & { readonly prefix?: string }): AsyncIterable<string>;

  /** Whether there is a whole entry under the key. */
  abstract exists(key: string, options?: Call): Promise<boolean>;

  /** Opens the entry under the key for reading; `undefined` when there is no whole one. */
  abstract open(key: string, options?: Call): Promise<Entry | undefined>;

  /** Begins a new entry; it appears when the draft is committed. */
  abstract create(key: string, options?: CreateOptions): Promise<Draft>;

  /** Removes the entry under the key. Gives whether there was anything to remove. */
  abstract delete(key: string, options?: Call): Promise<boolean>;

  /**
   * Claims a key for whoever computes what is to lie there, and never waits: gives `undefined` while
   * somebody else has it, in this program or another one. Left out by storages that know no claims. One
   * that cannot tell (its file system has no locks) gives a claim to everybody.
   *
   * @throws {StorageError} When the medium fails.
   */
  claim?(key: string, options?: Call): Promise<Claim | undefined>;

  /** Which of the keys have an entry. To be overridden where asking for many at once is cheaper. */
  async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const found = new Set<string>();
    for (const key of keys) if (await this.exists(key, options)) found.add(key);
    return found;
  }

  /**
   * Takes an entry out of the way, damaged or not: no reader sees it any more. A storage that can keeps
   * its bytes, for a person to look at, where {@linkcode findLeftovers} finds them; the others remove it.
   *
   * @returns Where it lies now, in words for a person; `undefined` when it was removed, or nothing there.
   * @throws {StorageError} When the medium fails.
   */
  async setAside(key: string, options?: Call): Promise<string | undefined> {
    await this.delete(key, options);
    return undefined;
  }

  /**
   * Gives what lies in the storage and is no entry, in no particular order. Never what a live writer may
   * still need. Nothing is changed until one is removed.
   */
  async *findLeftovers(_options?: LeftoverOptions): AsyncGenerator<Leftover> {}

  /** Releases what the storage holds (connections, locks). Entries stay. */
  async [Symbol.asyncDispose](): Promise<void> {}
}
