import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import "../builtins.ts";
import { CacheError, StorageError } from "../errors.ts";
import { caches } from "../registry.ts";
import { MemoryStorage } from "../storages/memory.ts";
import { checkKey } from "../storages/names.ts";
import {
  type CacheCase,
  filesOf,
  loadThere,
  rejection,
  resultWith,
  saveValue,
} from "./_cache_scene.ts";

/** What is saved is there, whole, until it is replaced or deleted. */
export const CACHE_ENTRY_CASES: readonly CacheCase[] = [
  {
    name: "has a name, and makes keys that a storage takes",
    run({ cache, task, keyOf }) {
      assert(typeof cache.name === "string" && cache.name !== "", "A cache needs a name");
      checkKey(keyOf(task));
      return Promise.resolve();
    },
  },
  {
    name: "what is saved comes back equal, with when it was computed and how long that took",
    by: "keeping",
    async run(scene) {
      for (const value of scene.values) {
        await saveValue(scene, value);
        assertEquals(await loadThere(scene), resultWith(value));
      }
    },
  },
  {
    name: "is there once it is saved, and not before",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, other, keyOf, values } = scene;
      const keys = [keyOf(task), keyOf(other)];
      assertEquals(await cache.isCached(storage, keyOf(task)), false);
      assertEquals(await cache.load(storage, keyOf(task), task), undefined);
      assertEquals(await cache.areCached?.(storage, keys) ?? new Set(), new Set());
      await saveValue(scene, values[0]);
      assertEquals(await cache.isCached(storage, keyOf(task)), true);
      assertEquals(await cache.isCached(storage, keyOf(other)), false);
      const present = await cache.areCached?.(storage, keys);
      if (present !== undefined) assertEquals(present, new Set([keyOf(task)]));
    },
  },
  {
    name: "a save replaces the entry before it, and leaves others alone",
    by: "keeping",
    async run(scene) {
      const { values, other } = scene;
      await saveValue(scene, values[0]);
      await saveValue(scene, values[0], other);
      await saveValue(scene, values.at(-1));
      assertEquals((await loadThere(scene)).value, values.at(-1));
      assertEquals((await loadThere(scene, other)).value, values[0]);
    },
  },
  {
    name: "what is deleted is gone; deleting tells whether it was there",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, keyOf, values } = scene;
      assertEquals(await cache.delete(storage, keyOf(task)), false);
      await saveValue(scene, values[0]);
      assertEquals(await cache.delete(storage, keyOf(task)), true);
      assertEquals(await cache.isCached(storage, keyOf(task)), false);
      assertEquals(await cache.load(storage, keyOf(task), task), undefined);
      assertEquals(await cache.loadTask(storage, task.type, keyOf(task)), undefined);
    },
  },
  {
    name: "results lie in the storage, never in the cache",
    by: "keeping",
    async run(scene) {
      const { cache, task, keyOf, values } = scene;
      await saveValue(scene, values[0]);
      assertEquals(await cache.load(new MemoryStorage(), keyOf(task), task), undefined);
      const [first, second] = [await loadThere(scene), await loadThere(scene)];
      const isObject = typeof first.value === "object" && first.value !== null;
      assert(!isObject || first.value !== second.value, "Two loads gave the same object");
    },
  },
  {
    name: "loading changes nothing in the storage",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, keyOf, values } = scene;
      await saveValue(scene, values[0]);
      const before = await filesOf(storage, keyOf(task));
      await loadThere(scene);
      await cache.isCached(storage, keyOf(task));
      await cache.loadTask(storage, task.type, keyOf(task));
      assertEquals(await filesOf(storage, keyOf(task)), before);
      assertEquals(await Array.fromAsync(storage.findKeys()), [keyOf(task)]);
    },
  },
  {
    name: "a task is rebuilt from its entry, with its params and the tasks nested there",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, otherType, keyOf, values } = scene;
      await saveValue(scene, values[0]);
      const rebuilt = await cache.loadTask(storage, task.type, keyOf(task));
      assert(rebuilt, "The task was not rebuilt");
      assertEquals(rebuilt.id, task.id);
      assertEquals(String(rebuilt), String(task));
      assertEquals(rebuilt.dependencies.map(({ id }) => id), task.dependencies.map(({ id }) => id));
      assertEquals(rebuilt.dependencies.map(({ codeVersion }) => codeVersion), ["7"]);
      assertEquals(await cache.loadTask(storage, otherType, keyOf(task)), undefined);
    },
  },
  {
    name:
      "what it cannot hold is refused by a CacheError that names the task; the entry before it stays",
    by: "keeping",
    async run(scene) {
      const { storage, task, values, refused } = scene;
      for (const value of refused) {
        await saveValue(scene, values[0]);
        const error = await rejection(saveValue(scene, value));
        assertInstanceOf(error, CacheError);
        assertStringIncludes(error.message, task.taskName);
        assertEquals((await loadThere(scene)).value, values[0]);
        assertEquals(storage.drafts, 0, "A draft was left open");
      }
    },
  },
  {
    name: "where the storage fails, its own error tells; the entry before it stays",
    by: "keeping",
    async run(scene) {
      const { storage, values } = scene;
      await saveValue(scene, values[0]);
      storage.failure = new StorageError("the disk is full");
      assertEquals(await rejection(saveValue(scene, values.at(-1))), storage.failure);
      assertEquals((await loadThere(scene)).value, values[0]);
      assertEquals(storage.drafts, 0, "A draft was left open");
    },
  },
  {
    name: "of two saves at the same time one wins whole",
    by: "keeping",
    async run(scene) {
      const { values } = scene;
      for (let round = 0; round < 5; round++) {
        await Promise.all(values.map((value) => saveValue(scene, value)));
        const { value } = await loadThere(scene);
        assert(
          values.some((one) => isEqual(one, value)),
          "A mixture of several results was loaded",
        );
      }
    },
  },
  {
    name: "an aborted call rejects with the reason and saves nothing",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, other, keyOf, values } = scene;
      await saveValue(scene, values[0]);
      const reason = new Error("changed my mind");
      const call = { signal: AbortSignal.abort(reason) };
      const key = keyOf(task);
      const calls = [
        cache.save(storage, keyOf(other), other, resultWith(values[0]), call),
        cache.load(storage, key, task, call),
        cache.isCached(storage, key, call),
        cache.loadTask(storage, task.type, key, call),
        cache.delete(storage, key, call),
      ];
      for (const each of calls) assertEquals(await rejection(each), reason);
      assertEquals(await cache.isCached(storage, keyOf(other)), false);
      assertEquals((await loadThere(scene)).value, values[0]);
    },
  },
  {
    name: "if it has a spec, the registry makes an equal one of it",
    async run(scene) {
      const { cache, storage, task, keyOf, values } = scene;
      if (cache.spec === undefined) return;
      const { type } = cache.spec;
      assert(
        caches.get(type),
        `Register a plugin "${type}" before the tests, or leave out the spec`,
      );
      const again = caches.create(cache.spec);
      assertEquals([again.name, again.keyPrefix], [cache.name, cache.keyPrefix]);
      await saveValue(scene, values[0]);
      const before = await cache.load(storage, keyOf(task), task);
      assertEquals(await again.load(storage, keyOf(task), task), before);
    },
  },
  {
    name: "takes everything, and has nothing",
    by: "forgetting",
    async run(scene) {
      const { cache, storage, task, keyOf, values } = scene;
      const key = keyOf(task);
      for (const value of values) await saveValue(scene, value);
      assertEquals(await cache.isCached(storage, key), false);
      assertEquals(await cache.areCached?.(storage, [key]) ?? new Set(), new Set());
      assertEquals(await cache.load(storage, key, task), undefined);
      assertEquals(await cache.loadTask(storage, task.type, key), undefined);
      assertEquals(await cache.delete(storage, key), false);
      assertEquals(await Array.fromAsync(storage.findKeys()), []);
    },
  },
];

function isEqual(one: unknown, other: unknown): boolean {
  try {
    assertEquals(one, other);
    return true;
  } catch {
    return false;
  }
}
