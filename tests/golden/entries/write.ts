/**
 * Writes the golden entries of a version, in a folder that is not there yet.
 *
 *     deno run --allow-read --allow-write tests/golden/entries/write.ts v1
 *
 * @module
 */

import { LocalStorage, SqliteStorage } from "../../../storages/mod.ts";
import { ENTRIES, GOLDEN, keyOf, META } from "./values.ts";

const folder = new URL(`${Deno.args[0]}/`, import.meta.url).pathname;
Deno.mkdirSync(folder);
for (const [name, [cache, value]] of Object.entries(ENTRIES)) {
  await using local = new LocalStorage({ dir: `${folder}${name}`, gitignore: false });
  await using sqlite = new SqliteStorage(`${folder}${name}.db`);
  for (const storage of [local, sqlite]) {
    await cache.save(storage, keyOf(cache), GOLDEN, { value, meta: META });
  }
  // What tells live writers from dead ones is no part of the format.
  Deno.removeSync(`${folder}${name}/.writers`, { recursive: true });
}
