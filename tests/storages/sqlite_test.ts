import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { dirname } from "@std/path/dirname";
import { toFileUrl } from "@std/path/to-file-url";
import { DatabaseSync } from "node:sqlite";
import "../../builtins.ts";
import { ConfigError, StorageError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { SqliteStorage } from "../../storages/mod.ts";
import {
  bytesOf,
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { scratch, treeOf } from "./_scratch.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

for (const durability of ["auto", "always"] as const) {
  storageContract({
    name: `SqliteStorage, ${durability} durable`,
    claims: true,
    make: async () => new SqliteStorage({ file: `${await Deno.makeTempDir()}/r.db`, durability }),
    again: ({ file }) => new SqliteStorage({ file, durability }),
    remove: ({ file }) => Deno.remove(dirname(file), { recursive: true }),
  });
}

Deno.test("a database is given as a path, relative or not, or as a URL", () => {
  const cwd = Deno.cwd();
  assertEquals(new SqliteStorage("results.db").file, `${cwd}/results.db`);
  assertEquals(new SqliteStorage({ file: "./a/../r.db" }).file, `${cwd}/r.db`);
  assertEquals(new SqliteStorage(toFileUrl("/data/100%, ü#?.db")).file, "/data/100%, ü#?.db");
  assertEquals(new SqliteStorage("file:///data/r.db").file, "/data/r.db");
  assertEquals(new SqliteStorage(":memory:").file, `${cwd}/:memory:`);
});

Deno.test("what is no path of a database is refused", () => {
  const unfit = ["", "a\0b", undefined, null, 1, {}, new URL("https://example.com/r.db")];
  for (const file of unfit as string[]) {
    assertThrows(() => new SqliteStorage({ file }), StorageError, "as storage, got");
  }
  const durability = "sometimes" as "always";
  assertThrows(() => new SqliteStorage({ file: "a", durability }), StorageError, "durability");
});

Deno.test("asks for the file and a look at those beside it, and tells how to make it again", () => {
  const storage = new SqliteStorage({ file: "/data/r.db", durability: "never" });
  assertEquals(storage.permissions, {
    read: ["", "-wal", "-shm", "-journal", "-claims"].map((ending) => `/data/r.db${ending}`),
    write: ["/data/r.db", "/data/r.db-claims"],
  });
  assertEquals<unknown>(storage.spec, { type: "sqlite", file: "/data/r.db", durability: "never" });
});

Deno.test("is made from JSON options; those that do not fit are refused, each with its path", () => {
  const storage = storages.create({ type: "sqlite", file: "/data/r.db" });
  assertInstanceOf(storage, SqliteStorage);
  assertEquals<unknown>(storage.spec, { type: "sqlite", file: "/data/r.db", durability: "auto" });
  assertEquals(storages.create(storage.spec).spec, storage.spec);
  for (
    const options of [{}, { file: "" }, { file: "a", durability: "some" }, { file: "a", x: 1 }]
  ) {
    assertThrows(() => storages.create({ type: "sqlite", ...options }), ConfigError);
  }
});

Deno.test("nothing is on disk before the first save, which makes the folder too", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/deep/down/r.db`);
  assertEquals(await keysOf(storage), []);
  assertEquals(await storage.exists("key"), false);
  assertEquals(await storage.delete("key"), false);
  assertEquals(await storage.existsMany(["key"]), new Set());
  await rejection(storage.create("../key"));
  assertEquals(treeOf(place.dir), {});
  await save(storage, "key", FILES);
  assertEquals(await textsOf(storage, "key"), FILES);
});

Deno.test("disposing a storage leaves one file, and the storage cannot be used any more", async () => {
  await using place = await scratch();
  for (const used of [true, false]) {
    const storage = new SqliteStorage(`${place.dir}/r.db`);
    if (used) await save(storage, "key", FILES);
    await storage[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
    assertEquals(Object.keys(treeOf(place.dir)), ["r.db"]);
    const error = await rejection(storage.open("key"));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /r\.db" was disposed; make another one/);
  }
});

Deno.test("an empty file is an empty storage", async () => {
  await using place = await scratch();
  Deno.writeTextFileSync(`${place.dir}/r.db`, "");
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  assertEquals(await keysOf(storage), []);
  await save(storage, "key", FILES);
  assertEquals(await keysOf(storage), ["key"]);
});

for (
  const [what, plant, message] of [
    [
      "a text",
      (path: string) => Deno.writeTextFileSync(path, "mine\n".repeat(50)),
      /something else/,
    ],
    [
      "another program's database",
      (path: string) => inDatabase(path, "CREATE TABLE entry (key TEXT)"),
      /something else/,
    ],
    [
      "a database of ours with a trigger",
      async (path: string) => {
        await saveOnce(path);
        inDatabase(path, "CREATE TRIGGER t AFTER INSERT ON entry BEGIN DELETE FROM entry; END");
      },
      /something else/,
    ],
    [
      "a database of a later version",
      async (path: string) => {
        await saveOnce(path);
        inDatabase(path, "PRAGMA user_version = 2");
      },
      /tables of version 2, .* up to 1; use a newer one/,
    ],
    ["a directory", (path: string) => Deno.mkdirSync(path), /is a directory/],
    ["a link", (path: string) => link(path), /is a link/],
    ["a link to nothing", (path: string) => Deno.symlinkSync("nothing", path), /is a link/],
    [
      "a file with a second name",
      async (path: string) => {
        await saveOnce(path);
        Deno.linkSync(path, `${path}-2`);
      },
      /several names/,
    ],
    [
      "a link in place of the log",
      async (path: string) => {
        await saveOnce(path);
        link(`${path}-wal`);
      },
      /-wal" is a link/,
    ],
  ] as const
) {
  Deno.test(`${what} in place of the database is an error that says so, and stays`, async () => {
    await using place = await scratch();
    const file = `${place.dir}/r.db`;
    await plant(file);
    const before = treeOf(place.dir);
    for (
      const call of [
        (storage: SqliteStorage) => save(storage, "key", FILES),
        (storage: SqliteStorage) => storage.exists("key"),
        (storage: SqliteStorage) => storage.open("key"),
        (storage: SqliteStorage) => storage.delete("key"),
        (storage: SqliteStorage) => storage.existsMany(["key"]),
        (storage: SqliteStorage) => keysOf(storage),
      ]
    ) {
      await using storage = new SqliteStorage(file);
      const error = await rejection(call(storage));
      assertInstanceOf(error, StorageError);
      assert(message.test(error.message) && error.message.includes(file), error.message);
      assertMatch(error.message, /choose another file/);
    }
    assertEquals(treeOf(place.dir), before);
  });
}

Deno.test("a file in place of the folder is an error that says so", async () => {
  await using place = await scratch();
  Deno.writeTextFileSync(`${place.dir}/f`, "mine");
  for (const file of [`${place.dir}/f/r.db`, `${place.dir}/f/deep/r.db`]) {
    await using storage = new SqliteStorage(file);
    assertEquals(await keysOf(storage), []);
    const error = await rejection(save(storage, "key", FILES));
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /is no folder to keep the storage/);
  }
});

for (
  const [what, sql] of [
    ["its data", "UPDATE entry SET data = x'6162' WHERE key = 'torn'"],
    ["the list of its files", "UPDATE entry SET files = replace(files, 'a.txt', 'b.txt')"],
    ["the list, which is no JSON", "UPDATE entry SET files = '[['"],
    ["its key", "UPDATE entry SET key = 'torn' WHERE key = 'other'"],
    ["its digest", "UPDATE entry SET sha256 = upper(sha256) WHERE key = 'torn'"],
    ["its pieces, of which one is gone", "DELETE FROM piece WHERE number = 1"],
    ["its pieces, of which one is short", "UPDATE piece SET data = x'00' WHERE number = 1"],
  ] as const
) {
  Deno.test(`an entry with a change in ${what} is not there, and can be saved again`, async () => {
    await using place = await scratch();
    const file = `${place.dir}/r.db`;
    await using storage = new SqliteStorage(file);
    const files = { "a.txt": "a", "large.bin": noise(1.5 * MIB) };
    await save(storage, "good", { "c.txt": "c" });
    if (what === "its key") await save(storage, "other", files);
    else await save(storage, "torn", files);
    inDatabase(file, sql);
    assertEquals(await storage.open("torn"), undefined);
    assertEquals(await storage.exists("torn"), false);
    if (!sql.includes("[[")) assertEquals(await textsOf(storage, "good"), { "c.txt": "c" });
    await save(storage, "torn", FILES);
    assertEquals(await textsOf(storage, "torn"), FILES);
    assertEquals(await storage.delete("torn"), true);
  });
}

Deno.test("a piece that is missing in the middle of a file fails its reading", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  await save(storage, "key", { "large.bin": noise(3 * MIB + 1) });
  inDatabase(storage.file, "DELETE FROM piece WHERE number = 1");
  const entry = await openThere(storage, "key");
  assertInstanceOf(await rejection(entry.read("large.bin")), StorageError);
  const stream = await entry.stream("large.bin");
  assertInstanceOf(await rejection(new Response(stream).bytes()), StorageError);
});

Deno.test("a database that lost its end is an error that says what to do", async () => {
  await using place = await scratch();
  const file = `${place.dir}/r.db`;
  await saveOnce(file, 500);
  Deno.truncateSync(file, 16 * 4096);
  await using storage = new SqliteStorage(file);
  const error = await rejection(keysOf(storage));
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /the file is damaged: save what can be by .*\.recover/);
});

Deno.test("what was replaced, deleted or discarded leaves no pieces behind", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  const data = noise(20 * MIB + 5);
  const pieces = () => inDatabase(storage.file, "SELECT count(*) AS n FROM piece").n;
  const loose = () => inDatabase(storage.file, "SELECT count(*) AS n FROM loose").n;
  await save(storage, "key", { "a.bin": data, "b.bin": noise(17_000), "c.txt": "c" });
  assertEquals([pieces(), loose()], [22, 0]);
  await save(storage, "key", { "a.bin": noise(2 * MIB) });
  assertEquals([pieces(), loose()], [2, 0]);
  {
    await using draft = await storage.create("key");
    await draft.write("a.bin", streamOf([data, data]));
    assertEquals([pieces(), loose()], [43, 1]);
  }
  assertEquals([pieces(), loose()], [2, 0]);
  await storage.delete("key");
  assertEquals([pieces(), loose()], [0, 0]);
});

Deno.test("what a dead draft left is removed by a later one, after a day", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  const dead = await storage.create("dead");
  await dead.write("a.bin", noise(3 * MIB));
  await save(storage, "large", { "a.bin": noise(2 * MIB) });
  const count = () => inDatabase(storage.file, "SELECT count(*) AS n FROM piece").n;
  assertEquals(count(), 5);
  inDatabase(storage.file, "UPDATE loose SET since = since - 86400001");
  await save(storage, "large", { "a.bin": noise(2 * MIB) });
  assertEquals(count(), 2);
  const error = await rejection(dead.commit());
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /nothing came for too long; save it again/);
  await dead[Symbol.asyncDispose]();
  assertEquals(await keysOf(storage), ["large"]);
});

Deno.test("a stream that is waited for keeps nobody from saving", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  await using other = new SqliteStorage(storage.file);
  const { readable, writable } = new TransformStream<Uint8Array>();
  const slow = save(storage, "small", {}).then(async () => {
    await using draft = await storage.create("slow");
    await draft.write("a.bin", readable);
    await draft.commit();
  });
  const writer = writable.getWriter();
  for (let n = 0; n < 5; n++) {
    await writer.write(noise(MIB));
    await save(other, `key-${n}`, FILES);
  }
  await writer.close();
  await slow;
  assertEquals((await openThere(other, "slow")).files.get("a.bin"), 5 * MIB);
  assertEquals((await keysOf(other)).length, 7);
});

Deno.test("a save waits for another program's transaction, until it is aborted", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  await save(storage, "old", FILES);
  const other = new DatabaseSync(storage.file);
  other.exec("BEGIN IMMEDIATE");
  const abort = new AbortController();
  {
    await using draft = await storage.create("aborted");
    const commit = rejection(draft.commit(abort));
    assertEquals(await textsOf(storage, "old"), FILES, "Reading waits for nobody");
    const reason = new Error("changed my mind");
    abort.abort(reason);
    assertEquals(await commit, reason);
  }
  const saving = save(storage, "new", FILES);
  await new Promise((resolve) => setTimeout(resolve, 30));
  other.exec("COMMIT");
  other.close();
  await saving;
  assertEquals(await keysOf(storage), ["new", "old"]);
});

Deno.test("a file that is removed meanwhile is made again by the next save", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/deep/r.db`);
  await save(storage, "old", { "a.bin": noise(2 * MIB) });
  const entry = await openThere(storage, "old");
  const draft = await storage.create("staged");
  await draft.write("a.bin", noise(2 * MIB));
  await Deno.remove(`${place.dir}/deep`, { recursive: true });
  assertEquals(await keysOf(storage), []);
  await save(storage, "new", { "a.bin": noise(2 * MIB).reverse() });
  assertEquals(await keysOf(storage), ["new"]);
  assertInstanceOf(await rejection(entry.read("a.bin")), StorageError);
  const error = await rejection(draft.commit());
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /was removed while "staged" was saved; save it again/);
  await draft[Symbol.asyncDispose]();
  assertEquals(await (await openThere(storage, "new")).read("a.bin"), noise(2 * MIB).reverse());
});

