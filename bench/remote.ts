/**
 * Storages behind a network: what 10,000 presence checks and a listing cost, in calls of the server and in
 * time, and a large result as a stream. Each on a real server of its own on this machine, so that times
 * say what the client and the server do, and calls what a network would add.
 *
 *     deno run -A bench/remote.ts [rounds] [name of one storage] [MiB of the large result]
 *
 * @module
 */

import { RedisStorage } from "../storages/redis.ts";
import type { Storage } from "../storages/storage.ts";
import { RedisServer } from "../tests/servers/redis.ts";

const ROUNDS = Number(Deno.args[0] ?? 5);
const ONLY = Deno.args[1];
const LARGE = Number(Deno.args[2] ?? 256);
const MIB = 2 ** 20;
const ASKED = 10_000;
/** How many of the keys that are asked for have an entry. */
const THERE = 5_000;
/** How many keys are asked for one by one; what that costs is given for all. */
const ONE_BY_ONE = 500;
/** How many saves are under way at once. */
const LANES = 32;

/** A storage on a server, which can tell how often it was called. */
interface Remote extends AsyncDisposable {
  readonly storage: Storage;
  calls(): Promise<number>;
}

const REMOTES: Readonly<Record<string, () => Promise<Remote>>> = { redis };

for (const [name, make] of Object.entries(REMOTES)) {
  if (ONLY !== undefined && ONLY !== name) continue;
  console.log(`${name}: ${ASKED} keys asked for, ${THERE} of them there; medians of ${ROUNDS}`);
  await using remote = await make();
  await presence(remote);
  await large(remote);
}

async function presence({ storage, calls }: Remote): Promise<void> {
  const keys = Array.from({ length: ASKED }, (_, n) => `Square__${n}`);
  const there = keys.slice(0, THERE).values();
  await measure("save a small entry, 32 at once", THERE, calls, 1, async () => {
    await Promise.all(Array.from({ length: LANES }, async () => {
      for (const key of there) await save(storage, key, new Uint8Array(900));
    }));
  });
  await measure("existsMany of all", ASKED, calls, ROUNDS, async () => {
    const { size } = await storage.existsMany(keys);
    if (size !== THERE) throw new Error(`${size} were found`);
  });
  await measure(`exists, one by one (${ONE_BY_ONE})`, ONE_BY_ONE, calls, ROUNDS, async () => {
    for (const key of keys.slice(0, ONE_BY_ONE)) await storage.exists(key);
  });
  await measure("findKeys of all", THERE, calls, ROUNDS, async () => {
    const { length } = await Array.fromAsync(storage.findKeys());
    if (length !== THERE) throw new Error(`${length} were listed`);
  });
}

async function large({ storage, calls }: Remote): Promise<void> {
  const piece = crypto.getRandomValues(new Uint8Array(64 * 1024));
  const start = Deno.memoryUsage().rss;
  let peak = start;
  const look = () => peak = Math.max(peak, Deno.memoryUsage().rss);
  await measure(`save ${LARGE} MiB as a stream`, LARGE, calls, 1, async () => {
    let pulled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        look();
        if (pulled++ === LARGE * 16) return controller.close();
        controller.enqueue(piece);
      },
    }, { highWaterMark: 0 });
    await save(storage, "large", stream);
  });
  await measure(`load ${LARGE} MiB as a stream`, LARGE, calls, 1, async () => {
    const entry = await storage.open("large");
    let bytes = 0;
    for await (const piece of await entry!.stream("data")) {
      look();
      bytes += piece.length;
    }
    if (bytes !== LARGE * MIB) throw new Error(`${bytes} bytes came back`);
  });
  console.log(`  memory of this program rose by ${Math.round((peak - start) / MIB)} MiB at most`);
}

/** Times some work, and prints what one of `count` takes, in calls and in time. */
async function measure(
  what: string,
  count: number,
  calls: () => Promise<number>,
  rounds: number,
  work: () => Promise<void>,
): Promise<void> {
  const times: number[] = [];
  const before = await calls();
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  const made = (await calls() - before) / rounds;
  const ms = times.sort((a, b) => a - b)[times.length >> 1]!;
  console.log(
    `  ${what.padEnd(34)}${made.toFixed(0).padStart(7)} calls${ms.toFixed(0).padStart(7)} ms` +
      `${(1000 * ms / count).toFixed(1).padStart(9)} µs each`,
  );
}

async function save(
  storage: Storage,
  key: string,
  data: Uint8Array | ReadableStream<Uint8Array>,
): Promise<void> {
  await using draft = await storage.create(key);
  await draft.write("data", data);
  await draft.commit();
}

/** Counts the commands of clients; those that scripts run on the server are no round trips. */
async function redis(): Promise<Remote> {
  const server = await RedisServer.start();
  const storage = new RedisStorage({ url: server.url });
  return {
    storage,
    async calls() {
      const stats = await server.cli("INFO", "commandstats");
      const counts = stats.matchAll(/cmdstat_(?:eval|evalsha|scan|hget):calls=(\d+)/g);
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
