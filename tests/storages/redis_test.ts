import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import "../../builtins.ts";
import { ConfigError, StorageError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { RedisStorage, type RedisStorageOptions } from "../../storages/redis.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { noRedis, RedisServer, testWithRedis } from "../servers/redis.ts";
import { redisScene, until } from "./_redis_place.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

/** Longer than this program may stand still, in seconds: a claim that is not renewed for that long is lost. */
const CLAIM_TTL = 600;

// One server for all of the contract, with a prefix for each storage.
let server: RedisServer | undefined;
if (!noRedis()) {
  Deno.test.beforeAll(async () => {
    server = await RedisServer.start();
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
}
let prefixes = 0;
const open = (prefix: string) =>
  new RedisStorage({ url: server!.url, prefix, claimTtl: CLAIM_TTL });
storageContract({
  name: "RedisStorage",
  claims: true,
  make: () => open(`contract-${++prefixes}:`),
  again: ({ prefix }) => open(prefix),
  test: testWithRedis,
});

Deno.test("a Redis server is given as a URL, and shown without its user and password", () => {
  const server = (url: string) => new RedisStorage({ url }).server;
  assertEquals(server("redis://localhost"), "redis://localhost:6379/0");
  assertEquals(server("rediss://u:p%40ss@host.example:7000/3"), "rediss://host.example:7000/3");
  assertEquals(server("redis://[::1]:7000/"), "redis://[::1]:7000/0");
  const storage = new RedisStorage({ url: new URL("redis://u:s3cret@[::1]:7000/2") });
  assertEquals(storage.permissions, { net: ["[::1]:7000"] });
  assert(!Deno.inspect(storage, { depth: 9, showHidden: true }).includes("s3cret"));
});

Deno.test("tells how to make it again, password and all", () => {
  const options = {
    url: "redis://u:p%2Fw@host:7000/2",
    ttl: 60,
    draftTtl: 5,
    claimTtl: 7,
    timeout: 9,
    prefix: "p:",
  };
  const { spec } = new RedisStorage(options);
  assertEquals<unknown>(spec, {
    type: "redis",
    url: "redis://host:7000/2",
    prefix: "p:",
    draftTtl: 5,
    claimTtl: 7,
    timeout: 9,
    cluster: false,
    username: "u",
    password: "p/w",
    ttl: 60,
  });
  assertEquals<unknown>(storages.create(spec).spec, spec);
});

Deno.test("what is no Redis storage is refused, and no password shown", () => {
  const url = "redis://host";
  const wrong: [unknown, string][] = [
    [{ url: "redis//u:s3cret@host" }, "is not shown"],
    [{ url: "http://u:s3cret@host" }, "Expected a URL of the form redis://HOST:PORT/DATABASE"],
    [{ url: "redis://:s3cret@" }, "Expected a URL"],
    [{ url: "redis://u:s3cret@host/db" }, "Expected a URL"],
    [{ url: "redis://u:s3cret@host?db=1" }, "Expected a URL"],
    [{ url: "redis://u:s3cret%@host" }, "with % written as %25"],
    [{}, "Expected a URL"],
    [{ url, password: 5 }, "Expected password to be a text"],
    [{ url, prefix: "a*" }, "Expected a prefix"],
    [{ url, prefix: "a".repeat(101) }, "Expected a prefix"],
    [{ url, ttl: 0 }, "Expected ttl of 1 seconds or more, got 0"],
    [{ url, ttl: NaN }, "Expected ttl"],
    [{ url, draftTtl: "5" }, "Expected draftTtl"],
    [{ url, timeout: 2 ** 40 }, "Expected timeout"],
    [{ url, ca: "-----BEGIN CERTIFICATE-----" }, "for a rediss: URL"],
    [{ url, cluster: 1 }, "Expected cluster"],
    [{ url: `${url}/1`, cluster: true }, "which has none"],
  ];
  for (const [options, text] of wrong) {
    const error = assertThrows(
      () => new RedisStorage(options as RedisStorageOptions),
      StorageError,
      text,
    );
    assert(!Deno.inspect(error).includes("s3cret"), text);
  }
  for (const options of [{ url: 12345678 }, { url, password: 12345678 }, { url, pasword: "x" }]) {
    const error = assertThrows(() => storages.create({ type: "redis", ...options }), ConfigError);
    assert(!error.message.includes("12345678"), error.message);
  }
});

testWithRedis("a small entry is one round trip to save and one to load", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  await save(storage, "before", FILES);
  await textsOf(storage, "before");
  const before = [await scene.count("evalsha"), await scene.count("eval")];
  await save(storage, "key", { ...FILES, "b.bin": noise(32 * 1024) });
  assertEquals(await scene.count("evalsha") - before[0]!, 1);
  await textsOf(storage, "key");
  assertEquals(await scene.count("evalsha") - before[0]!, 2);
  assertEquals([await scene.count("eval"), await scene.count("hget")], [before[1], 0]);
});

testWithRedis("ten thousand keys are looked for in 20 calls, in 3 round trips", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  for (const n of [0, 5000, 9999]) await save(storage, `key-${n}`, FILES);
  await storage.existsMany(["key-0"]);
  const before = await scene.count("evalsha");
  const keys = Array.from({ length: 10_000 }, (_, n) => `key-${n}`);
  assertEquals((await storage.existsMany(keys)).size, 3);
  assertEquals(await scene.count("evalsha") - before, 20);
});

testWithRedis(
  "storages of other prefixes and databases, and other keys, are kept apart",
  async () => {
    await using scene = await redisScene();
    const { storage, server } = scene;
    const others = [
      scene.again({ prefix: "lab" }),
      scene.again({ prefix: "" }),
      scene.again({ url: `${server.url}/1` }),
    ];
    await scene.send("SET", "labtech:other", "mine");
    await scene.send("SET", "other", "mine");
    for (const [n, each] of [storage, ...others].entries()) await save(each, `key-${n}`, FILES);
    for (const [n, each] of [storage, ...others].entries()) {
      assertEquals(await keysOf(each), [`key-${n}`]);
      assertEquals(await Array.fromAsync(each.findLeftovers({ grace: 0 })), []);
      assertEquals(await each.delete(`key-${n}`), true);
    }
    assertEquals(await server.keys(), ["labtech:other", "other"]);
  },
);

testWithRedis("thousands of keys are listed, each once, while others come and go", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  const keys = Array.from({ length: 3000 }, (_, n) => `key-${n}`);
  await Promise.all(keys.map((key) => save(storage, key, FILES)));
  const found = [];
  for await (const key of storage.findKeys({ prefix: "key-" })) {
    if (found.push(key) % 500 === 0) {
      await save(storage, `other-${key}`, FILES);
      await scene.send("SET", key, "more");
    }
  }
  assertEquals(found.sort(), keys.sort());
});

