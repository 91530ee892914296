import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import type { Leftover, Storage } from "../../storages/storage.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { testWithRedis } from "../servers/redis.ts";
import { type RedisScene, redisScene, until } from "./_redis_place.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };
const RECORD = "labtech:{key}";

testWithRedis("a record with any one bit flipped is a miss", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  await save(storage, "key", FILES);
  const record = await recordOf(scene);
  for (let at = 0; at < record.length; at++) {
    const damaged = record.slice();
    damaged[at]! ^= 1 << at % 8;
    await scene.send("SET", RECORD, damaged);
    assertEquals(await storage.open("key"), undefined, `byte ${at}`);
    assertEquals(await storage.exists("key"), false);
  }
  for (
    const other of [record.subarray(0, -1), record.subarray(0, 90), new Uint8Array(), noise(999)]
  ) {
    await scene.send("SET", RECORD, other);
    assertEquals(await storage.open("key"), undefined);
  }
  await scene.send("SET", "labtech:{other}", record);
  assertEquals(await storage.open("other"), undefined, "it is the record of another key");
  await scene.send("SET", RECORD, record);
  assertEquals(await textsOf(storage, "key"), FILES);
});

for (
  const [what, change] of [
    ["that is gone", (data: string) => ["UNLINK", data]],
    ["of which a piece is gone", (data: string) => ["HDEL", data, "2-1"]],
    ["with a piece too many", (data: string) => ["HSET", data, "2-9", "x"]],
    ["that is something else", (data: string) => ["SET", data, "x"]],
  ] as const
) {
  testWithRedis(`an entry with data ${what} is not there, and can be saved again`, async () => {
    await using scene = await redisScene();
    const { storage } = scene;
    await save(storage, "good", { "a.bin": noise(MIB) });
    await save(storage, "key", { "a.txt": "a", "b.bin": noise(3 * MIB + 1) });
    const entry = await openThere(storage, "key");
    await scene.send(...change(`${RECORD}:${entry.version}`));
    assertEquals(await storage.open("key"), undefined);
    assertEquals(await storage.exists("key"), false);
    assertEquals(await storage.existsMany(["key", "good"]), new Set(["good"]));
    assertEquals(await keysOf(storage), ["good"]);
    if (!what.includes("too many")) {
      assertInstanceOf(await rejection(entry.read("b.bin")), StorageError);
    }
    await save(storage, "key", FILES);
    assertEquals(await textsOf(storage, "key"), FILES);
    assertEquals((await scene.server.keys()).length, 3, "what the old one left was removed");
  });
}

testWithRedis("a piece of a wrong size fails the reading of its file", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  await save(storage, "key", { "a.bin": noise(2 * MIB + 1) });
  const entry = await openThere(storage, "key");
  await scene.send("HSET", `${RECORD}:${entry.version}`, "1-1", "short");
  assertInstanceOf(await rejection(entry.read("a.bin")), StorageError);
  const stream = await entry.stream("a.bin");
  assertInstanceOf(await rejection(new Response(stream).bytes()), StorageError);
});

testWithRedis(
  "something else under the key of an entry is a miss, and never overwritten",
  async () => {
    await using scene = await redisScene();
    const { storage } = scene;
    await scene.send("LPUSH", RECORD, "mine");
    assertEquals(await storage.open("key"), undefined);
    assertEquals(await keysOf(storage), []);
    for (const call of [() => save(storage, "key", FILES), () => storage.delete("key")]) {
      const error = await rejection(call());
      assertInstanceOf(error, StorageError);
      assertMatch(
        error.message,
        /WRONGTYPE.*; something else lies under the storage's keys: choose/,
      );
    }
    const [leftover] = await leftoversOf(storage);
    assertEquals([leftover!.kind, await scene.send("LLEN", RECORD)], ["foreign", 1]);
  },
);

testWithRedis("commands of a save that come late change nothing", async () => {
  await using scene = await redisScene({ draftTtl: 600 });
  const { storage } = scene;
  const draft = await storage.create("key");
  await draft.write("a.bin", noise(MIB));
  const { PUT, RENEW, COMMIT } = await import("../../storages/_redis_scripts.ts");
  const data = (await scene.server.keys())[0]!;
  const generation = data.split(":").at(-1)!;
  const record = `{"sha256":"${
    "0".repeat(64)
  }"}\n{"format":1,"generation":"${generation}","pieces":1,`;
  await draft.commit();
  const late = (lua: string, ...args: string[]) => scene.send("EVAL", lua, "1", RECORD, ...args);
  assertEquals(await late(PUT.lua, generation, "1-0", "late"), 0);
  assertEquals(await late(RENEW.lua, generation, "1000"), 0);
  assertEquals(await late(COMMIT.lua, generation, "1", record, "0", "0"), 1);
  assertEquals(await scene.send("PTTL", data), -1);
  assertEquals(await (await openThere(storage, "key")).read("a.bin"), noise(MIB));
  await draft[Symbol.asyncDispose]();
  assert(await storage.exists("key"));
});

