import { assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { StorageError } from "../../errors.ts";
import { type Leftover, SqliteStorage } from "../../storages/mod.ts";
import { keysOf, noise, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch } from "./_scratch.ts";

const LARGE = noise(10 * 2 ** 20 + 7);

async function scene() {
  const place = await scratch();
  const file = `${place.dir}/results.db`;
  const storage = new SqliteStorage(file);
  await save(storage, "key", { "a.txt": "a", "b.bin": LARGE.subarray(0, 2 ** 20 + 1) });
  return {
    ...{ file, storage },
    /** Changes rows as no storage does. */
    change(sql: string, ...values: (string | number)[]) {
      using db = new DatabaseSync(file);
      db.prepare(sql).run(...values);
    },
    /** How many bytes large files take. */
    bytes(): number {
      using db = new DatabaseSync(file);
      const sql = "SELECT coalesce(sum(octet_length(data)), 0) AS bytes FROM piece";
      return Number(db.prepare(sql).get()!.bytes);
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

async function found(storage: SqliteStorage, grace?: number): Promise<Leftover[]> {
  return await Array.fromAsync(storage.findLeftovers({ grace }));
}

Deno.test("the large files of a draft are left over when it wrote nothing for the time of the grace", async () => {
  await using place = await scene();
  const { file, storage } = place;
  const before = place.bytes();
  const writer = new SqliteStorage(file);
  const draft = await writer.create("key");
  await draft.write("b.bin", LARGE);
  await writer[Symbol.asyncDispose](); // as if its program had died
  assertEquals(await found(storage), []);
  place.change("UPDATE loose SET since = since - ?", 3_600_000);
  assertEquals(await found(storage), []);
  const [leftover, ...others] = await found(storage, 3_000_000) as [Leftover];
  assertEquals([leftover.kind, leftover.bytes, others.length], ["draft", LARGE.length, 0]);
  assertMatch(leftover.place, /^blob 2 in .*results\.db$/);
  assertEquals(await leftover.remove(), true);
  assertEquals(await leftover.remove(), false);
  assertEquals([await found(storage, 0), place.bytes()], [[], before]);
  assertEquals((await storage.open("key"))?.files.get("b.bin"), 2 ** 20 + 1);
});

Deno.test("a draft that goes on after all is not removed; one whose files were says so", async () => {
  await using place = await scene();
  const { file, storage } = place;
  await using writer = new SqliteStorage(file);
  await using draft = await writer.create("other");
  await draft.write("b.bin", LARGE);
  const [leftover] = await found(storage, 0) as [Leftover];
  await draft.commit();
  assertEquals(await leftover.remove(), false);
  assertEquals((await storage.open("other"))?.files.get("b.bin"), LARGE.length);

  await using late = await writer.create("other");
  await late.write("b.bin", LARGE);
  for (const each of await found(storage, 0)) assertEquals(await each.remove(), true);
  const error = await rejection(late.commit());
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /taken for what a dead program left.*save it again/);
  assertEquals((await storage.open("other"))?.files.get("b.bin"), LARGE.length);
});

Deno.test("the large files of a damaged entry are found once it is replaced or set aside", async () => {
  for (const way of ["replace", "set aside"] as const) {
    await using place = await scene();
    const { storage } = place;
    place.change("UPDATE entry SET files = ?", "[[");
    assertEquals(await storage.exists("key"), false);
    assertEquals(await found(storage, 0), []);
    if (way === "replace") await save(storage, "key", { "a.txt": "new" });
    else assertEquals(await storage.setAside("key"), undefined);
    const leftovers = await found(storage);
    assertEquals(leftovers.map(({ kind, bytes }) => [kind, bytes]), [["replaced", 2 ** 20 + 1]]);
    assertEquals(await leftovers[0]!.remove(), true);
    assertEquals([await found(storage, 0), place.bytes()], [[], 0]);
    assertEquals(await keysOf(storage), way === "replace" ? ["key"] : []);
  }
});

Deno.test("looking for leftovers makes no file, and changes none", async () => {
  await using place = await scratch();
  await using storage = new SqliteStorage(`${place.dir}/none.db`);
  assertEquals(await found(storage, 0), []);
  assertEquals([...Deno.readDirSync(place.dir)], []);
  await using other = await scene();
  assertEquals(await found(other.storage, 0), []);
  assertEquals(Object.keys(await textsOf(other.storage, "key") ?? {}), ["a.txt", "b.bin"]);
});

Deno.test("what is left over in a file that was removed since is gone with it", async () => {
  await using place = await scene();
  const { file, storage } = place;
  await using draft = await storage.create("other");
  await draft.write("b.bin", LARGE);
  const [leftover] = await found(storage, 0) as [Leftover];
  for (const end of ["", "-wal", "-shm"]) Deno.removeSync(file + end);
  await save(storage, "key", { "b.bin": LARGE });
  assertEquals(await leftover.remove(), true);
  assertEquals((await storage.open("key"))?.files.get("b.bin"), LARGE.length);
});
