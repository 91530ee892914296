/**
 * A storage on a Redis server, or one that speaks like it. `docs/redis.md` tells how it is set up, how
 * entries lie there, and what is promised.
 *
 * @module
 */

import type { PluginSpec } from "../plugin.ts";
import type { RedisEntries } from "./_redis_entries.ts";
import { netOf, type RedisPlace, redisPlace, type RedisStorageOptions } from "./_redis_place.ts";
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

export { LabtechError, StorageError } from "../errors.ts";
export type { PluginSpec } from "../plugin.ts";
export * from "./storage.ts";
export type { RedisStorageOptions } from "./_redis_place.ts";

/**
 * Entries on a Redis server, for results that a team shares. A small entry takes one round trip to save,
 * and one to load.
 *
 * Nothing is sent before the first call, which loads the npm package `@redis/client`. A server that is
 * away for a while is waited for. The password is in {@linkcode RedisStorage.spec}, and in no message.
 *
 * @example
 * ```ts ignore
 * import { Lab } from "@labtech/lab";
 * import { RedisStorage } from "@labtech/lab/storages/redis";
 *
 * await using storage = new RedisStorage({ url: "redis://localhost:6379", ttl: 30 * 86_400 });
 * await using lab = new Lab({ storage });
 * ```
 */
export class RedisStorage extends Storage {
  /** The server and database, without user and password. */
  readonly server: string;
  /** What all keys in Redis begin with. */
  readonly prefix: string;
  /** To speak to the server; on a cluster to any, as the other ones are not known before. */
  override readonly permissions: Deno.PermissionOptionsObject;
  readonly #place: RedisPlace;
  #entries?: RedisEntries;
  #isDisposed = false;

  /**
   * Speaks of a server.
   *
   * @throws {StorageError} When the options are wrong.
   */
  constructor(options: RedisStorageOptions) {
    super();
    this.#place = redisPlace(options);
    this.server = this.#place.server;
    this.prefix = this.#place.prefix;
    this.permissions = { net: this.#place.cluster ? true : [netOf(this.#place)] };
  }

  /** All machines that reach the server. */
  override get reach(): StorageReach {
    return "machines";
  }

  /**
   * Makes a storage on the same server, with a connection of its own, in whatever thread or process. The
   * user and password are in it: do not print or store it.
   */
  override get spec(): PluginSpec {
    const { server, prefix, username, password, ttl, draftTtl, claimTtl, timeout, tls, cluster } =
      this.#place;
    const ca = tls ? tls.ca : undefined;
    const given = { username, password, ca, ttl: ttl === 0 ? undefined : ttl / 1000 };
    return {
      type: "redis",
      url: server,
      prefix,
      draftTtl: draftTtl / 1000,
      claimTtl: claimTtl / 1000,
      timeout,
      cluster,
      ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
    };
  }

  /**
   * Gives the keys of all entries; a damaged one is found, but not opened. It goes through all keys of
   * the database, a thousand a round trip.
   */
  override async *findKeys(
    { prefix = "", signal }: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    signal?.throwIfAborted();
    yield* (this.#entries ?? await this.#load()).findKeys(prefix, signal);
  }

  /** Whether there is a whole entry under the key. One round trip. */
  override async exists(key: string, options?: Call): Promise<boolean> {
    return await this.open(key, options) !== undefined;
  }

  /**
   * Which of the keys have an entry. A damaged one counts as there: only records and the count of pieces
   * are looked at, on the server. A round trip for each 4,000 keys.
   */
  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const wanted = [...new Set(keys)];
    for (const key of wanted) checkKey(key);
    options?.signal?.throwIfAborted();
    if (wanted.length === 0) return new Set();
    return await (this.#entries ?? await this.#load()).existsMany(wanted, options?.signal);
  }

  /**
   * Opens the entry under the key, in one round trip. Files of up to 32 KiB come with it, 64 KiB in all;
   * reads of larger ones reject when it was replaced or removed since; then open it again.
   */
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).open(key, options?.signal);
  }

  /** Begins a new entry. `durable` changes nothing: the server decides what it syncs. */
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return (this.#entries ?? await this.#load()).create(key, { claim: options?.claim });
  }

  /**
   * Claims a key by a key of the server, that is renewed while the program lives and is not stopped. Who
   * loses it so computes for nothing where somebody else took it over: the commit is refused then.
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

  /** Renames the keys of an entry, damaged or not, so that no reader finds it. They expire after a week. */
  override async setAside(key: string, options?: Call): Promise<string | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (this.#entries ?? await this.#load()).setAside(key, options?.signal);
  }

  /**
   * Gives what is of no entry: data of saves that broke off (which the server removes by itself after
   * {@linkcode RedisStorageOptions.draftTtl}), keys whose other half the server removed to make room, and
   * entries that were set aside.
   */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    options.signal?.throwIfAborted();
    yield* (this.#entries ?? await this.#load()).findLeftovers(options);
  }

  /** Closes the connection, after which the storage cannot be used any more. Entries stay. */
  // deno-lint-ignore require-await
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    this.#entries?.dispose();
  }

  /** Loads what speaks to servers, which a program that has none need not wait for at its start. */
  async #load(): Promise<RedisEntries> {
    const { RedisEntries } = await import("./_redis_entries.ts");
    this.#entries ??= new RedisEntries(this.#place);
    if (this.#isDisposed) this.#entries.dispose();
    return this.#entries;
  }
}