testWithRedis(
  "the data of a draft that died is found, removed on demand, and goes by itself",
  async () => {
    await using scene = await redisScene({ draftTtl: 600 });
    const { storage } = scene;
    await using live = await storage.create("key");
    await live.write("a.bin", noise(MIB));
    assertEquals(await leftoversOf(storage), []);
    const dead = `${RECORD}:${"0".repeat(32)}`;
    await scene.send("HSET", dead, "1-0", noise(MIB));
    await scene.send("PEXPIRE", dead, "200000");
    const [leftover, ...others] = await leftoversOf(scene.again());
    assertEquals([others, leftover!.kind], [[], "draft"]);
    assert(leftover!.place.includes(dead) && leftover!.bytes > MIB, leftover!.place);
    const age = Date.now() - leftover!.since!.getTime();
    assert(age > 390_000 && age < 500_000, `${age}`);
    await scene.send("PEXPIRE", dead, "600000");
    assertEquals(await leftover!.remove(), false, "it gave a sign of life");
    await scene.send("PEXPIRE", dead, "200000");
    assertEquals((await leftoversOf(storage, 500_000)).length, 1, "half its time is grace enough");
    assertEquals(await (await leftoversOf(storage))[0]!.remove(), true);
    assertEquals(
      (await leftoversOf(storage, 0)).map(({ kind }) => kind),
      ["draft"],
      "the live one",
    );
    await scene.send("HSET", dead, "1-0", "x");
    await scene.send("PEXPIRE", dead, "1");
    await until(async () => (await scene.server.keys()).length === 1);
    await live.commit();
    assertEquals((await openThere(storage, "key")).files.get("a.bin"), MIB);
  },
);

testWithRedis(
  "what lost its other half, and what is foreign, is found and removed on demand",
  async () => {
    await using scene = await redisScene();
    const { storage } = scene;
    for (const key of ["whole", "no-data", "no-record"]) {
      await save(storage, key, { "a.bin": noise(MIB) });
    }
    await scene.send("UNLINK", "labtech:{no-record}");
    const { version } = await openThere(storage, "no-data");
    await scene.send("UNLINK", `labtech:{no-data}:${version}`);
    const foreign = [
      "labtech:{key}:x",
      "labtech:{k.y}",
      "labtech:{",
      "labtech:{plain}",
      "labtech:{a}b",
    ];
    for (const key of foreign) await scene.send("SET", key, "mine");
    const found = await leftoversOf(storage, 0);
    assertEquals(found.map(({ kind }) => kind).sort(), [
      ...foreign.map(() => "foreign"),
      "replaced",
      "replaced",
    ]);
    const before = await leftoversOf(storage);
    await save(storage, "no-data", FILES);
    for (const each of before) {
      assertEquals(await each.remove(), !each.place.includes("no-data"), each.place);
    }
    assertEquals(await leftoversOf(storage), []);
    assertEquals(await keysOf(storage), ["no-data", "whole"]);
    assertEquals((await scene.server.keys()).length, 3);
  },
);

testWithRedis("an entry that is set aside keeps its bytes for a week", async () => {
  await using scene = await redisScene();
  const { storage } = scene;
  await save(storage, "key", { ...FILES, "b.bin": noise(MIB) });
  const record = await recordOf(scene);
  const place = await storage.setAside("key");
  await save(storage, "key", FILES);
  const aside = /the key (\S+) of redis:/.exec(place!)![1]!;
  assertEquals(await scene.send("GET", aside).then((bytes) => [...bytes as Uint8Array]), [
    ...record,
  ]);
  assertEquals(await scene.send("HLEN", `${aside}:data`), 2);
  for (const key of [aside, `${aside}:data`]) {
    const left = Number(await scene.send("PTTL", key)) / 86_400_000;
    assert(left > 6.9 && left <= 7, `${left} days`);
  }
  const [leftover, ...others] = await leftoversOf(storage);
  assertEquals([leftover!.kind, others], ["aside", []]);
  assertEquals(await leftover!.remove(), true);
  assertEquals(await scene.server.keys(), [RECORD]);
});

async function recordOf(scene: RedisScene): Promise<Uint8Array> {
  return new Uint8Array(await scene.send("GET", RECORD) as Uint8Array); // a slice of a Buffer is no copy
}

async function leftoversOf(storage: Storage, grace?: number): Promise<Leftover[]> {
  return await Array.fromAsync(storage.findLeftovers({ grace }));
}
