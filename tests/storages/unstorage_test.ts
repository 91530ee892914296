import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import "../../builtins.ts";
import { ConfigError, StorageError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { importPackage } from "../../storages/_packages.ts";
import { type UnstorageDriver, UnstorageStorage } from "../../storages/unstorage.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { noRedis, RedisServer, testWithRedis } from "../servers/redis.ts";
import { scratch, treeOf } from "./_scratch.ts";
import { weakDriver } from "./_unstorage_drivers.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

/** Fewer races than by default, for drivers that differ little from one that is tried with all of them. */
const ROUNDS = 20;

const bases = new WeakMap<UnstorageStorage, string>();
for (const driver of ["fs", "fs-lite"]) {
  storageContract({
    name: `UnstorageStorage on ${driver}`,
    rounds: driver === "fs" ? undefined : ROUNDS,
    make: async () => {
      const base = await Deno.makeTempDir();
      const storage = new UnstorageStorage({ driver, base });
      bases.set(storage, base);
      return storage;
    },
    again: (storage) => new UnstorageStorage({ driver, base: bases.get(storage)! }),
    remove: (storage) => Deno.remove(bases.get(storage)!, { recursive: true }),
  });
}

// One server for all of the contract, with a base for each storage.
let server: RedisServer | undefined;
if (!noRedis()) {
  Deno.test.beforeAll(async () => {
    server = await RedisServer.start();
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
}
let count = 0;
const onRedis = (base: string) => {
  const storage = new UnstorageStorage({ driver: "redis", url: server!.url, base });
  bases.set(storage, base);
  return storage;
};
storageContract({
  name: "UnstorageStorage on redis",
  make: () => onRedis(`lab:a${++count}`),
  again: (storage) => onRedis(bases.get(storage)!),
  test: testWithRedis,
});

for (const driver of ["memory", "lru-cache"]) {
  storageContract({
    name: `UnstorageStorage on ${driver}`,
    rounds: driver === "memory" ? undefined : ROUNDS,
    make: () => new UnstorageStorage({ driver, max: 10_000 }),
  });
}

storageContract({
  name: "UnstorageStorage on null",
  make: () => new UnstorageStorage({ driver: "null" }),
  keeps: false,
});

const made = new WeakMap<UnstorageStorage, ReturnType<typeof weakDriver>["driver"]>();
for (
  const [what, weakness] of [
    ["that knows text only", { without: ["getItemRaw", "setItemRaw"] as const }],
    ["that cuts bytes short", { taking: (bytes: Uint8Array) => bytes.slice(0, 100) }],
  ] as const
) {
  storageContract({
    name: `UnstorageStorage on a driver of one's own ${what}`,
    rounds: ROUNDS,
    make: () => withDriver(weakDriver(weakness).driver),
    again: (storage) => withDriver(made.get(storage)!),
  });
}

function withDriver(driver: ReturnType<typeof weakDriver>["driver"]): UnstorageStorage {
  const storage = new UnstorageStorage({ driver });
  made.set(storage, driver);
  return storage;
}

Deno.test("a driver that is not known is refused, with the names of those that are", () => {
  for (
    const driver of ["azure-storage-blb", "../fs", "fs/../s3", "", "FS", "constructor", "__proto__"]
  ) {
    const error = assertThrows(() => new UnstorageStorage({ driver }), StorageError);
    assertMatch(error.message, /Expected the name of a driver of unstorage.*known are azure-app/);
    assertThrows(() => storages.create({ type: "unstorage", driver }), ConfigError, "known are");
  }
  for (const driver of [undefined, null, 1, {}, []] as unknown as string[]) {
    assertThrows(() => new UnstorageStorage({ driver }), StorageError, "Expected the name");
    assertThrows(() => storages.create({ type: "unstorage", driver }), ConfigError);
  }
  assertThrows(
    () => new UnstorageStorage({ driver: "azure-storage-blb" }),
    StorageError,
    'did you mean "azure-storage-blob"?',
  );
});

Deno.test("the base of files must be a path, and is made absolute", async () => {
  const cwd = Deno.cwd();
  const base = (base: unknown) =>
    new UnstorageStorage({ driver: "fs", base }).permissions.read as string[];
  assertEquals(base("results"), [`${cwd}/results`]);
  assertEquals(base("file:///data/a%20b"), ["/data/a b"]);
  for (const unfit of [undefined, "", 1, "a\0b"]) {
    assertThrows(() => base(unfit), StorageError, "Expected the path of a directory");
  }
  assertThrows(() => storages.create({ type: "unstorage", driver: "fs" }), ConfigError, "base");
  const storage = storages.create({
    type: "unstorage",
    driver: "fs",
    base: "/data/r",
    noClear: true,
  });
  const spec = { type: "unstorage", driver: "fs", ignore: [], base: "/data/r", noClear: true };
  assertEquals<unknown>(storage.spec, spec);
  await storage[Symbol.asyncDispose]();
});

Deno.test("asks for what its driver needs, as far as that is known", () => {
  const permissions = (driver: string, options = {}) =>
    new UnstorageStorage({ driver, ...options }).permissions;
  const azure = { env: true, sys: ["osRelease"] };
  assertEquals<unknown>(permissions("fs-lite", { base: "/r" }), { read: ["/r"], write: ["/r"] });
  assertEquals(permissions("redis"), { net: ["localhost:6379"], env: true });
  assertEquals(permissions("redis", { host: "h", port: 1 }), { net: ["h:1"], env: true });
  assertEquals(permissions("redis", { url: "rediss://:pw@h:7/1" }), { net: ["h:7"], env: true });
  assertEquals<unknown>(
    permissions("azure-storage-blob", { accountName: "acc", accountKey: "k" }),
    {
      net: ["acc.blob.core.windows.net:443"],
      ...azure,
    },
  );
  for (
    const [connectionString, host] of [
      ["AccountName=acc;AccountKey=a==;EndpointSuffix=core.x.cn", "acc.blob.core.x.cn:443"],
      [
        "AccountName=acc;AccountKey=a==;BlobEndpoint=http://127.0.0.1:10000/acc;",
        "127.0.0.1:10000",
      ],
    ]
  ) {
    const given = permissions("azure-storage-blob", { connectionString });
    assertEquals<unknown>(given, { net: [host], ...azure });
  }
  assertEquals(permissions("github", { repo: "a/b" }), {
    net: ["api.github.com:443", "raw.githubusercontent.com:443"],
  });
  assertEquals(permissions("http", { base: "http://h:81/x" }), { net: ["h:81"] });
  assertEquals(permissions("cloudflare-kv-http"), { net: ["api.cloudflare.com:443"] });
  assertEquals(permissions("memory"), {});
  assertEquals(permissions("mongodb", { connectionString: "mongodb://h" }), {});
});

Deno.test("has no specification where another thread could not have the same", () => {
  assertEquals(new UnstorageStorage({ driver: "memory" }).spec, undefined);
  assertEquals(new UnstorageStorage({ driver: weakDriver().driver }).spec, undefined);
  const binding = { get() {} };
  assertEquals(new UnstorageStorage({ driver: "cloudflare-r2-binding", binding }).spec, undefined);
  const spec = { type: "unstorage", driver: "mongodb", connectionString: "mongodb://h" };
  assertEquals<unknown>(storages.create(spec).spec, spec);
});

Deno.test("nothing is on disk before the first save", async () => {
  await using place = await scratch();
  await using storage = new UnstorageStorage({ driver: "fs", base: `${place.dir}/deep/down` });
  assertEquals(await keysOf(storage), []);
  assertEquals(await storage.exists("key"), false);
  assertEquals(await storage.delete("key"), false);
  assertEquals(await Array.fromAsync(storage.findLeftovers()), []);
  await (await storage.create("key"))[Symbol.asyncDispose]();
  assertEquals(treeOf(place.dir), {});
  await save(storage, "key", FILES);
  assertEquals(await textsOf(storage, "key"), FILES);
});

Deno.test("a storage that was disposed cannot be used any more", async () => {
  await using place = await scratch();
  for (const isUsed of [true, false]) {
    const storage = new UnstorageStorage({ driver: "fs", base: place.dir });
    if (isUsed) await save(storage, "key", FILES);
    await storage[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    const error = await rejection(storage.open("key"));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /was disposed; make another one/);
  }
});

Deno.test("a driver of files that was made in code has the same entries as by name", async () => {
  await using place = await scratch();
  const { default: fs } = await importPackage<{
    default(options: { base: string }): UnstorageDriver;
  }>("unstorage", "/drivers/fs");
  await using storage = new UnstorageStorage({ driver: fs({ base: place.dir }) });
  await using named = new UnstorageStorage({ driver: "fs", base: place.dir });
  await save(storage, "Key", FILES);
  await save(storage, "Key", { "a.bin": noise(5 * MIB) });
  await save(named, "other", FILES);
  for (const each of [storage, named]) {
    assertEquals(await keysOf(each), ["Key", "other"]);
    assertEquals(await (await openThere(each, "Key")).read("a.bin"), noise(5 * MIB));
    assertEquals(await textsOf(each, "other"), FILES);
    assertEquals(await Array.fromAsync(each.findLeftovers({ grace: 0 })), []);
  }
});

Deno.test("a file in place of the base is an error that says so", async () => {
  await using place = await scratch();
  await Deno.writeTextFile(`${place.dir}/file`, "mine");
  await using storage = new UnstorageStorage({ driver: "fs", base: `${place.dir}/file` });
  for (const call of [() => storage.open("key"), () => save(storage, "key", FILES)]) {
    const error = await rejection(call());
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /Cannot (look for|save) "key" in the storage ".*file"/);
  }
  assertEquals(await Deno.readTextFile(`${place.dir}/file`), "mine");
});

Deno.test("a driver that was made in code is not disposed with the storage", async () => {
  const { driver } = weakDriver();
  {
    await using storage = new UnstorageStorage({ driver });
    await save(storage, "key", FILES);
  }
  await using storage = new UnstorageStorage({ driver });
  assertEquals(await textsOf(storage, "key"), FILES);
});

Deno.test("whatever bit of an item changes, its entry is not there or its reading fails", async () => {
  const { driver, items } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  const data = noise(3000);
  await save(storage, "key", { "a.bin": data, "metadata.json": "{}", "b.bin": noise(40_000) });
  const names = [...items.keys()].sort();
  assertEquals(names.length, 2);
  for (const name of names) {
    const bytes = items.get(name) as Uint8Array;
    for (let at = 0; at < bytes.length; at += name.startsWith("entry") ? 1 : 997) {
      const bit = 1 << at % 8;
      bytes[at]! ^= bit;
      const entry = await storage.open("key");
      if (entry) {
        assertInstanceOf(await rejection(entry.read("b.bin")), StorageError, `${name} ${at}`);
      }
      assertEquals(entry === undefined, name.startsWith("entry"), `${name} ${at}`);
      bytes[at]! ^= bit;
    }
    items.set(name, bytes.slice(0, -1));
    const entry = await storage.open("key");
    if (entry) assertInstanceOf(await rejection(entry.read("b.bin")), StorageError);
    items.set(name, bytes);
  }
  assertEquals(await (await openThere(storage, "key")).read("a.bin"), data);
});

Deno.test("an entry that lost a piece is not there, and can be saved again", async () => {
  const { driver, items } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  await save(storage, "key", { "a.bin": noise(9 * MIB) });
  const pieces = [...items.keys()].filter((name) => name.startsWith("data:")).sort();
  assertEquals(pieces.length, 3);
  items.delete(pieces[1]!);
  assertEquals(await storage.open("key"), undefined);
  assertEquals(await storage.exists("key"), false);
  await save(storage, "key", FILES);
  assertEquals(await textsOf(storage, "key"), FILES);
  assertEquals(items.size, 1);
});

Deno.test("an item under another key, or of another generation, is a miss", async () => {
  const { driver, items } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  await save(storage, "one", FILES);
  items.set("entry:two", items.get("entry:one"));
  assertEquals(await storage.open("two"), undefined);
  for (const planted of ["", "{}", '{"sha256":""}\n', { a: 1 }, 7, new ArrayBuffer(90), ["x"]]) {
    items.set("entry:two", planted);
    assertEquals(await storage.open("two"), undefined);
  }
  assertEquals(await storage.delete("two"), true);
});

Deno.test("a driver that hides its failures as missing items is not believed", async () => {
  let isDown = false;
  const { driver, items } = weakDriver();
  const hiding = {
    ...driver,
    getItemRaw: (key: string) => isDown ? null : items.get(key) ?? null,
    hasItem(key: string) {
      if (isDown) throw new Error("no route to host");
      return items.has(key);
    },
  };
  await using storage = new UnstorageStorage({ driver: hiding });
  await save(storage, "key", FILES);
  isDown = true;
  const error = await rejection(storage.open("key"));
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /Cannot look for "key" in the storage .*no route to host/);
});

Deno.test("a save whose answer was lost is a save, and one that failed keeps the earlier entry", async () => {
  let fails: "before" | "after" | undefined;
  const { driver, items } = weakDriver();
  const failing = {
    ...driver,
    setItemRaw(key: string, value: Uint8Array) {
      if (fails && key.startsWith("entry:")) {
        if (fails === "after") items.set(key, value);
        throw new Error("connection reset");
      }
      items.set(key, value);
    },
  };
  await using storage = new UnstorageStorage({ driver: failing });
  await save(storage, "key", { "a.txt": "old" });
  fails = "before";
  assertInstanceOf(await rejection(save(storage, "key", { "a.txt": "new" })), StorageError);
  assertEquals(await textsOf(storage, "key"), { "a.txt": "old" });
  fails = "after";
  await save(storage, "key", { "a.txt": "new" });
  assertEquals(await textsOf(storage, "key"), { "a.txt": "new" });
});

Deno.test("no error holds a secret of the options", async () => {
  const secrets = ["s3cr3t-token", "p4ssw0rd", "hidden-key=="];
  await using storage = new UnstorageStorage({
    driver: "http",
    base: "http://127.0.0.1:9/none",
    headers: { "x-token": secrets[0]! },
    url: `redis://user:${secrets[1]}@host`,
    connectionString: `AccountName=a;AccountKey=${secrets[2]}`,
  });
  for (const call of [() => storage.open("key"), () => keysOf(storage)]) {
    const error = await rejection(call());
    assertInstanceOf(error, StorageError);
    const shown = Deno.inspect(error, { depth: 9, showHidden: true, getters: true });
    for (const secret of secrets) assert(!shown.includes(secret), shown);
  }
});
