import { assert, assertInstanceOf } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { RedisStorage } from "../../storages/redis.ts";
import { saveVersion, versionsIn } from "../../testing/_fault_versions.ts";
import { faultContract } from "../../testing/mod.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";

const SERVER_KILLS = 6;
/** The keys of each saver. */
const KEYS = [["One-1", "One-2", "One-3"], ["two-1", "two-2"], ["Three"]];
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

const servers = new Map<unknown, RedisServer>();

faultContract({
  name: "RedisStorage",
  make: async () => {
    const server = await RedisServer.start();
    servers.set(server.url, server);
    return { type: "redis", url: server.url, claimTtl: 1 };
  },
  kills: 6,
  rounds: 25,
  remove: async ({ url }) => {
    await servers.get(url)![Symbol.asyncDispose]();
    servers.delete(url);
  },
  test: testWithRedis,
});

testWithRedis(
  "a server that is killed and started again has all that was committed, whole",
  async () => {
    await using server = await RedisServer.start({ args: DURABLE });
    const life: Life = { changes: 0, version: 1, committed: new Map() };
    let midway = 0;
    for (let kill = 0; kill < SERVER_KILLS; kill++) {
      const storages = KEYS.map(() => new RedisStorage({ url: server.url }));
      const begun = new Map<string, number | undefined>();
      const savers = KEYS.map((keys, n) => saveOn(storages[n]!, keys, life, begun));
      await new Promise((resolve) => setTimeout(resolve, 100 + 60 * Math.random()));
      await server.kill();
      // Nobody tries again: what is there must be from before the kill.
      for (const storage of storages) await storage[Symbol.asyncDispose]();
      await Promise.all(savers);
      midway += begun.size;
      await server.again();
      await using storage = new RedisStorage({ url: server.url });
      const found = await versionsIn(storage, KEYS.flat());
      for (const key of KEYS.flat()) {
        const [is, was] = [found.get(key), life.committed.get(key)];
        const isDone = begun.has(key) && is === begun.get(key);
        assert(
          is === was || isDone,
          `After kill ${kill} "${key}" is ${is}, but ${was} was committed`,
        );
        if (is === undefined) life.committed.delete(key);
        else life.committed.set(key, is);
      }
    }
    assert(midway > 0, "no kill came midway");
    const counts = { kills: SERVER_KILLS, midway, changes: life.changes };
    console.log(`RedisStorage, its server: ${JSON.stringify(counts)}, 0 problems`);
  },
);

/** What was done so far. */
interface Life {
  changes: number;
  version: number;
  readonly committed: Map<string, number>;
}

/** Saves and deletes entries until a call fails. `begun` has what was begun, and not ended. */
async function saveOn(
  storage: RedisStorage,
  keys: readonly string[],
  life: Life,
  begun: Map<string, number | undefined>,
): Promise<void> {
  for (let round = 1;; round++) {
    const key = keys[round % keys.length]!;
    const version = round % 7 === 0 ? undefined : life.version++;
    begun.set(key, version);
    try {
      if (version === undefined) await storage.delete(key);
      else await saveVersion(storage, key, version);
    } catch (error) {
      assertInstanceOf(error, StorageError);
      return;
    }
    begun.delete(key);
    if (version === undefined) life.committed.delete(key);
    else life.committed.set(key, version);
    life.changes++;
  }
}
