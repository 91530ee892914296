import type { ItemCall, UnstorageItems } from "./_unstorage_items.ts";
import { byTime, entryItem, type Mark, markOf, readMark, recordItem } from "./_unstorage_names.ts";
import { decodeRecord, generationIn, type UnstorageRecord } from "./_unstorage_record.ts";
import { keyOf, placeOf } from "./_place.ts";

/** What lies under a key as its record. */
export interface Found {
  /** Its bytes, damaged or not; none where the driver lost them. */
  readonly bytes?: Uint8Array<ArrayBuffer>;
  /** Its generation, as far as that is known. */
  readonly generation?: string;
  /** What it says, where it is whole. */
  readonly record?: UnstorageRecord;
}

/** The records of all entries: how one is found, and made the one that readers see. */
export interface Records {
  /** Gives the record of a key that readers see, damaged or not. */
  find(key: string, call: ItemCall): Promise<Found | undefined>;
  /** Gives the keys that have a record. */
  keys(call: ItemCall): Promise<Set<string>>;
  /**
   * Readies a record. What it gives makes it the one that readers see, cannot be aborted, and gives in
   * turn what was replaced.
   */
  prepare(record: UnstorageRecord, bytes: Uint8Array, call: ItemCall): Promise<Publish>;
  /** Takes the record of a key away from readers. Gives what was there. */
  withdraw(key: string, call: ItemCall): Promise<Found[]>;
  /** The items of a generation beside its pieces. */
  itemsBeside(key: string, generation: string): string[];
}

/** Makes a record the one that readers see. */
export type Publish = () => Promise<Found[]>;

/** Gives the way in which a driver keeps records whole. */
export function recordsOf(items: UnstorageItems): Records {
  const { replaces = "at once" } = items.place.traits;
  if (replaces === "at once") return new PlainRecords(items);
  return replaces === "in place" ? new MarkedRecords(items) : new ForeignRecords(items);
}

/** A record for each key, as one item that a commit replaces at once. */
class PlainRecords implements Records {
  readonly #items: UnstorageItems;

  constructor(items: UnstorageItems) {
    this.#items = items;
  }

  async find(key: string, call: ItemCall): Promise<Found | undefined> {
    const given = await this.#items.get(entryItem(key), call);
    return given && found(key, given);
  }

  async keys(call: ItemCall): Promise<Set<string>> {
    const places = await this.#items.list(["entry"], call);
    return new Set(places.map(keyOf).filter((key) => key !== undefined));
  }

  async prepare({ key }: UnstorageRecord, bytes: Uint8Array, call: ItemCall): Promise<Publish> {
    const before = await this.find(key, call);
    return async () => {
      await this.#items.put(entryItem(key), bytes, { doing: call.doing });
      return before ? [before] : [];
    };
  }

  async withdraw(key: string, call: ItemCall): Promise<Found[]> {
    const before = await this.find(key, call);
    if (!before) return [];
    await this.#items.remove(entryItem(key), call);
    return [before];
  }

  itemsBeside(): string[] {
    return [];
  }
}

/**
 * Records of which none is ever written over: each lies under its generation, and an empty item, which
 * is there whole or not at all, marks it. The latest mark of a key counts.
 */
class MarkedRecords implements Records {
  readonly #items: UnstorageItems;

  constructor(items: UnstorageItems) {
    this.#items = items;
  }

  async find(key: string, call: ItemCall): Promise<Found | undefined> {
    let torn: string | undefined;
    for (;;) {
      const mark = (await this.#marks(key, call)).at(-1);
      if (!mark) return undefined;
      const found = await this.#read(key, mark, call);
      // Its record may be gone because a later one came; then there is another mark.
      if (found.bytes || mark.item === torn) return found;
      torn = mark.item;
    }
  }

  async keys(call: ItemCall): Promise<Set<string>> {
    const keys = new Set<string>();
    for (const name of await this.#items.list(["entry"], call)) {
      const [place, rest] = name.split(":", 2) as [string, string?];
      const key = keyOf(place);
      if (key !== undefined && rest !== undefined && readMark(key, rest)) keys.add(key);
    }
    return keys;
  }

  async prepare(
    { key, generation }: UnstorageRecord,
    bytes: Uint8Array,
    call: ItemCall,
  ): Promise<Publish> {
    await this.#items.put(recordItem(key, generation), bytes, call);
    const latest = (await this.#marks(key, call)).at(-1);
    const { doing } = call;
    return async () => {
      // Later than what is there even where another machine's clock is ahead.
      const mark = markOf(key, Math.max(Date.now(), (latest?.time ?? 0) + 1), generation);
      await this.#items.put(mark.item, new Uint8Array(), { doing });
      try {
        const earlier = (await this.#marks(key, { doing })).filter((each) =>
          byTime(each, mark) < 0
        );
        return await this.#remove(key, earlier, { doing });
      } catch {
        return []; // they are found as leftovers
      }
    };
  }

  async withdraw(key: string, call: ItemCall): Promise<Found[]> {
    return await this.#remove(key, await this.#marks(key, call), call);
  }

  itemsBeside(key: string, generation: string): string[] {
    return [recordItem(key, generation)];
  }

  async #marks(key: string, call: ItemCall): Promise<Mark[]> {
    const names = await this.#items.list(["entry", placeOf(key)], call);
    return names.map((name) => readMark(key, name)).filter((mark) => mark !== undefined)
      .sort(byTime);
  }

  /** Removes marks, the latest last: no reader must see an earlier entry again. */
  async #remove(key: string, marks: readonly Mark[], call: ItemCall): Promise<Found[]> {
    const removed: Found[] = [];
    for (const mark of marks) {
      removed.push(await this.#read(key, mark, call));
      await this.#items.remove(mark.item, { doing: call.doing });
    }
    return removed;
  }

  async #read(key: string, { generation }: Mark, call: ItemCall): Promise<Found> {
    const given = await this.#items.get(recordItem(key, generation), call);
    const { bytes, record } = given ? found(key, given) : {};
    return { bytes, generation, record: record?.generation === generation ? record : undefined };
  }
}

/** Records that were written by whatever driver, and can only be read. */
class ForeignRecords implements Records {
  readonly #items: UnstorageItems;
  readonly #plain: Records;
  readonly #marked: Records;

  constructor(items: UnstorageItems) {
    this.#items = items;
    this.#plain = new PlainRecords(items);
    this.#marked = new MarkedRecords(items);
  }

  async find(key: string, call: ItemCall): Promise<Found | undefined> {
    return await this.#plain.find(key, call) ?? await this.#marked.find(key, call);
  }

  async keys(call: ItemCall): Promise<Set<string>> {
    return (await this.#plain.keys(call)).union(await this.#marked.keys(call));
  }

  // deno-lint-ignore require-await -- what is refused must reject, not throw.
  async prepare(_record: UnstorageRecord, _bytes: Uint8Array, call: ItemCall): Promise<Publish> {
    throw this.#items.readOnly(call.doing);
  }

  async withdraw(key: string, call: ItemCall): Promise<Found[]> {
    if (await this.find(key, call)) throw this.#items.readOnly(call.doing);
    return [];
  }

  itemsBeside(): string[] {
    return [];
  }
}

function found(key: string, given: readonly Uint8Array<ArrayBuffer>[]): Found {
  for (const bytes of given) {
    const record = decodeRecord(key, bytes);
    if (record) return { bytes, generation: record.generation, record };
  }
  const [bytes] = given;
  return { bytes, generation: bytes && generationIn(bytes) };
}
