/**
 * A storage in a bucket of Amazon S3, or of a server that speaks like it. `docs/s3.md` tells how it is
 * set up, how entries lie there, what they cost, and what is promised.
 *
 * @module
 */

import type { PluginSpec } from "../plugin.ts";
import type { S3Entries } from "./_s3_entries.ts";
import { s3Permissions } from "./_s3_permissions.ts";
import { isExplicit, type S3Place, s3Place } from "./_s3_place.ts";
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

export { StorageError } from "../errors.ts";
export type { PluginSpec } from "../plugin.ts";
export * from "./storage.ts";

/** Who calls: a profile of the shared files of the AWS tools, or keys. */
export type S3Credentials =
  | {
    /** The name of the profile in `~/.aws/config` or `~/.aws/credentials`. */
    readonly profile: string;
  }
  | {
    /** The access key. */
    readonly accessKeyId: string;
    /** The secret that belongs to it. */
    readonly secretAccessKey: string;
    /** The token that belongs to both, where they are good for a while only. */
    readonly sessionToken?: string;
  };

/** The options of {@link S3Storage}. */
export interface S3StorageOptions {
  /** The bucket; it must be there. */
  readonly bucket: string;
  /**
   * What the names of all objects begin with, so that several storages, and other programs, can share a
   * bucket: `team/results`, at most 600 letters, digits and `_ . = + @ -`, in parts with a slash between.
   *
   * @default {""}
   */
  readonly prefix?: string;
  /** The URL of the server, where it is not Amazon's: `https://s3.example.com`. */
  readonly endpoint?: string | URL;
  /**
   * The region of the bucket.
   *
   * @default what `AWS_REGION` or the profile says; `us-east-1` where the keys are given as options
   */
  readonly region?: string;
  /**
   * Who calls.
   *
   * @default the chain of the AWS tools: environment variables, shared files, then what the container
   *   or the machine has been given
   */
  readonly credentials?: S3Credentials;
  /**
   * Whether the bucket stands in the path of a URL, not in the name of its host.
   *
   * @default {true} with an `endpoint` that is not Amazon's, else `false`
   */
  readonly forcePathStyle?: boolean;
  /**
   * For how many seconds a claim on an entry holds without a sign of life of who computes it, from when
   * another program sees it first. A sign of life is a call, three times in that time.
   *
   * @default {10}
   */
  readonly claimTtl?: number;
}

/**
 * Entries in a bucket of Amazon S3, or of a server that speaks like it, for results that a team shares. A
 * small entry takes one call to save, and one to load; large files go and come as streams.
 *
 * The client is downloaded, and loaded, at the first call.
 *
 * @example
 * ```ts ignore
 * import { S3Storage } from "@labtech/lab/storages/s3";
 *
 * await using storage = new S3Storage({ bucket: "our-results", region: "eu-central-1" });
 *
 * await using draft = await storage.create("greeting");
 * await draft.write("hello.txt", new TextEncoder().encode("Hello"));
 * await draft.commit();
 *
 * const entry = await storage.open("greeting");
 * console.log(new TextDecoder().decode(await entry?.read("hello.txt"))); // Hello
 * ```
 */
export class S3Storage extends Storage {
  /** The bucket. */
  readonly bucket: string;
  /** What the names of all objects begin with: empty, or with a slash at its end. */
  readonly prefix: string;
  readonly #place: S3Place;
  #entries?: S3Entries;
  #isDisposed = false;

  /**
   * Speaks of a bucket; nothing is called yet.
   *
   * @throws {StorageError} When an option is malformed. Credentials are never shown.
   */
  constructor(options: S3StorageOptions) {
    super();
    this.#place = s3Place(options);
    this.bucket = this.#place.bucket;
    this.prefix = this.#place.prefix;
  }

  /**
   * To reach the server; and, where credentials are to be looked up, to read the environment variables
   * and files of the AWS tools, and to ask the machine for them.
   */
  override get permissions(): Deno.PermissionOptionsObject {
    return s3Permissions(this.#place);
  }

  /** All machines that reach the bucket. */
  override get reach(): StorageReach {
    return "machines";
  }

  /**
   * Makes a storage on the same place, in whatever thread or process. Left out where keys were given as
   * options, so that they are nowhere to be seen: then a worker makes it from the same configuration, or
   * hands its results over where there is none.
   */
  override get spec(): PluginSpec | undefined {
    const { endpoint, region, credentials, claimTtl, ...place } = this.#place;
    if (isExplicit(credentials)) return undefined;
    const given = Object.entries({ endpoint, region, credentials })
      .filter(([, value]) => value !== undefined);
    return { type: "s3", ...place, claimTtl: claimTtl / 1000, ...Object.fromEntries(given) };
  }

  /** Gives the keys of all entries in order; a damaged one is found, but not opened. */
  override async *findKeys(
    { prefix = "", signal }: Call & { readonly prefix?: string } = {},
  ): AsyncGenerator<string> {
    signal?.throwIfAborted();
    yield* (await this.#load()).findKeys(prefix, signal);
  }

  /** Whether there is a whole entry under the key. Objects with its large files are not looked at. */
  override async exists(key: string, options?: Call): Promise<boolean> {
    return await this.open(key, options) !== undefined;
  }

  /** Which of the keys have an entry; many are looked for in listings, where a damaged one counts as there. */
  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const wanted = [...new Set(keys)];
    for (const key of wanted) checkKey(key);
    options?.signal?.throwIfAborted();
    return await (await this.#load()).existsMany(wanted, options?.signal);
  }

  /**
   * Opens the entry under the key. Files of up to 128 KiB come with it; reads of larger ones reject when
   * it was replaced or removed since; then open it again.
   */
  override async open(key: string, options?: Call): Promise<Entry | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (await this.#load()).open(key, options?.signal);
  }

  /** Begins a new entry; nothing is called yet. What the server has is durable. */
  override async create(key: string, options?: CreateOptions): Promise<Draft> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return (await this.#load()).create(key, options?.claim);
  }

  /**
   * Claims a key by an object of the bucket, which is put again while the program lives and is not stopped.
   * Who finds one that stays as it is for `claimTtl` may take it over. Two calls where nobody has it.
   */
  override async claim(key: string, options?: Call): Promise<Claim | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (await this.#load()).claim(key, options?.signal);
  }

  /** Removes the entry under the key, damaged or not. Gives whether there was one. */
  override async delete(key: string, options?: Call): Promise<boolean> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (await this.#load()).delete(key, options?.signal);
  }

  /** Copies the record of the entry elsewhere and removes it; its data stays until the leftover is removed. */
  override async setAside(key: string, options?: Call): Promise<string | undefined> {
    checkKey(key);
    options?.signal?.throwIfAborted();
    return await (await this.#load()).setAside(key, options?.signal);
  }

  /** Gives what is no entry, by listing all objects under the prefix. */
  override async *findLeftovers(options: LeftoverOptions = {}): AsyncGenerator<Leftover> {
    options.signal?.throwIfAborted();
    yield* (await this.#load()).findLeftovers(options);
  }

  /** Closes the connections, after which the storage cannot be used any more. Entries stay. */
  override async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#entries?.dispose();
  }

  /** Loads what talks to S3, which a program that does not need not wait for at its start. */
  async #load(): Promise<S3Entries> {
    if (this.#entries) return this.#entries;
    const { S3Entries } = await import("./_s3_entries.ts");
    this.#entries ??= new S3Entries(this.#place);
    if (this.#isDisposed) await this.#entries.dispose();
    return this.#entries;
  }
}
