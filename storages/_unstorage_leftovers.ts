import type { ItemCall, UnstorageItems } from "./_unstorage_items.ts";
import { readMark, readOwned, timeOf } from "./_unstorage_names.ts";
import { clear, each } from "./_unstorage_pieces.ts";
import { decodeRecord } from "./_unstorage_record.ts";
import type { Records } from "./_unstorage_records.ts";
import { keyOf } from "./_place.ts";
import type { Call, Leftover, LeftoverOptions } from "./storage.ts";

const DAY = 86_400_000;
const DOING = "look for leftovers";

/** All items of one generation of a key. */
interface Group {
  readonly key: string;
  readonly generation: string;
  readonly items: string[];
  bytes: number;
  /** The item of its record, where it was set aside. */
  aside?: string;
}

/** What a listing of the whole storage shows. */
interface Survey {
  readonly groups: ReadonlyMap<string, Group>;
  readonly foreign: readonly string[];
}

/**
 * Gives what is of no entry, and of no draft that may live: of those only their age tells, by the time in
 * the name of the generation and that which the driver tells of its items.
 */
export async function* findLeftovers(
  items: UnstorageItems,
  records: Records,
  { grace = DAY, signal }: LeftoverOptions,
): AsyncGenerator<Leftover> {
  const call = { doing: DOING, signal };
  const { groups, foreign } = await survey(items, call);
  const title = items.place.title;
  for (const item of foreign) {
    const remove = removal(items, [item]);
    yield { place: `the item ${item} in the storage ${title}`, kind: "foreign", bytes: 0, remove };
  }
  const limit = Date.now() - grace;
  for (const group of groups.values()) {
    signal?.throwIfAborted();
    const leftover = group.aside === undefined
      ? await deadDraft(items, records, group, { call, limit })
      : await setAside(items, records, group, call);
    if (leftover) yield leftover;
  }
}

async function survey(items: UnstorageItems, call: ItemCall): Promise<Survey> {
  const groups = new Map<string, Group>();
  const foreign: string[] = [];
  const isMarked = items.place.traits.replaces === "in place";
  for (const rest of await items.list(["entry"], call)) {
    const [place, mark, ...more] = rest.split(":") as [string, string?, ...string[]];
    const key = keyOf(place);
    const marked = key !== undefined && mark !== undefined ? readMark(key, mark) : undefined;
    if (isMarked && marked && more.length === 0) {
      add({ ...marked, key: key!, bytes: 0 }, marked.item);
    } else if (isMarked || key === undefined || mark !== undefined) foreign.push(`entry:${rest}`);
  }
  for (const kind of ["data", "aside"] as const) {
    for (const rest of await items.list([kind], call)) {
      const item = `${kind}:${rest}`;
      const owned = readOwned(kind, rest);
      if (!owned) foreign.push(item);
      else if (kind === "data") add(owned, item);
      else add(owned, item).aside = item;
    }
  }
  return { groups, foreign };

  function add(
    { key, generation, bytes }: { key: string; generation: string; bytes: number },
    item: string,
  ): Group {
    const id = `${key}:${generation}`;
    const group = groups.get(id) ?? { key, generation, items: [], bytes: 0 };
    groups.set(id, group);
    group.items.push(item);
    group.bytes += bytes;
    return group;
  }
}

async function deadDraft(
  items: UnstorageItems,
  records: Records,
  group: Group,
  { call, limit }: { readonly call: ItemCall; readonly limit: number },
): Promise<Leftover | undefined> {
  const { key, generation, bytes } = group;
  let since = timeOf(generation);
  if (since > limit || await isLive(records, group, call)) return undefined;
  await each(group.items, async (item) => {
    if (since > limit) return;
    const { mtime } = await items.meta(item, call).catch(() => ({ mtime: undefined }));
    since = Math.max(since, mtime?.getTime() ?? 0);
  });
  if (since > limit) return undefined;
  return {
    place: `${group.items.length} items of "${key}" (${generation}) in the storage ` +
      items.place.title,
    kind: "draft",
    bytes,
    since: new Date(since),
    remove: async (options) => {
      const again = { doing: `remove what is left of "${key}"`, signal: options?.signal };
      if (await isLive(records, group, again)) return false;
      return await clear(items, group.items, again);
    },
  };
}

async function setAside(
  items: UnstorageItems,
  records: Records,
  group: Group,
  call: ItemCall,
): Promise<Leftover> {
  const { key, bytes, aside } = group;
  const given = await items.get(aside!, call) ?? [];
  const record = given.map((each) => decodeRecord(key, each)).find(Boolean);
  return {
    place: `the item ${aside} in the storage ${items.place.title}`,
    kind: "aside",
    bytes: bytes + (record?.data.length ?? given[0]?.length ?? 0),
    remove: async (options) => {
      const again = { doing: `remove ${aside}`, signal: options?.signal };
      // It may be an entry again or still, where whoever set it aside died over it.
      const isUsed = await isLive(records, group, again);
      return await clear(items, isUsed ? [aside!] : group.items, again);
    },
  };
}

async function isLive(
  records: Records,
  { key, generation }: Group,
  call: ItemCall,
): Promise<boolean> {
  return (await records.find(key, call))?.generation === generation;
}

function removal(items: UnstorageItems, names: readonly string[]) {
  return async (options?: Call) =>
    await clear(items, names, { doing: `remove ${names}`, signal: options?.signal });
}