Deno.test("thousands of keys are listed page by page, and by prefix", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/r.db`);
  await save(storage, "key-0", FILES);
  inDatabase(
    storage.file,
    "INSERT INTO entry WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3999) " +
      "SELECT 'key-' || i, '', x'', '' FROM n",
  );
  const keys = await Array.fromAsync(storage.findKeys());
  assertEquals(keys.length, 4000);
  assertEquals(new Set(keys).size, 4000);
  assertEquals(keys, keys.toSorted());
  assertEquals((await keysOf(storage, "key-39")).length, 111);
  const plan = inDatabase(
    storage.file,
    "EXPLAIN QUERY PLAN SELECT key FROM entry WHERE key >= 'a' AND key < 'b' ORDER BY key LIMIT 9",
  );
  assertMatch(String(plan.detail), /USING COVERING INDEX/);
});

/** Runs a statement in a database, and gives the first row. */
function inDatabase(file: string, sql: string): Record<string, unknown> {
  const db = new DatabaseSync(file);
  try {
    return db.prepare(sql).get() ?? {};
  } finally {
    db.close();
  }
}

async function saveOnce(file: string, count = 1): Promise<void> {
  await using storage = new SqliteStorage(file);
  for (let n = 0; n < count; n++) await save(storage, `key-${n}`, { "a.txt": "a".repeat(900) });
}

function link(path: string): void {
  Deno.writeFileSync(`${path}-canary`, bytesOf("mine"));
  Deno.symlinkSync(`${path}-canary`, path);
}
