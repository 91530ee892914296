import type { Cache } from "../caches/cache.ts";
import { CACHE_DAMAGE_CASES } from "./_cache_damage.ts";
import { CACHE_ENTRY_CASES } from "./_cache_entries.ts";
import { CACHE_SIGNING_CASES } from "./_cache_signing.ts";
import { cacheScene } from "./_cache_scene.ts";

/** What is put to the test, and how. */
export interface CacheContract {
  /** What the tests are called by. */
  readonly name: string;
  /** Makes a cache; called once for each test. */
  make(): Cache | Promise<Cache>;
  /**
   * Values that the cache holds, so that they come back equal.
   *
   * @default some that JSON can hold
   */
  readonly values?: readonly [unknown, ...unknown[]];
  /**
   * Values that the cache refuses, by a `CacheError`.
   *
   * @default none
   */
  readonly refused?: readonly unknown[];
  /**
   * Whether the cache keeps what it is given. Of one that never does, as `NullCache`, it is only tried
   * that it takes everything and finds nothing.
   *
   * @default {true}
   */
  readonly keeps?: boolean;
  /**
   * Registers a test.
   *
   * @default {Deno.test}
   */
  readonly test?: (name: string, run: () => Promise<void>) => void;
}

const VALUES: readonly [unknown, ...unknown[]] = [
  { accuracy: 0.75, classes: ["a", "b"], nested: { empty: {}, list: [] } },
  [1, "two", true, null],
  "some text, \u{1f427} and all",
  -1.5e300,
  false,
  null,
];

/**
 * Registers one test for each promise that a cache makes (see `Cache`, and `docs/caches.md`).
 *
 * @example The tests of a cache of one's own
 * ```ts
 * import { cacheContract } from "@labtech/lab/testing";
 * import { JsonCache } from "@labtech/lab/caches";
 *
 * const tests: (() => Promise<void>)[] = [];
 * cacheContract({
 *   name: "JsonCache",
 *   make: () => new JsonCache(),
 *   values: [{ accuracy: 0.75 }, "text"],
 *   refused: [NaN, new Date()],
 *   test: (_name, run) => tests.push(run), // left out, the tests are registered with Deno.test
 * });
 * for (const run of tests) await run();
 * ```
 */
export function cacheContract(contract: CacheContract): void {
  const { name, make, values = VALUES, refused = [], keeps = true, test = Deno.test } = contract;
  for (const each of [...CACHE_ENTRY_CASES, ...CACHE_DAMAGE_CASES, ...CACHE_SIGNING_CASES]) {
    if (each.by === "keeping" && !keeps) continue;
    if (each.by === "forgetting" && keeps) continue;
    test(`${name}: ${each.name}`, async () => {
      await each.run(cacheScene(await make(), { values, refused }));
    });
  }
}
