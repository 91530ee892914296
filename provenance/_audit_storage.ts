import type { EntrySigning } from "../signing/entry_signing.ts";
import { MemoryStorage } from "../storages/memory.ts";
import { type Call, type Draft, type Entry, Storage } from "../storages/storage.ts";
import { METADATA_FILE, METADATA_LIMIT } from "../caches/metadata.ts";

/**
 * What an audit runs on: the storage, without the entries of the tasks that are audited, so that these run
 * while what they depend on is found. What is computed stays in memory; the storage is only read.
 */
export class AuditStorage extends Storage {
  /** None of its own. */
  override readonly permissions: Deno.PermissionOptionsObject = {};
  /** What was computed. */
  readonly computed = new MemoryStorage();
  readonly #storage: Storage;
  readonly #hidden: ReadonlySet<string>;
  readonly #signing: EntrySigning | undefined;

  /** Entries that `signing` does not trust are not there: what runs on this storage need not sign. */
  constructor(storage: Storage, hidden: ReadonlySet<string>, signing: EntrySigning | undefined) {
    super();
    this.#storage = storage;
    this.#hidden = hidden;
    this.#signing = signing;
  }

  /** Whether the storage's own entry of the key is not to be seen. */
  hides(key: string): boolean {
    return this.#hidden.has(key);
  }

  override async *findKeys(
    options?: Call & { readonly prefix?: string },
  ): AsyncGenerator<string> {
    yield* this.computed.findKeys(options);
    for await (const key of this.#storage.findKeys(options)) {
      if (!this.#hidden.has(key) && !await this.computed.exists(key)) yield key;
    }
  }

  override async exists(key: string, options?: Call): Promise<boolean> {
    return (await this.existsMany([key], options)).has(key);
  }

  override async existsMany(keys: Iterable<string>, options?: Call): Promise<Set<string>> {
    const asked = [...keys];
    const computed = await this.computed.existsMany(asked, options);
    const rest = asked.filter((key) => !computed.has(key) && !this.#hidden.has(key));
    return computed.union(await this.#storage.existsMany(rest, options));
  }

  override async open(key: string, options: Call = {}): Promise<Entry | undefined> {
    const computed = await this.computed.open(key, options);
    if (computed || this.#hidden.has(key)) return computed;
    const entry = await this.#storage.open(key, options);
    return entry && await this.#isTrusted(entry, options) ? entry : undefined;
  }

  async #isTrusted(entry: Entry, call: Call): Promise<boolean> {
    if (this.#signing === undefined) return true;
    if ((entry.files.get(METADATA_FILE) ?? Infinity) > METADATA_LIMIT) return false;
    const metadata = await entry.read(METADATA_FILE, call);
    return await this.#signing.check(entry, metadata, call) === undefined;
  }

  override create(key: string, { signal }: Call = {}): Promise<Draft> {
    return this.computed.create(key, { signal });
  }

  override delete(key: string, options?: Call): Promise<boolean> {
    return this.computed.delete(key, options);
  }
}
