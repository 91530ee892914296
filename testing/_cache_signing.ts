import { assert, assertEquals } from "@std/assert";
import type { EntrySigning, Refusal } from "../signing/entry_signing.ts";
import { generateKey, openKeys } from "../signing/mod.ts";
import {
  type CacheCase,
  type CacheScene,
  filesOf,
  flip,
  putFiles,
  resultWith,
} from "./_cache_scene.ts";

/** What a cache promises that says that it honours `signing`. Others are not tried. */
export const CACHE_SIGNING_CASES: readonly CacheCase[] = [
  {
    name: "if it honours signing, it believes only entries that a trusted key signed",
    by: "keeping",
    async run(scene) {
      if (!scene.cache.honoursSigning) return;
      const { task, values } = scene;
      const [own, stranger] = [await generateKey(), await generateKey()];
      const writer = await openKeys({ key: own.privateKey });
      const reader = await openKeys({ trust: [own.publicKey] });
      for (const value of values) {
        await save(scene, value, writer);
        await expectBelieved(scene, reader, value);
        await save(scene, value, await openKeys({ key: stranger.privateKey }));
        await expectRefused(scene, reader, "unknown key");
        await save(scene, value, undefined);
        await expectRefused(scene, reader, "unsigned");
      }
      const { cache, storage, keyOf } = scene;
      assert(await cache.load(storage, keyOf(task), task), "Who asks for no signature needs none");
    },
  },
  {
    name: "if it honours signing, what was altered after it was signed gives no other value",
    by: "keeping",
    async run(scene) {
      if (!scene.cache.honoursSigning) return;
      const { cache, storage, task, keyOf, values } = scene;
      const signing = await openKeys({ key: (await generateKey()).privateKey });
      await save(scene, values[0], signing);
      const files = await filesOf(storage, keyOf(task));
      for (const [file, bytes] of files) {
        for (const at of [0, bytes.length >> 1, bytes.length - 1]) {
          await putFiles(storage, keyOf(task), new Map(files).set(file, flip(bytes, at)));
          const loaded = await cache.load(storage, keyOf(task), task, { signing });
          if (loaded !== undefined) {
            assertEquals(loaded.value, values[0], `Where ${file} was altered, another value came`);
          }
        }
      }
    },
  },
];

async function save(
  { cache, storage, task, keyOf }: CacheScene,
  value: unknown,
  signing: EntrySigning | undefined,
): Promise<void> {
  await cache.save(storage, keyOf(task), task, resultWith(value), { signing });
}

async function expectBelieved(
  { cache, storage, task, keyOf }: CacheScene,
  signing: EntrySigning,
  value: unknown,
): Promise<void> {
  const key = keyOf(task);
  assertEquals(await cache.load(storage, key, task, { signing }), resultWith(value));
  assertEquals(await cache.isCached(storage, key, { signing }), true);
  assertEquals((await cache.loadTask(storage, task.type, key, { signing }))?.id, task.id);
}

async function expectRefused(
  { cache, storage, task, keyOf }: CacheScene,
  signing: EntrySigning,
  why: Refusal,
): Promise<void> {
  const key = keyOf(task);
  const refused: Refusal[] = [];
  const call = { signing, refused: (_: string, reason: Refusal) => refused.push(reason) };
  assertEquals(await cache.load(storage, key, task, call), undefined);
  assertEquals(await cache.isCached(storage, key, call), false);
  assertEquals(await cache.loadTask(storage, task.type, key, call), undefined);
  assertEquals(refused, [why, why, why], "Each call says why an entry is not trusted");
}
