import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStrictEquals,
} from "@std/assert";
import { StorageError } from "../../errors.ts";
import type { RedisStorage } from "../../storages/redis.ts";
import type { Entry } from "../../storages/storage.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { type RedisServer, testWithRedis } from "../servers/redis.ts";
import { redisScene, until } from "./_redis_place.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };
const DURABLE = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

testWithRedis("a wrong password, user or database is an error that says what to do", async () => {
  await using scene = await redisScene({ args: ["--requirepass", "s3cret", "--save", ""] });
  const { url } = scene.server;
  await save(scene.again({ password: "s3cret" }), "key", FILES);
  assertEquals(
    await scene.again({ url: url.replace("//", "//default:s3cret@") }).exists("key"),
    true,
  );
  for (
    const [options, text] of [
      [{}, /NOAUTH .*; give the right user name and password/],
      [{ password: "wr0ng" }, /WRONGPASS .*; give the right user name and password/],
      [{ url: url.replace("//", "//nobody:wr0ng@") }, /WRONGPASS/],
      [{ url: `${url}/99`, password: "s3cret" }, /DB index .*; choose another database/],
    ] as const
  ) {
    const error = await rejection(scene.again(options).open("key"));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, text);
    assert(error.message.includes(`redis://127.0.0.1:${scene.server.port}/`));
    assert(!/s3cret|wr0ng/.test(Deno.inspect(error, { depth: 9 })));
  }
});

testWithRedis("a user who may do too little is told what is wanted", async () => {
  await using scene = await redisScene();
  await scene.server.cli(
    "ACL",
    "SETUSER",
    "low",
    "on",
    ">pw",
    "~labtech:*",
    "+@connection",
    "+get",
  );
  const storage = scene.again({ username: "low", password: "pw" });
  const error = await rejection(storage.open("key"));
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /NOPERM.*ACL SETUSER/);
});