testWithRedis("entries of a storage with a ttl go when it is over, data and all", async () => {
  await using scene = await redisScene({ ttl: 3600 });
  const { storage, server } = scene;
  await save(storage, "key", { ...FILES, "b.bin": noise(MIB + 1) });
  const [record, data] = await server.keys();
  const left = async (key: string) => Number(await scene.send("PTTL", key));
  assert(await left(record!) <= 3_600_000 && await left(record!) > 3_500_000);
  assert(await left(data!) > await left(record!), "who opened it just before can read it");
  const entry = await openThere(storage, "key");
  await scene.send("PEXPIRE", record!, "1");
  await until(async () => !await storage.exists("key"));
  assertEquals(await keysOf(storage), []);
  assertEquals(await entry.read("b.bin"), noise(MIB + 1));
  await scene.send("PEXPIRE", data!, "1");
  await until(async () => (await server.keys()).length === 0);
  assertInstanceOf(await rejection(entry.read("b.bin")), StorageError);
});

testWithRedis("entries of a storage without a ttl stay", async () => {
  await using scene = await redisScene();
  await save(scene.storage, "key", { ...FILES, "b.bin": noise(MIB + 1) });
  for (const key of await scene.server.keys()) assertEquals(await scene.send("PTTL", key), -1);
});

testWithRedis("what was replaced, deleted or discarded leaves no keys behind", async () => {
  await using scene = await redisScene();
  const { storage, server } = scene;
  const data = noise(3 * MIB + 5);
  await save(storage, "key", { "a.bin": data, "b.bin": noise(70_000), "c.txt": "c" });
  assertEquals((await server.keys()).length, 2);
  await save(storage, "key", { "a.bin": noise(2 * MIB) });
  assertEquals((await server.keys()).length, 2);
  {
    await using draft = await storage.create("key");
    await draft.write("a.bin", streamOf([data, data]));
    assertEquals((await server.keys()).length, 3);
  }
  assertEquals((await server.keys()).length, 2);
  await save(storage, "key", FILES);
  assertEquals(await server.keys(), ["labtech:{key}"]);
  await storage.delete("key");
  assertEquals(await server.keys(), []);
});

testWithRedis("streams are taken and given no faster than the other side goes", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  let pulled = 0;
  const source = new ReadableStream<Uint8Array>({
    async pull(controller) {
      if (pulled === 24) return controller.close();
      if (pulled % 8 === 7) {
        const [data] = await scene.server.keys();
        const stored = Number(await scene.send("HLEN", data!));
        assert(pulled - stored <= 4, `${pulled} MiB were taken, ${stored} MiB stored`);
      }
      controller.enqueue(noise(MIB));
      pulled++;
    },
  });
  {
    await using draft = await storage.create("key");
    await draft.write("a.bin", source);
    await draft.commit();
  }
  const reader = (await (await openThere(storage, "key")).stream("a.bin")).getReader();
  const before = await scene.count("hget");
  for (let n = 1; n <= 3; n++) {
    assertEquals((await reader.read()).value!.length, MIB);
    await new Promise((resolve) => setTimeout(resolve, 20));
    assertEquals(await scene.count("hget") - before, n);
  }
  await reader.cancel();
});

testWithRedis("a storage that was disposed cannot be used any more", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  await save(storage, "key", FILES);
  await storage[Symbol.asyncDispose]();
  await storage[Symbol.asyncDispose]();
  const unused = scene.again();
  await unused[Symbol.asyncDispose]();
  for (const each of [storage, unused]) {
    const error = await rejection(each.open("key"));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /127\.0\.0\.1:\d+\/0 was disposed; make another one/);
  }
});
