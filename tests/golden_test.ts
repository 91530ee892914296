import { assertEquals } from "@std/assert";
import { LocalStorage, SqliteStorage } from "../storages/mod.ts";
import { assertSame } from "./caches/cbor/_same.ts";
import { ENTRIES, GOLDEN, keyOf, META } from "./golden/entries/values.ts";
import { scratch } from "./storages/_scratch.ts";

const FOLDERS = new URL("golden/entries/", import.meta.url);

for (const { name: version, isDirectory } of Deno.readDirSync(FOLDERS)) {
  if (!isDirectory) continue;
  const folder = new URL(`${version}/`, FOLDERS).pathname;
  for (const [name, [cache, value]] of Object.entries(ENTRIES)) {
    Deno.test(`golden entries of ${version}: ${name} loads from a directory and from a database`, async () => {
      await using place = await scratch();
      // Beside an open database SQLite keeps files.
      await Deno.copyFile(`${folder}${name}.db`, `${place.dir}/r.db`);
      await using sqlite = new SqliteStorage(`${place.dir}/r.db`);
      for (const storage of [new LocalStorage(`${folder}${name}`), sqlite]) {
        assertEquals(await Array.fromAsync(storage.findKeys()), [keyOf(cache)]);
        const problems: string[] = [];
        const report = (problem: string) => problems.push(problem);
        const loaded = await cache.load(storage, keyOf(cache), GOLDEN, { report });
        assertEquals(problems, []);
        assertEquals(loaded?.meta, META);
        assertSame(loaded?.value, value);
        const task = await cache.loadTask(storage, GOLDEN.type, keyOf(cache));
        assertEquals(task?.id, GOLDEN.id);
      }
    });
  }
}