testWithRedis("a user with the rights that the guide names may do all that is needed", async () => {
  await using scene = await redisScene();
  const guide = await Deno.readTextFile(new URL("../../docs/redis.md", import.meta.url));
  const rule = /`ACL SETUSER lab on >PASSWORD ([^`]+)`/.exec(guide)![1]!.trim().split(/\s+/);
  await scene.server.cli("ACL", "SETUSER", "lab", "on", ">PASSWORD", ...rule);
  const storage = scene.again({ username: "lab", password: "PASSWORD" });
  for (let n = 0; n < 2; n++) await save(storage, "key", { ...FILES, "b.bin": noise(MIB) });
  assertEquals((await openThere(storage, "key")).files.size, 3);
  assertEquals([await keysOf(storage), (await storage.existsMany(["key"])).size], [["key"], 1]);
  assert(await storage.setAside("key"));
  for await (const leftover of storage.findLeftovers()) assert(await leftover.remove());
  assertEquals(await storage.delete("key"), false);
  assertEquals(await scene.server.keys(), []);
});

testWithRedis("a server that is not there is an error at once, with what to do", async () => {
  await using scene = await redisScene();
  await scene.server.kill();
  for (
    const [url, told] of [
      [scene.server.url, /ECONNREFUSED.*; start the server, or mend/],
      // Whoever knows names may not say in time that there is none.
      [
        "redis://no-such-host.invalid",
        /(ENOTFOUND|EAI_AGAIN|Connection timeout).*; start the server, or mend/,
      ],
    ] as const
  ) {
    const storage = scene.again({ url });
    for (
      const call of [
        () => storage.open("key"),
        () => storage.exists("key"),
        () => storage.existsMany(["key"]),
        () => storage.delete("key"),
        () => storage.setAside("key"),
        () => keysOf(storage),
        () => Array.fromAsync(storage.findLeftovers()),
        () => save(storage, "key", FILES),
        () => save(storage, "key", { "a.bin": noise(MIB) }),
      ]
    ) {
      const error = await rejection(call());
      assertInstanceOf(error, StorageError);
      assertMatch(error.message, told);
    }
  }
});

testWithRedis(
  "a server that does not answer is an error in time, and used again when it does",
  async () => {
    // Long enough for a busy machine to make a connection in.
    await using scene = await redisScene({ timeout: 1000 });
    const { storage, server } = scene;
    const patient = scene.again({ timeout: 60_000 });
    await save(patient, "key", FILES);
    // One that has a connection, and one that has none.
    await until(() => storage.exists("key").catch(() => false));
    server.signal("SIGSTOP");
    for (const each of [storage, scene.again()]) {
      const error = await rejection(each.open("key"));
      assertInstanceOf(error, StorageError);
      assertMatch(
        error.message,
        /gives no answer; see whether .* raise the option timeout \(now 1000 ms\)/,
      );
    }
    const abort = new AbortController();
    const waiting = rejection(scene.again({ timeout: 60_000 }).open("key", abort));
    const reason = new Error("changed my mind");
    abort.abort(reason);
    assertStrictEquals(await waiting, reason);
    server.signal("SIGCONT");
    await until(() => storage.exists("key").catch(() => false));
    assertEquals(await textsOf(patient, "key"), FILES);
  },
);

testWithRedis("a program that stood still has the answer that came meanwhile", async () => {
  await using scene = await redisScene({ timeout: 2000 });
  await save(scene.again({ timeout: 60_000 }), "key", FILES);
  await until(() => scene.storage.exists("key").catch(() => false));
  const asking = scene.storage.exists("key");
  await new Promise((next) => setTimeout(next)); // it was sent
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
  assertEquals(await asking, true);
});

testWithRedis("a server that is started again is waited for, midway in a save", async () => {
  await using scene = await redisScene({ args: DURABLE, timeout: 120_000 });
  const { storage, server } = scene;
  await save(storage, "old", FILES);
  await using draft = await storage.create("key");
  await draft.write("a.bin", noise(2 * MIB));
  await server.kill();
  const reading = textsOf(storage, "old");
  const writing = draft.write("b.bin", noise(2 * MIB).reverse());
  await server.again();
  await writing;
  assertEquals(await reading, FILES);
  await server.kill();
  const committing = draft.commit();
  await server.again();
  await committing;
  await server.kill();
  await server.again();
  const entry = await openThere(storage, "key");
  assertEquals(await entry.read("a.bin"), noise(2 * MIB));
  assertEquals(await entry.read("b.bin"), noise(2 * MIB).reverse());
  assertEquals(await keysOf(storage), ["key", "old"]);
});

testWithRedis("keys are listed, none left out, over a start of the server", async () => {
  await using scene = await redisScene({ args: DURABLE, timeout: 120_000 });
  const { storage, server } = scene;
  const keys = Array.from({ length: 3000 }, (_, n) => `key-${n}`);
  await Promise.all(keys.map((key) => save(storage, key, {})));
  const found: string[] = [];
  for await (const key of storage.findKeys()) {
    if (found.push(key) !== 700) continue;
    await server.kill();
    await server.again();
  }
  assertEquals(found.sort(), keys.sort());
});

testWithRedis("a server that forgot the data of a draft is an error of its commit", async () => {
  await using scene = await redisScene();
  const { storage, server } = scene;
  await save(storage, "key", FILES);
  await using draft = await storage.create("key");
  await draft.write("a.bin", noise(2 * MIB));
  await server.kill();
  await server.again();
  const error = await rejection(draft.commit());
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /no longer has all its data.*; save it again/);
  assertEquals(await server.keys(), []);
});

testWithRedis("a draft outlives the time that its data has to live", async () => {
  await using scene = await redisScene({ draftTtl: 60 });
  const { storage, server } = scene;
  const lifetime = async () => Number(await scene.send("PTTL", (await dataKeys(server))[0]!));
  using pace = quickened();
  const { readable, writable } = new TransformStream<Uint8Array>();
  await using draft = await storage.create("key");
  const writing = draft.write("a.bin", readable);
  const writer = writable.getWriter();
  await writer.write(noise(2 * MIB));
  await until(async () => (await dataKeys(server)).length > 0);
  assert(pace.asked.some((ms) => ms <= 30_000), "it is renewed at least twice in that time");
  for (let round = 0; round < 3; round++) {
    // As if most of the time had passed.
    await scene.send("PEXPIRE", (await dataKeys(server))[0]!, "20000");
    await until(async () => await lifetime() > 30_000);
  }
  assertEquals(await Array.fromAsync(scene.again().findLeftovers()), []);
  await writer.write(noise(MIB));
  await writer.close();
  await writing;
  await draft.commit();
  assertEquals(await lifetime(), -1, "it stays from then on");
  assertEquals((await openThere(storage, "key")).files.get("a.bin"), 3 * MIB);
  assertEquals((await openThere(storage, "key")).files.size, 1);
});

/** The keys of data that is no record. */
async function dataKeys(server: RedisServer): Promise<string[]> {
  return (await server.keys()).filter((key) => !key.endsWith("}"));
}

/** Has what is done again and again done every 20 ms until the end of the block; tells how often it was to be. */
function quickened(): Disposable & { readonly asked: readonly number[] } {
  const { setInterval } = globalThis;
  const asked: number[] = [];
  globalThis.setInterval = ((act: () => void, ms: number) => {
    asked.push(ms);
    return setInterval(act, 20);
  }) as typeof setInterval;
  return {
    asked,
    [Symbol.dispose]: () => void (globalThis.setInterval = setInterval),
  };
}

testWithRedis("a full server refuses a save, says so, and keeps what is there", async () => {
  const args = ["--maxmemory", "8mb", "--maxmemory-policy", "noeviction", "--save", ""];
  await using scene = await redisScene({ args });
  const { storage } = scene;
  await save(storage, "key", { ...FILES, "a.bin": noise(MIB) });
  for (const size of [20 * MIB, 1]) {
    if (size === 1) await scene.send("CONFIG", "SET", "maxmemory", "1");
    const error = await rejection(save(storage, "key", { "b.bin": noise(size) }));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /OOM .*; raise maxmemory of the server, delete entries/);
    assertEquals([...(await openThere(storage, "key")).files.keys()], [
      ...Object.keys(FILES),
      "a.bin",
    ]);
  }
  assertEquals(await storage.delete("key"), true);
  assertEquals(await scene.server.keys(), []);
});

testWithRedis(
  "a server that makes room by removing keys makes misses, never torn entries",
  async () => {
    const args = ["--maxmemory", "12mb", "--maxmemory-policy", "allkeys-random", "--save", ""];
    await using scene = await redisScene({ args });
    const { storage } = scene;
    const keys = Array.from({ length: 40 }, (_, n) => `key-${n}`);
    let saved = 0;
    for (const [n, key] of keys.entries()) {
      const files: Record<string, Uint8Array> = n % 2
        ? { "a.bin": noise(MIB).fill(n, 0, 9) }
        : { "s.bin": noise(3000).fill(n) };
      // The server may remove the data of a save under way as well.
      await save(storage, key, files).then(
        () => saved++,
        (error) => assertInstanceOf(error, StorageError),
      );
    }
    assert(Number(/evicted_keys:(\d+)/.exec(await scene.server.cli("INFO", "stats"))![1]) > 10);
    // Reading takes room as well: what is there is whole, or gone before it was read.
    for (const key of keys) {
      const entry = await storage.open(key);
      const reading = entry && await readWhole(entry).catch((error) => error);
      if (reading) assertInstanceOf(reading, StorageError);
    }
    await scene.send("CONFIG", "SET", "maxmemory", "0");
    const whole = await wholeKeys(storage, keys);
    assert(whole.length > 0 && whole.length < saved, `${whole.length} of ${saved}`);
    for await (const leftover of storage.findLeftovers()) {
      assertEquals(leftover.kind, "replaced");
      assertEquals(await leftover.remove(), true);
    }
    assertEquals(await wholeKeys(storage, keys), whole);
    const records = (await scene.server.keys()).filter((key) => key.endsWith("}"));
    assertEquals(records, whole.map((key) => `labtech:{${key}}`).sort());
  },
);

/** Reads all entries; all ways to ask must agree, while nothing changes. */
async function wholeKeys(storage: RedisStorage, keys: readonly string[]): Promise<string[]> {
  const found = [];
  for (const key of keys) {
    const entry = await storage.open(key);
    assertEquals(await storage.exists(key), entry !== undefined);
    if (!entry) continue;
    await readWhole(entry);
    found.push(key);
  }
  assertEquals(await keysOf(storage), found.toSorted());
  assertEquals(await storage.existsMany(keys), new Set(found));
  return found.sort();
}

/** Reads all files of an entry, which must be as they were saved. */
async function readWhole(entry: Entry): Promise<void> {
  const n = Number(entry.key.slice(4));
  for (const [file, size] of entry.files) {
    const bytes = await entry.read(file);
    assertEquals([bytes.length, bytes[0]], [size, n]);
  }
}
