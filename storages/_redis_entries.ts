import { Holders } from "./_holders.ts";
import { takeClaim } from "./_redis_claim.ts";
import type { RedisReply } from "./_redis_client.ts";
import { RedisConnection, type SendOptions } from "./_redis_connection.ts";
import { RedisDraft } from "./_redis_draft.ts";
import { RedisEntry } from "./_redis_entry.ts";
import { asideKey, named, recordKey } from "./_redis_keys.ts";
import { findLeftovers } from "./_redis_leftovers.ts";
import type { RedisPlace } from "./_redis_place.ts";
import { decodeRecord, newGeneration } from "./_redis_record.ts";
import { scan } from "./_redis_scan.ts";
import { ASIDE, DELETE, EXIST, LOAD } from "./_redis_scripts.ts";
import type { Claim, Draft, Entry, Leftover, LeftoverOptions } from "./storage.ts";

/** How many keys one script looks for: about 1 ms in which the server does nothing else. */
const BATCH = 500;
/** How many batches are under way at once. */
const AT_ONCE = 8;
/** How long an entry that was set aside lives, in ms: a week, for a person to look at it. */
const ASIDE_TTL = 7 * 86_400_000;

const KEY_CHARACTERS = /^[A-Za-z0-9_-]*$/;

/** The entries of a Redis server, under keys that are known to be good ones. */
export class RedisEntries {
  readonly #connection: RedisConnection;
  readonly #holders = new Holders();

  /** Speaks of a place. */
  constructor(place: RedisPlace) {
    this.#connection = new RedisConnection(place);
  }

  /** Gives the keys of entries that are there in whole; the content of their records is not looked at. */
  async *findKeys(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    if (!KEY_CHARACTERS.test(prefix)) return;
    const { place } = this.#connection;
    const options = { doing: "look for entries", signal };
    const seen = new Set<string>();
    for await (const names of scan(this.#connection, `${prefix}*}`, options)) {
      const keys = names.flatMap((name) => {
        const found = named(place, name);
        return found.is === "record" && !seen.has(found.key) ? found.key : [];
      });
      for (const key of await this.#existing(keys, options)) {
        seen.add(key);
        yield key;
        signal?.throwIfAborted();
      }
    }
  }

  /** Which of the keys have an entry; the content of their records is not looked at. */
  async existsMany(keys: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    return new Set(await this.#existing(keys, { doing: "look for entries", signal }));
  }

  /** Opens a whole entry. */
  async open(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const record = recordKey(this.#connection.place, key);
    const reply = await this.#connection.run(LOAD, [record], [], {
      doing: `look for "${key}"`,
      signal,
    });
    const decoded = reply instanceof Uint8Array ? decodeRecord(key, reply) : undefined;
    return decoded && new RedisEntry(this.#connection, decoded);
  }

  /** Begins a new entry. */
  create(key: string, options: { readonly claim?: string | undefined } = {}): Draft {
    return new RedisDraft(this.#connection, key, options);
  }

  /** Claims a key, unless somebody else has it. */
  claim(key: string, signal?: AbortSignal): Promise<Claim | undefined> {
    return takeClaim(this.#connection, key, { holders: this.#holders, signal });
  }

  /** Removes an entry, damaged or not. Gives whether there was one. */
  async delete(key: string, signal?: AbortSignal): Promise<boolean> {
    const record = recordKey(this.#connection.place, key);
    const doing = `delete "${key}"`;
    return await this.#connection.run(DELETE, [record], [], { doing, signal }) === 1;
  }

  /** Moves an entry out of the way, damaged or not. Gives where it lies now, if there was one. */
  async setAside(key: string, signal?: AbortSignal): Promise<string | undefined> {
    const record = recordKey(this.#connection.place, key);
    const aside = asideKey(record, newGeneration());
    const doing = `set "${key}" aside`;
    const options = { doing, signal };
    const count = await this.#connection.run(ASIDE, [record, aside], [String(ASIDE_TTL)], options);
    return count === 1 ? `the key ${aside} of ${this.#connection.place.server}` : undefined;
  }

  /** Gives what is no entry. */
  findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    return findLeftovers(this.#connection, options);
  }

  /** Closes the connection, for good. */
  dispose(): void {
    this.#connection.dispose();
  }

  async #existing(keys: readonly string[], options: SendOptions): Promise<string[]> {
    const { place } = this.#connection;
    // The keys of a script must lie on one server.
    const size = place.cluster ? 1 : BATCH;
    const atOnce = place.cluster ? BATCH : AT_ONCE;
    const found: string[] = [];
    for (let at = 0; at < keys.length; at += size * atOnce) {
      const batches = [];
      for (let n = at; n < Math.min(keys.length, at + size * atOnce); n += size) {
        batches.push(keys.slice(n, n + size));
      }
      const replies = await Promise.all(batches.map((batch) => {
        const records = batch.map((key) => recordKey(place, key));
        return this.#connection.run(EXIST, records, [], options);
      }));
      const flags = replies.map(textOf).join("");
      const asked = keys.slice(at, at + flags.length);
      found.push(...asked.filter((_, n) => flags[n] === "1"));
    }
    return found;
  }
}

function textOf(reply: RedisReply): string {
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : String(reply);
}
