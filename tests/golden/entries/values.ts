/**
 * What the golden entries hold: results of each cache, as the storages of the folder's name keep them.
 * They were written once, by the version in that name, and may never change: every later version must
 * load them. V8's own format is left out, as it is tied to V8.
 *
 * A new version gets a folder by
 * `deno run --allow-read --allow-write tests/golden/entries/write.ts FOLDER`, which must not be there.
 *
 * @module
 */

import type { BaseCache } from "../../../caches/cache.ts";
import { BytesCache, JsonCache, StructuredCache } from "../../../caches/mod.ts";
import { resultKey } from "../../../serialize.ts";
import { type Task, task } from "../../../task.ts";

const Golden = task(null, {
  name: "Golden",
  codeVersion: "v1",
  run: (_: Readonly<Record<string, unknown>>) => 0,
});

/** The task of all entries, with another one in it, and all that params may hold. */
export const GOLDEN: Task = Golden({
  text: "ä\u0000",
  numbers: [1, -0, NaN, Infinity, 12n],
  at: new Date(1.7e12),
  nested: Golden({ $key: [null, true, undefined] }),
});

/** When it ran, and for how long. */
export const META = { start: new Date(1.7e12), duration: 12.5 };

const shared = { a: [1, , -0] };
const records = { list: [shared, shared], map: new Map([["k", new Float64Array([0.1])]]), n: 2n };

/** The caches, and what each holds. The names tell them apart, where keys would be the same. */
export const ENTRIES: Readonly<Record<string, readonly [BaseCache, unknown]>> = {
  plain: [new StructuredCache(), records],
  gzip: [new StructuredCache({ compress: "gzip" }), records],
  zstd: [new StructuredCache({ compress: "zstd" }), records],
  large: [new StructuredCache(), new Uint8Array(100_000).fill(7)],
  json: [new JsonCache(), { a: [1, null, "ü"], b: {} }],
  bytes: [new BytesCache({ extension: "png" }), Uint8Array.of(1, 2, 255)],
  text: [new BytesCache({ extension: "csv" }), "a;b\nä;ö\n"],
};

/** The key of an entry. */
export function keyOf(cache: BaseCache): string {
  return resultKey(cache.keyPrefix, GOLDEN);
}
