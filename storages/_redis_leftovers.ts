import type { RedisConnection } from "./_redis_connection.ts";
import { type Named, named } from "./_redis_keys.ts";
import { scan } from "./_redis_scan.ts";
import { REMOVE, SURVEY } from "./_redis_scripts.ts";
import type { Leftover, LeftoverOptions } from "./storage.ts";

const DAY = 86_400_000;

/** What the server says of a key that is of no use. */
interface Surveyed {
  readonly hasRecord: boolean;
  /** How long it has to live, in ms; -1 for ever. */
  readonly left: number;
  readonly bytes: number;
}

/** Gives the keys of a storage that are of no entry, and of no draft that lives. */
export async function* findLeftovers(
  connection: RedisConnection,
  { grace = DAY, signal }: LeftoverOptions,
): AsyncGenerator<Leftover> {
  const { place } = connection;
  const options = { doing: "look for leftovers", signal };
  const seen = new Set<string>();
  for await (const names of scan(connection, "*", options)) {
    const news = names.filter((name) => !seen.has(name) && named(place, name).is !== "aside data");
    for (const name of news) seen.add(name);
    const surveyed = await survey(connection, news, options);
    for (const [name, found] of surveyed) {
      const leftover = leftoverOf(connection, name, found, grace);
      if (leftover) yield leftover;
      signal?.throwIfAborted();
    }
  }
}

async function survey(
  connection: RedisConnection,
  names: readonly string[],
  options: { readonly doing: string; readonly signal?: AbortSignal },
): Promise<Map<string, Surveyed>> {
  const { place } = connection;
  // The keys of a script must lie on one server.
  const batches = place.cluster ? names.map((name) => [name]) : names.length > 0 ? [names] : [];
  const found = new Map<string, Surveyed>();
  await Promise.all(batches.map(async (batch) => {
    const keys = batch.flatMap((name) => [named(place, name).record, name]);
    const rows = await connection.run(SURVEY, keys, [], options) as [
      0 | 1,
      0 | 1,
      number,
      number,
    ][];
    for (const [n, [isUsed, hasRecord, left, bytes]] of rows.entries()) {
      if (!isUsed) found.set(batch[n]!, { hasRecord: hasRecord === 1, left, bytes });
    }
  }));
  return found;
}

function leftoverOf(
  connection: RedisConnection,
  name: string,
  { hasRecord, left, bytes }: Surveyed,
  grace: number,
): Leftover | undefined {
  const { place } = connection;
  const { is, record } = named(place, name);
  const kind = kindOf(is, { hasRecord, left });
  if (left === -2) return undefined; // it is gone by now
  if (is === "claim" && left >= 0) return undefined; // it goes by itself
  const idle = place.draftTtl - left;
  // Live drafts renew their data three times in its life.
  if (kind === "draft" && idle < Math.min(grace, place.draftTtl / 2)) return undefined;
  return {
    place: `the key ${name} of ${place.server}`,
    kind,
    bytes,
    since: kind === "draft" ? new Date(Date.now() - Math.max(0, idle)) : undefined,
    async remove(options) {
      const seen = kind === "draft" ? left : -1;
      const count = await connection.run(REMOVE, [record, name], [String(seen)], {
        doing: `remove ${name}`,
        signal: options?.signal,
      });
      return count === 1;
    },
  };
}

function kindOf(
  is: Named["is"],
  { hasRecord, left }: Pick<Surveyed, "hasRecord" | "left">,
): Leftover["kind"] {
  if (is === "data") return left >= 0 ? "draft" : "replaced";
  if (is === "aside") return "aside";
  // A record of ours that stands alone lost its data, as it happens where the server makes room.
  return is === "record" && hasRecord ? "replaced" : "foreign";
}
