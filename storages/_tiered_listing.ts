import { openNear } from "./_tiered_mark.ts";
import type { Parts } from "./_tiered_parts.ts";
import type { Call, Leftover } from "./storage.ts";

/** For how many keys far is asked at once. */
const PAGE = 1000;

/** Gives the keys of both storages, each once: far's first, then those that near alone has. */
export async function* findKeys(
  { near, far, gate, isNearAlone }: Pick<Parts, "near" | "far" | "gate"> & {
    /** Whether an entry that far did not list is in force. */
    isNearAlone(key: string, isFarDown: boolean): Promise<boolean>;
  },
  options: Call & { readonly prefix?: string },
): AsyncGenerator<string> {
  const { signal } = options;
  const listed = new Set<string>();
  const keys = far.findKeys(options)[Symbol.asyncIterator]();
  let isFarDown = false;
  try {
    for (;;) {
      const next = await gate.ask(() => keys.next(), { signal });
      isFarDown = next === undefined;
      if (next === undefined || next.value.done) break;
      const key = next.value.value;
      listed.add(key);
      yield key;
      signal?.throwIfAborted();
    }
  } finally {
    await keys.return?.().catch(() => {});
  }
  for await (const key of near.findKeys(options)) {
    if (!listed.has(key) && await isNearAlone(key, isFarDown)) yield key;
    signal?.throwIfAborted();
  }
}

/** Gives the copies in near of what far has no more. Nothing, where far cannot be asked. */
export async function* findOutdated(
  { near, far, gate, names }: Parts,
  { signal }: Call,
): AsyncGenerator<Leftover> {
  let page: string[] = [];
  const outdated = async (keys: readonly string[]) => {
    const inFar = await gate.ask(() => far.existsMany(keys, { signal }), { signal });
    return inFar ? keys.filter((key) => !inFar.value.has(key)) : [];
  };
  const leftovers = async function* (keys: readonly string[]) {
    for (const key of await outdated(keys)) {
      const copy = await openNear(near, key, { names, signal });
      if (copy?.mark.kind !== "copy") continue;
      const { entry, mark } = copy;
      yield {
        place: `the copy of "${key}" in the near storage`,
        kind: "replaced" as const,
        bytes: [...entry.files.values()].reduce((sum, bytes) => sum + bytes, 0),
        since: new Date(mark.at),
        async remove(call: Call = {}) {
          const now = await openNear(near, key, { names, ...call });
          if (now?.mark.id !== mark.id) return true;
          if ((await outdated([key])).length === 0) return false;
          return await near.delete(key, call);
        },
      };
    }
  };
  for await (const key of near.findKeys({ signal })) {
    if (page.push(key) < PAGE) continue;
    yield* leftovers(page);
    page = [];
  }
  if (page.length > 0) yield* leftovers(page);
}
