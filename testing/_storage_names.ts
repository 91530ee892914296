import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { StorageError } from "../errors.ts";
import {
  DELICATE_FILE_NAMES,
  DELICATE_KEYS,
  HOSTILE_FILE_NAMES,
  HOSTILE_KEYS,
} from "./_hostile_names.ts";
import {
  bytesOf,
  keysOf,
  openThere,
  rejection,
  save,
  type StorageCase,
  textsOf,
} from "./_storage_scene.ts";

/** Keys and file names: which are refused, and that no two are confused. */
export const NAME_CASES: readonly StorageCase[] = [
  {
    name: "refuses more than 300 hostile keys",
    async run({ storage }) {
      for (const key of HOSTILE_KEYS as string[]) {
        for (
          const call of [
            () => storage.exists(key),
            () => storage.open(key),
            () => storage.create(key),
            () => storage.delete(key),
            () => storage.existsMany(["good", key]),
          ]
        ) assertInstanceOf(await rejection(call()), StorageError, `${String(key)}: ${call}`);
      }
      assertEquals(await keysOf(storage), []);
    },
  },
  {
    name: "refuses more than 300 hostile file names",
    async run({ storage }) {
      await using draft = await storage.create("key");
      for (const name of HOSTILE_FILE_NAMES as string[]) {
        const error = await rejection(draft.write(name, bytesOf("hostile")));
        assertInstanceOf(error, StorageError, String(name));
      }
    },
  },
  {
    name: "a refused file name leaves the draft as it was",
    by: "keeping",
    async run({ storage }) {
      await using draft = await storage.create("key");
      await draft.write("good", bytesOf("good"));
      await rejection(draft.write("../bad", bytesOf("bad")));
      await draft.commit();
      assertEquals(await textsOf(storage, "key"), { good: "good" });
    },
  },
  {
    name: "an entry has no files but those that were written",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a", "metadata.json": "{}" });
      const entry = await openThere(storage, "key");
      const others = ["b.txt", "A.txt", "a.txt.tmp", "0-a.txt", "constructor", "__proto__"];
      const hostile = HOSTILE_FILE_NAMES.filter((name) => typeof name === "string");
      for (const name of [...others, ...hostile]) {
        assertInstanceOf(await rejection(entry.read(name)), StorageError, name);
        assertInstanceOf(await rejection(entry.stream(name)), StorageError, name);
      }
    },
  },
  {
    name: "keeps keys apart that differ in case, or that file systems and objects make special",
    by: "keeping",
    async run({ storage }) {
      for (const key of DELICATE_KEYS) {
        assert(!await storage.exists(key), `"${key}" was there before it was saved`);
        await save(storage, key, { key });
      }
      assertEquals(await keysOf(storage), DELICATE_KEYS.toSorted());
      for (const key of DELICATE_KEYS) assertEquals(await textsOf(storage, key), { key });
      for (const key of DELICATE_KEYS.slice(1)) {
        assert(await storage.delete(key), `"${key}" was gone before it was deleted`);
        assert(!await storage.exists(key), `"${key}" was there after it was deleted`);
      }
      assertEquals(await keysOf(storage), DELICATE_KEYS.slice(0, 1));
    },
  },
  {
    name: "keeps files of an entry apart that differ in case, or that systems make special",
    by: "keeping",
    async run({ storage }) {
      await using draft = await storage.create("key");
      for (const name of DELICATE_FILE_NAMES) await draft.write(name, bytesOf(`in ${name}`));
      await draft.commit();
      const entry = await openThere(storage, "key");
      assertEquals([...entry.files.keys()].sort(), DELICATE_FILE_NAMES.toSorted());
      for (const name of DELICATE_FILE_NAMES) {
        assertEquals(await entry.read(name), bytesOf(`in ${name}`));
        assertEquals(entry.files.get(name), `in ${name}`.length);
      }
    },
  },
];
