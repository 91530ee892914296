import { assertEquals, assertRejects } from "@std/assert";
import { CacheError } from "@labtech/lab";
import { MemoryStorage } from "@labtech/lab/storages";
import { cacheContract } from "@labtech/lab/testing";
import { CsvCache } from "../plugins/csv_cache.ts";
import { study } from "../study.ts";

for (const delimiter of [",", ";"] as const) {
  cacheContract({
    name: `CsvCache with ${delimiter}`,
    make: () => new CsvCache({ delimiter }),
    values: [[{ name: "a; b, c", score: 0.1 + 0.2 }, { name: "", score: NaN }], []],
    refused: ["text", null, [[1, 2]], [{ a: null }], [{ a: 1 }, { b: 1 }], [{ a: new Date() }]],
  });
}

const task = study("0".repeat(64), { neighbours: [1], depth: [], trees: [], steps: [] });
const meta = { start: new Date(0), duration: 5 };
const KEY = "csv__Ranking__1";

Deno.test("csv: a table comes back, with the delimiter that it was saved with", async () => {
  await using storage = new MemoryStorage();
  const value = [{ model: "tree; deep", score: 0.1 }, { model: "forest, wide", score: -0 }];
  await new CsvCache({ delimiter: ";" }).save(storage, KEY, task, { value, meta });
  const loaded = await new CsvCache().load(storage, KEY, task);
  assertEquals(loaded, { value, meta });
});

Deno.test("csv: an entry is files that a person can open", async () => {
  await using storage = new MemoryStorage();
  await new CsvCache().save(storage, KEY, task, { value: [{ a: 1, b: "x" }], meta });
  const entry = await storage.open(KEY);
  const read = async (file: string) => new TextDecoder().decode(await entry!.read(file));
  assertEquals(await read("table.csv"), '"a","b"\r\n1,"x"\r\n');
  assertEquals(JSON.parse(await read("schema.json")), {
    delimiter: ",",
    columns: [{ name: "a", type: "number" }, { name: "b", type: "string" }],
  });
});

Deno.test("csv: a refused result names the place, and what was saved before stays", async () => {
  await using storage = new MemoryStorage();
  const cache = new CsvCache();
  const value = [{ a: 1 }];
  await cache.save(storage, KEY, task, { value, meta });
  await assertRejects(
    () => cache.save(storage, KEY, task, { value: [{ a: 1 }, { a: null }], meta }),
    CacheError,
    "result[1].a: a table holds numbers and strings, got null",
  );
  assertEquals((await cache.load(storage, KEY, task))?.value, value);
});
