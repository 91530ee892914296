/**
 * Asks for the presence of many keys on storages across a network, and prints the calls that were made
 * and how long they took, beside as many calls of one key each.
 *
 * deno run -A bench/remote.ts [KEYS=10000] [STORAGE…]
 *
 * Each storage stands in a server on this machine, as the tests start it.
 *
 * @module
 */

import "../builtins.ts";
import { storages } from "../registry.ts";
import type { Storage } from "../storages/storage.ts";
import { save } from "../testing/_storage_scene.ts";
import { RedisServer } from "../tests/servers/redis.ts";
import { S3Server } from "../tests/servers/versitygw.ts";

/** A storage on a server of its own. */
interface Remote extends AsyncDisposable {
  readonly storage: Storage;
  /** Puts entries there. */
  fill(keys: readonly string[]): Promise<void>;
  /** Counts the calls to the server that are made meanwhile. */
  calls(act: () => Promise<unknown>): Promise<number>;
}

/** One line a storage: add others here. */
const REMOTES: Readonly<Record<string, () => Promise<Remote>>> = {
  s3: startS3,
  redis: startRedis,
};

const ROUNDS = 5;
const SINGLE = 200;
const [count = "10000", ...names] = Deno.args;
const keys = Array.from({ length: Number(count) }, (_, n) => `Task__${n.toString(16)}`);
const there = keys.filter((_, n) => n % 2 === 0);

console.log(
  `| storage | asked for ${count} keys, half of them there | calls | ms | one by one, ms |`,
);
console.log("|---|---|---|---|---|");
for (const [name, start] of Object.entries(REMOTES)) {
  if (names.length > 0 && !names.includes(name)) continue;
  await using remote = await start();
  const { storage } = remote;
  await remote.fill(there);
  let found = new Set<string>();
  const calls = await remote.calls(async () => found = await storage.existsMany(keys));
  if (found.size !== there.length) throw new Error(`${found.size} of ${there.length} found`);
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    times.push(await timed(() => storage.existsMany(keys)));
  }
  const one = await timed(async () => {
    for (const key of keys.slice(0, SINGLE)) await storage.exists(key);
  });
  const median = times.sort((a, b) => a - b)[ROUNDS >> 1]!;
  const all = Math.round(one / SINGLE * keys.length);
  console.log(
    `| ${name} | ${found.size} found | ${calls} | ${Math.round(median)} | about ${all} |`,
  );
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await act();
  return performance.now() - start;
}

async function startS3(): Promise<Remote> {
  const server = await S3Server.start();
  const options = server.bucket();
  const storage = storages.create({ type: "s3", ...options });
  return {
    storage,
    fill: (keys) => fill(storage, keys),
    calls: async (act) => (await server.requests(act)).length,
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Counts the commands that clients send; those that scripts run on the server are no calls. */
async function startRedis(): Promise<Remote> {
  const server = await RedisServer.start();
  const storage = storages.create({ type: "redis", url: server.url });
  const sent = async () => {
    const stats = await server.cli("INFO", "commandstats");
    const counts = stats.matchAll(/cmdstat_(?:eval|evalsha|scan|hget):calls=(\d+)/g);
    return [...counts].reduce((sum, [, count]) => sum + Number(count), 0);
  };
  return {
    storage,
    fill: (keys) => fill(storage, keys),
    async calls(act) {
      const before = await sent();
      await act();
      return await sent() - before;
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

async function fill(storage: Storage, keys: readonly string[]): Promise<void> {
  for (let at = 0; at < keys.length; at += 32) {
    await Promise.all(keys.slice(at, at + 32).map((key) => save(storage, key, { a: key })));
  }
}
