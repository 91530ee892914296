import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { CacheError, StorageError, type Task } from "@labtech/lab";
import { BaseCache, type ResultDraft } from "@labtech/lab/caches";
import { type Call, type Draft, type Entry, MemoryStorage } from "@labtech/lab/storages";
import { cacheContract } from "@labtech/lab/testing";
import { KEY, resultWith, saved, SOME } from "./_saving.ts";

interface Table {
  readonly name: string;
  readonly rows: readonly string[];
}

/** Several files: one of bytes, some of streams, and as many as there are rows. */
class TableCache extends BaseCache {
  readonly name: string = "table";
  override readonly keyPrefix = "table__";
  override readonly formatVersion: number = 3;

  override async saveResult(draft: ResultDraft, _task: Task, result: unknown, call: Call) {
    const { name, rows } = result as Table;
    await draft.write("head.txt", new TextEncoder().encode(`${rows.length} ${name}`), call);
    for (const [n, row] of rows.entries()) {
      const pieces = new Blob([row]).stream();
      await draft.write(`row-${n}.txt`, pieces, call);
    }
  }

  override async loadResult(entry: Entry, _task: Task, call: Call): Promise<Table> {
    const [, count, name] = /^(\d+) (.*)$/.exec(
      new TextDecoder().decode(await entry.read("head.txt", call)),
    )!;
    const rows = [];
    for (let n = 0; n < Number(count); n++) {
      rows.push(await new Response(await entry.stream(`row-${n}.txt`, call)).text());
    }
    return { name: name!, rows };
  }
}

const TABLE: Table = { name: "penguins", rows: ["Adelie", "", "Gentoo".repeat(20_000)] };

cacheContract({
  name: "a cache of several files",
  make: () => new TableCache(),
  values: [TABLE, { name: "empty", rows: [] }],
  refused: [null, { rows: 3 }],
});

Deno.test("any number of files are one entry, and nothing else is in it", async () => {
  const storage = await saved(new TableCache(), TABLE);
  const entry = (await storage.open(KEY))!;
  assertEquals(
    new Set(entry.files.keys()),
    new Set(["head.txt", "row-0.txt", "row-1.txt", "row-2.txt", "metadata.json"]),
  );
  assertEquals(entry.files.get("row-2.txt"), 120_000);
});

Deno.test("a single flipped bit in any file is a miss, streamed or not", async () => {
  const storage = await saved(new TableCache(), TABLE);
  const entry = (await storage.open(KEY))!;
  for (const victim of ["head.txt", "row-0.txt", "row-2.txt"]) {
    await using draft = await storage.create("damaged");
    for (const file of entry.files.keys()) {
      let data: Uint8Array = await entry.read(file);
      if (file === victim) data[data.length - 1]! ^= 1;
      if (file === "metadata.json") {
        const text = new TextDecoder().decode(data).replace(`"key": "${KEY}"`, '"key": "damaged"');
        data = new TextEncoder().encode(text);
      }
      await draft.write(file, data);
    }
    await draft.commit();
    const problems: string[] = [];
    const report = (problem: string) => problems.push(problem);
    assertEquals(await new TableCache().load(storage, "damaged", SOME, { report }), undefined);
    assertEquals(problems, [
      `The entry damaged cannot be read and counts as not there: The file ${victim} is not as it was ` +
      `saved (size or SHA-256 differs)`,
    ]);
  }
});

Deno.test("entries of another name or format version are not loaded, and the reason is told", async () => {
  class Newer extends TableCache {
    override readonly formatVersion = 4;
  }
  class Renamed extends TableCache {
    override readonly name = "spreadsheet";
  }
  const storage = await saved(new TableCache(), TABLE);
  for (const cache of [new Newer(), new Renamed()]) {
    const problems: string[] = [];
    const report = (problem: string) => problems.push(problem);
    assertEquals(await cache.load(storage, KEY, SOME, { report }), undefined);
    assertEquals(await cache.isCached(storage, KEY), false);
    assertMatch(problems[0]!, /is of the cache "table", format 3, not of "(table|spreadsheet)"/);
  }
});

