import { assert, assertEquals } from "@std/assert";
import type { ResultDraft } from "../caches/cache.ts";
import { BaseCache } from "../caches/cache.ts";
import type { Task, TaskResult } from "../task.ts";
import {
  type CacheCase,
  type CacheScene,
  filesOf,
  flip,
  putFiles,
  resultWith,
  saveValue,
} from "./_cache_scene.ts";

/** What may befall the bytes of a file; `undefined` when it is gone. */
const DAMAGES: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array | undefined>> = {
  "a bit at its start flips": (bytes) => flip(bytes, 0),
  "a bit in its middle flips": (bytes) => flip(bytes, bytes.length >> 1),
  "a bit at its end flips": (bytes) => flip(bytes, bytes.length - 1),
  "it is one byte short": (bytes) => bytes.slice(0, -1),
  "it is one byte longer": (bytes) => new Uint8Array([...bytes, 0]),
  "it is empty": () => new Uint8Array(),
  "it is noise": (bytes) => bytes.map((_, n) => (n * 167 + 13) & 255),
  "it is gone": () => undefined,
};

/** A format that nobody else has. */
class ForeignCache extends BaseCache {
  readonly name = "foreign_to_all";

  override async saveResult(draft: ResultDraft): Promise<void> {
    await draft.write("foreign.txt", new TextEncoder().encode("?"));
  }

  override loadResult(): Promise<unknown> {
    return Promise.resolve("?");
  }
}

/** An entry that is torn or foreign is as good as none. */
export const CACHE_DAMAGE_CASES: readonly CacheCase[] = [
  {
    name: "where a file is damaged, the entry is a miss or gives what was saved; it never throws",
    by: "keeping",
    async run(scene) {
      const { storage, task, keyOf, values } = scene;
      for (const value of values) {
        await saveValue(scene, value);
        const files = await filesOf(storage, keyOf(task));
        for (const [file, bytes] of files) {
          for (const [what, damage] of Object.entries(DAMAGES)) {
            const damaged = new Map(files);
            const changed = damage(bytes);
            if (changed === undefined) damaged.delete(file);
            else damaged.set(file, changed);
            await putFiles(storage, keyOf(task), damaged);
            await expectMissOr(scene, value, `${file}: ${what}`);
          }
        }
      }
    },
  },
  {
    name: "an entry that another cache or program made is a miss, and is told of",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, keyOf } = scene;
      const key = keyOf(task);
      const foreign = new Map([["hello.txt", new TextEncoder().encode("hello")]]);
      const makers = [
        () => new ForeignCache().save(storage, key, task, resultWith("?")),
        () => putFiles(storage, key, foreign),
        () => putFiles(storage, key, new Map([...foreign, ["metadata.json", new Uint8Array([1])]])),
      ];
      for (const make of makers) {
        await make();
        const problems: string[] = [];
        const call = { report: (problem: string) => problems.push(problem) };
        assertEquals(await cache.load(storage, key, task, call), undefined);
        assertEquals(problems.length, 1, "One problem is to be reported");
        assertEquals(await cache.isCached(storage, key), false);
        assertEquals(await cache.loadTask(storage, task.type, key), undefined);
      }
    },
  },
  {
    name: "an entry that lies under the key of another task is a miss",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, other, keyOf, values } = scene;
      await saveValue(scene, values[0]);
      await putFiles(storage, keyOf(other), await filesOf(storage, keyOf(task)));
      assertEquals(await cache.load(storage, keyOf(other), other), undefined);
      assertEquals(await cache.load(storage, keyOf(task), other), undefined);
      assertEquals(await cache.loadTask(storage, other.type, keyOf(other)), undefined);
      assert(await cache.load(storage, keyOf(task), task), "The entry itself is whole");
    },
  },
  {
    name: "an entry that cannot be loaded is replaced by the next save",
    by: "keeping",
    async run(scene) {
      const { cache, storage, task, keyOf, values } = scene;
      await putFiles(storage, keyOf(task), new Map([["torn", new Uint8Array(3)]]));
      await saveValue(scene, values[0]);
      assertEquals(await cache.load(storage, keyOf(task), task), resultWith(values[0]));
    },
  },
];

async function expectMissOr(
  { cache, storage, task, keyOf }: CacheScene,
  value: unknown,
  what: string,
): Promise<void> {
  const problems: string[] = [];
  const call = { report: (problem: string) => problems.push(problem) };
  let result: TaskResult | undefined;
  let rebuilt: Task | undefined;
  try {
    result = await cache.load(storage, keyOf(task), task, call);
    await cache.isCached(storage, keyOf(task));
    rebuilt = await cache.loadTask(storage, task.type, keyOf(task));
  } catch (cause) {
    throw new Error(`Where ${what}, a call rejected`, { cause });
  }
  if (result === undefined) assert(problems.length > 0, `Where ${what}, nothing was reported`);
  else assertEquals(result.value, value, `Where ${what}, another value was loaded`);
  if (rebuilt !== undefined) assertEquals(rebuilt.id, task.id);
}
