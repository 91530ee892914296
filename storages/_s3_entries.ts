import { StorageError } from "../errors.ts";
import { type Doing, S3Bucket } from "./_s3_bucket.ts";
import { S3Claims } from "./_s3_claims.ts";
import { S3Draft } from "./_s3_draft.ts";
import { S3Entry } from "./_s3_entry.ts";
import { findRecord, removeData } from "./_s3_found.ts";
import { findLeftovers } from "./_s3_leftovers.ts";
import {
  asideOf,
  isKey,
  locationOf,
  newGeneration,
  recordOf,
  recordsOf,
  type S3Place,
} from "./_s3_place.ts";
import { generationOf } from "./_s3_record.ts";
import type { Claim, Draft, Entry, Leftover, LeftoverOptions } from "./storage.ts";

const KEY_CHARACTERS = /^[A-Za-z0-9_-]*$/;
/** Up to how many keys are asked for one by one, all at once; more are looked for in listings. */
const FEW = 16;
/** Comes after every character that a key may have. */
const AFTER_KEYS = "~";

/** The entries of a bucket, under keys that are known to be good ones. */
export class S3Entries {
  readonly #bucket: S3Bucket;
  readonly #place: S3Place;
  readonly #claims: S3Claims;

  /** Speaks of a place. */
  constructor(place: S3Place) {
    this.#place = place;
    this.#bucket = new S3Bucket(place);
    this.#claims = new S3Claims(this.#bucket);
  }

  /** Gives the keys in order. */
  async *findKeys(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    if (!KEY_CHARACTERS.test(prefix)) return;
    const start = recordsOf(this.#place);
    const doing = { doing: "list the entries", signal };
    for await (const { name } of this.#bucket.listAll(start + prefix, doing)) {
      const key = name.slice(start.length);
      if (isKey(key)) yield key;
    }
  }

  /** Which of the keys have a record. */
  async existsMany(keys: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    const doing = { doing: "look for entries", signal };
    if (keys.length > FEW) return await this.#findInListings(keys.toSorted(), doing);
    const found = await Promise.all(
      keys.map(async (key) => await this.open(key, signal) ? [key] : []),
    );
    return new Set(found.flat());
  }

  /** Opens a whole entry. */
  async open(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const found = await findRecord(this.#bucket, key, { doing: `look for "${key}"`, signal });
    return found?.record && new S3Entry(this.#bucket, found.record);
  }

  /** Begins a new entry. */
  create(key: string, claim?: string): Draft {
    return new S3Draft(this.#bucket, key, claim);
  }

  /** Claims a key, unless somebody else has it. */
  async claim(key: string, signal?: AbortSignal): Promise<Claim | undefined> {
    return await this.#claims.take(key, signal);
  }

  /** Removes an entry, damaged or not. Gives whether there was one. */
  async delete(key: string, signal?: AbortSignal): Promise<boolean> {
    const doing = { doing: `delete "${key}"`, signal };
    for (;;) {
      const found = await findRecord(this.#bucket, key, doing);
      if (!found) return false;
      const { etag: match, record } = found;
      const name = recordOf(this.#place, key);
      if (!await this.#bucket.delete(name, doing, { match })) continue;
      await removeData(this.#bucket, record);
      return true;
    }
  }

  /**
   * Copies the record elsewhere, then removes it; its data stays. An entry that replaces it meanwhile
   * is left alone: then nothing remains of what was to be put aside.
   */
  async setAside(key: string, signal?: AbortSignal): Promise<string | undefined> {
    const doing = { doing: `set "${key}" aside`, signal };
    const found = await findRecord(this.#bucket, key, doing);
    if (!found) return undefined;
    const { etag: match, bytes } = found;
    if (!bytes) {
      throw new StorageError(
        `Cannot ${doing.doing}: what lies there is too large to be a record; move ` +
          `"${locationOf(this.#place, recordOf(this.#place, key))}" away by other means`,
      );
    }
    const name = asideOf(this.#place, { key, generation: generationOf(bytes) ?? newGeneration() });
    await this.#bucket.put(name, bytes, doing);
    if (await this.#bucket.delete(recordOf(this.#place, key), doing, { match })) {
      return locationOf(this.#place, name);
    }
    await this.#bucket.delete(name, doing);
    return undefined;
  }

  /** Gives what is no entry. */
  findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    return findLeftovers(this.#bucket, options);
  }

  /** Closes the connections, for good. */
  async dispose(): Promise<void> {
    await this.#bucket.dispose();
  }

  /**
   * Looks for keys in pages of a listing, and skips over what no key is asked for: so there are no more
   * calls than pages from the first key to the last, and no more than keys.
   */
  async #findInListings(keys: readonly string[], doing: Doing): Promise<Set<string>> {
    const start = recordsOf(this.#place);
    const found = new Set<string>();
    for (let at = 0; at < keys.length;) {
      const { objects, isLast } = await this.#bucket.list(start, doing, start + before(keys[at]!));
      const names = new Set(objects.map(({ name }) => name));
      const end = objects.at(-1)?.name ?? "";
      for (; at < keys.length && (isLast || start + keys[at]! <= end); at++) {
        if (names.has(start + keys[at]!)) found.add(keys[at]!);
      }
    }
    return found;
  }
}

/** Gives a text that comes before a key, with no other key in between. */
function before(key: string): string {
  const last = String.fromCharCode(key.charCodeAt(key.length - 1) - 1);
  return key.slice(0, -1) + last + AFTER_KEYS;
}
