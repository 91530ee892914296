import { assert, assertEquals } from "@std/assert";
import { keysOf, noise, save, type StorageCase, textsOf } from "./_storage_scene.ts";
import type { Storage } from "../storages/storage.ts";

/** However savers, readers and deleters of one key meet, an entry is whole or not there. */
export const RACE_CASES: readonly StorageCase[] = [
  {
    name: "of savers at once one wins whole, and readers see whole entries only",
    by: "keeping",
    async run({ storage, again, rounds }) {
      const storages = [storage, await again(), storage];
      for (let round = 0; round < rounds; round++) {
        const savers = storages.map((each, n) => saveTagged(each, `${round}-${n}`, round));
        const reader = readWhole(storages[1]!);
        await Promise.all([...savers, reader]);
        const last = await assertWhole(storage);
        assert(last?.startsWith(`${round}-`), `After round ${round} there was ${last}`);
      }
      assertEquals(await keysOf(storage), ["Key"]);
    },
  },
  {
    name: "savers and deleters at once leave a whole entry or none",
    by: "keeping",
    async run({ storage, again, rounds }) {
      const other = await again();
      for (let round = 0; round < rounds; round++) {
        await Promise.all([
          saveTagged(storage, `${round}-0`, round),
          other.delete("Key"),
          saveTagged(other, `${round}-1`, round),
          storage.delete("Key"),
          readWhole(other),
        ]);
        const last = await assertWhole(storage);
        assertEquals(await storage.exists("Key"), last !== undefined);
        assertEquals(await keysOf(other), last === undefined ? [] : ["Key"]);
      }
      await saveTagged(storage, "end", 0);
      assertEquals(await assertWhole(other), "end");
      await storage.delete("Key");
      assertEquals(await keysOf(storage), []);
    },
  },
];

/** Saves an entry whose files all hold the tag; some rounds with a large file. */
async function saveTagged(storage: Storage, tag: string, round: number): Promise<void> {
  const large = round % 30 === 0 ? { "c.bin": noise(2 ** 21) } : undefined;
  await save(storage, "Key", { "a.txt": tag, "b.txt": tag, "metadata.json": `"${tag}"`, ...large });
}

async function readWhole(storage: Storage): Promise<void> {
  for (let n = 0; n < 5; n++) await assertWhole(storage);
}

async function assertWhole(storage: Storage): Promise<string | undefined> {
  const texts = await textsOf(storage, "Key");
  if (texts === undefined) return undefined;
  const tag = texts["a.txt"];
  assertEquals(texts["b.txt"], tag);
  assertEquals(texts["metadata.json"], `"${tag}"`);
  return tag;
}