Deno.test("whatever loadResult throws makes the entry a miss", async () => {
  for (const thrown of [new TypeError("odd"), "a string", undefined]) {
    class Odd extends TableCache {
      override loadResult(): never {
        throw thrown;
      }
    }
    const storage = await saved(new Odd(), TABLE);
    const problems: string[] = [];
    const report = (problem: string) => problems.push(problem);
    assertEquals(await new Odd().load(storage, KEY, SOME, { report }), undefined);
    assertEquals(problems.length, 1);
  }
});

Deno.test("what saveResult throws is the cause of a CacheError that names cache and task", async () => {
  const thrown = new RangeError("too wide");
  class Narrow extends TableCache {
    override saveResult(): never {
      throw thrown;
    }
  }
  const error = await assertRejects(() => saved(new Narrow(), TABLE), CacheError);
  assertEquals(error.message, 'The cache "table" cannot hold the result of Some(): too wide');
  assertEquals(error.cause, thrown);
});

Deno.test("metadata.json cannot be written by a cache, nor a file twice, nor a hostile name", async () => {
  const writing = (...names: string[]) => {
    class Writing extends TableCache {
      override async saveResult(draft: ResultDraft) {
        for (const name of names) await draft.write(name, new Uint8Array(1));
      }
    }
    return assertRejects(() => saved(new Writing(), TABLE));
  };
  assertStringIncludes(String(await writing("metadata.json")), "is written by BaseCache");
  assertInstanceOf(await writing("a", "a"), StorageError);
  for (const name of ["../up", "a/b", "", "CON:"]) {
    assertInstanceOf(await writing(name), StorageError);
  }
});

Deno.test("only files that the metadata names can be read", async () => {
  class Curious extends TableCache {
    override async loadResult(entry: Entry): Promise<Table> {
      assertEquals(entry.files.has("metadata.json"), false);
      await assertRejects(() => entry.read("metadata.json"), Error, "has no file");
      await assertRejects(() => entry.stream("constructor"), Error, "has no file");
      return TABLE;
    }
  }
  const storage = await saved(new Curious(), TABLE);
  assertEquals((await new Curious().load(storage, KEY, SOME))?.value, TABLE);
});

Deno.test("an entry that is replaced while it is read is opened again", async () => {
  const cache = new TableCache();
  class Busy extends MemoryStorage {
    opened = 0;
    override async open(key: string, call?: Call): Promise<Entry | undefined> {
      const entry = await super.open(key, call);
      this.opened++;
      if (entry === undefined || this.opened > 2) return entry;
      const fail = () => Promise.reject(new StorageError("it was replaced meanwhile"));
      const read: Entry["read"] = (file, call) =>
        file === "metadata.json" ? entry.read(file, call) : fail();
      return { key, files: entry.files, read, stream: fail };
    }
  }
  const storage = new Busy();
  await cache.save(storage, KEY, SOME, resultWith(TABLE));
  assertEquals((await cache.load(storage, KEY, SOME))?.value, TABLE);
  assertEquals(storage.opened, 3);
});

Deno.test("an entry is to be durable when it took a second or more to compute", async () => {
  const asked: (boolean | undefined)[] = [];
  class Watched extends MemoryStorage {
    override create(key: string, options?: Call & { readonly durable?: boolean }): Promise<Draft> {
      asked.push(options?.durable);
      return super.create(key, options);
    }
  }
  for (const duration of [0, 999, 1000, 5000]) {
    await new TableCache().save(new Watched(), KEY, SOME, resultWith(TABLE, duration));
  }
  assertEquals(asked, [false, false, true, true]);
});

Deno.test("a storage that fails while reading metadata is a miss; one that cannot be asked is an error", async () => {
  const storage = await saved(new TableCache(), TABLE);
  const failing = (error: Error, at: "open" | "read") => {
    const broken = new MemoryStorage();
    broken.open = async (key, call) => {
      if (at === "open") throw error;
      const entry = (await storage.open(key, call))!;
      return {
        ...entry,
        files: entry.files,
        key,
        read: () => Promise.reject(error),
        stream: () => Promise.reject(error),
      };
    };
    return new TableCache().load(broken, KEY, SOME);
  };
  assertEquals(await failing(new StorageError("gone"), "read"), undefined);
  await assertRejects(
    () => failing(new StorageError("no cable"), "open"),
    StorageError,
    "no cable",
  );
  assert(await new TableCache().load(storage, KEY, SOME));
});
