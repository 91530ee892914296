import { UnstorageDraft } from "./_unstorage_draft.ts";
import { UnstorageEntry } from "./_unstorage_entry.ts";
import { UnstorageItems } from "./_unstorage_items.ts";
import { findLeftovers } from "./_unstorage_leftovers.ts";
import { asideItem, newGeneration } from "./_unstorage_names.ts";
import { areThere, clear, each, itemsOf } from "./_unstorage_pieces.ts";
import type { UnstoragePlace } from "./_unstorage_place.ts";
import { type Found, type Records, recordsOf } from "./_unstorage_records.ts";
import type { Draft, Entry, Leftover, LeftoverOptions } from "./storage.ts";

/** From how many keys on it is cheaper to list all than to ask for each. */
const MANY = 32;
const KEY_CHARACTERS = /^[A-Za-z0-9_-]*$/;

/** The entries of a driver, under keys that are known to be good ones. */
export class UnstorageEntries {
  readonly #items: UnstorageItems;
  readonly #records: Records;

  /** Speaks of a place. */
  constructor(place: UnstoragePlace) {
    this.#items = new UnstorageItems(place);
    this.#records = recordsOf(this.#items);
  }

  /** Gives the keys that begin so and have a record. */
  async *findKeys(prefix: string, signal?: AbortSignal): AsyncGenerator<string> {
    if (!KEY_CHARACTERS.test(prefix)) return;
    for (const key of await this.#records.keys({ doing: "list the entries", signal })) {
      signal?.throwIfAborted();
      if (key.startsWith(prefix)) yield key;
    }
    signal?.throwIfAborted();
  }

  /** Which of the keys have an entry: by one listing where they are many, and listings can be trusted. */
  async existsMany(wanted: readonly string[], signal?: AbortSignal): Promise<Set<string>> {
    if (wanted.length >= MANY && !this.#items.place.traits.listsSome) {
      const keys = await this.#records.keys({ doing: "look for entries", signal });
      return new Set(wanted.filter((key) => keys.has(key)));
    }
    const found = new Set<string>();
    await each(wanted, async (key) => {
      if (await this.open(key, signal)) found.add(key);
    });
    return found;
  }

  /** Opens a whole entry. */
  async open(key: string, signal?: AbortSignal): Promise<Entry | undefined> {
    const call = { doing: `look for "${key}"`, signal };
    let torn: string | undefined;
    for (;;) {
      const record = (await this.#records.find(key, call))?.record;
      if (!record || record.generation === torn) return undefined;
      if (await areThere(this.#items, itemsOf(record), call)) {
        return new UnstorageEntry(this.#items, record);
      }
      // Its pieces were removed: by a newer entry, then the next look finds that, or by an accident.
      torn = record.generation;
    }
  }

  /** Begins a new entry. */
  create(key: string): Draft {
    this.#items.mustWrite(`create "${key}"`);
    return new UnstorageDraft(this.#items, this.#records, key);
  }

  /** Removes an entry, damaged or not. Gives whether there was one. */
  async delete(key: string, signal?: AbortSignal): Promise<boolean> {
    const call = { doing: `delete "${key}"`, signal };
    const removed = await this.#records.withdraw(key, call);
    // What is left of an entry that nobody sees is removed to its end, or found as a leftover.
    const { doing } = call;
    await clear(this.#items, removed.flatMap((found) => this.#itemsOf(key, found)), { doing });
    return removed.length > 0;
  }

  /** Copies the record of an entry elsewhere, then takes it from where readers look. */
  async setAside(key: string, signal?: AbortSignal): Promise<string | undefined> {
    const call = { doing: `set "${key}" aside`, signal };
    const found = await this.#records.find(key, call);
    if (!found) return undefined;
    const item = asideItem(key, found.generation ?? newGeneration());
    await this.#items.put(item, found.bytes ?? new Uint8Array(), call);
    const removed = await this.#records.withdraw(key, { doing: call.doing });
    const others = removed.filter(({ generation }) => generation !== found.generation);
    const { doing } = call;
    await clear(this.#items, others.flatMap((other) => this.#itemsOf(key, other)), { doing });
    return `the item ${item} in the storage ${this.#items.place.title}`;
  }

  /** Gives what is of no entry, and of no draft that may live. */
  findLeftovers(options: LeftoverOptions): AsyncGenerator<Leftover> {
    return findLeftovers(this.#items, this.#records, options);
  }

  /** Lets go of the driver, for good. */
  async dispose(): Promise<void> {
    await this.#items.dispose();
  }

  #itemsOf(key: string, { generation, record }: Found): string[] {
    return [
      ...(record ? itemsOf(record) : []),
      ...(generation ? this.#records.itemsBeside(key, generation) : []),
    ];
  }
}
