import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { RedisStorage } from "../../storages/redis.ts";
import { keysOf, noise, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { testWithRedis } from "../servers/redis.ts";
import { RedisCluster } from "../servers/redis_cluster.ts";

const FILES = { "a.txt": "a", "metadata.json": "{}" };

testWithRedis("a Redis Cluster keeps every promise of the contract", async () => {
  await using cluster = await RedisCluster.start();
  const tests: [string, () => Promise<void>][] = [];
  let count = 0;
  // A claim that is not renewed while this program stands still is lost after its time.
  const open = (prefix: string) =>
    new RedisStorage({ url: cluster.url, prefix, cluster: true, claimTtl: 600 });
  storageContract({
    name: "RedisStorage on a cluster",
    make: () => open(`test-${count++}:`),
    again: ({ prefix }) => open(prefix),
    test: (name, run) => tests.push([name, run]),
  });
  for (const [name, run] of tests) {
    try {
      await run();
    } catch (cause) {
      throw new Error(name, { cause });
    }
  }
  assert(count > 40);
});

testWithRedis(
  "entries of a Redis Cluster lie on all its servers, and outlive a start of one",
  async () => {
    await using cluster = await RedisCluster.start();
    await using storage = new RedisStorage({ url: cluster.url, cluster: true });
    const keys = Array.from({ length: 60 }, (_, n) => `key-${n}`);
    for (const key of keys) await save(storage, key, { ...FILES, "b.bin": noise(40_000) });
    const counts = await Promise.all(
      cluster.servers.map(async (each) => (await each.keys()).length),
    );
    assertEquals(counts.reduce((sum, count) => sum + count), 120);
    assert(Math.min(...counts) > 0, "one of the servers has no part of the keys");
    const [, victim] = cluster.servers;
    await victim!.kill();
    const found = keysOf(storage);
    await victim!.again();
    assertEquals(await found, keys.toSorted());
    for (const key of keys) assertEquals((await textsOf(storage, key))?.["a.txt"], "a");
    assertEquals((await storage.existsMany([...keys, "other"])).size, 60);
    await save(storage, "other", FILES);
    assert(await storage.delete("key-1"));
    assertEquals(await Array.fromAsync(storage.findLeftovers({ grace: 0 })), []);
  },
);

testWithRedis(
  "a Redis Cluster that is taken for one server is an error that says what to do",
  async () => {
    await using cluster = await RedisCluster.start();
    await using storage = new RedisStorage({ url: cluster.url });
    const calls = Array.from({ length: 20 }, (_, n) => storage.open(`key-${n}`));
    const error = await rejection(Promise.all(calls));
    await Promise.allSettled(calls);
    assertInstanceOf(error, StorageError);
    assertMatch(
      error.message,
      /MOVED .*; is it a whole Redis Cluster\? Then set the option cluster/,
    );
  },
);
