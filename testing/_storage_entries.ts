import { assert, assertEquals, assertInstanceOf, AssertionError } from "@std/assert";
import { StorageError } from "../errors.ts";
import {
  bytesOf,
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  type StorageCase,
  streamOf,
  type Texts,
  textsOf,
} from "./_storage_scene.ts";

/** Larger than any buffer on the way, and no multiple of one. */
const LARGE = 8 * 2 ** 20 + 13;

/** Texts of `metadata.json`, most of them no JSON: a storage gives back what it was given. */
const METADATA: readonly (string | Uint8Array)[] = [
  ...[
    "{}",
    '{"a": 1}\n',
    '{\n  "a": [1, 2]\n}',
    " null ",
    "-0",
    "1e999",
    '"\\u0000\\ud800"',
    "{}{}",
  ],
  ...[
    "",
    "not json",
    "[1",
    "\ufeff{}",
    '"\n}\n',
    '}\n{"sha256":"',
    "{'a':1}",
    "NaN",
    "{}\0",
    "\r\n",
  ],
  ...[
    '{"sha256":"0"}',
    '{"key":"other","files":[]}',
    `{"a":"${"é".repeat(3000)}"}`,
    '"\ud83d\ude00"',
  ],
  ...[new Uint8Array([0xff, 0xfe, 0x7b, 0x7d]), new Uint8Array([0x22, 0xc3, 0x28, 0x22])],
  bytesOf(JSON.stringify("x".repeat(2 ** 21))),
];

const OTHERS: readonly Texts[] = [{ "a.txt": "a" }, {}];

/** What is written is what is read. */
export const ENTRY_CASES: readonly StorageCase[] = [
  {
    name: "finds nothing at first",
    async run({ storage }) {
      assertEquals(await keysOf(storage), []);
      assert(!await storage.exists("key"));
      assertEquals(await storage.open("key"), undefined);
      assertEquals(await storage.delete("key"), false);
      assertEquals(await storage.existsMany(["key", "other"]), new Set());
      assertEquals(await storage.existsMany([]), new Set());
    },
  },
  {
    name: "finds nothing after a save",
    by: "forgetting",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a" });
      assertEquals(await keysOf(storage), []);
      assert(!await storage.exists("key"));
      assertEquals(await storage.open("key"), undefined);
      assertEquals(await storage.delete("key"), false);
      assertEquals(await storage.existsMany(["key"]), new Set());
    },
  },
  {
    name: "gives back an entry as it was saved",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "one", "b.bin": new Uint8Array([0, 255, 10, 13, 0]) });
      assert(await storage.exists("key"));
      const entry = await openThere(storage, "key");
      assertEquals(entry.key, "key");
      assertEquals(new Map(entry.files), new Map([["a.txt", 3], ["b.bin", 5]]));
      assertEquals(await entry.read("a.txt"), bytesOf("one"));
      assertEquals(await entry.read("b.bin"), new Uint8Array([0, 255, 10, 13, 0]));
      assertEquals(await new Response(await entry.stream("a.txt")).text(), "one");
    },
  },
  {
    name: "keeps empty files, and entries without files",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "empty-file", { "a.txt": "", "b.txt": "b" });
      await save(storage, "no-files", {});
      const entry = await openThere(storage, "empty-file");
      assertEquals(await entry.read("a.txt"), new Uint8Array());
      assertEquals(await new Response(await entry.stream("a.txt")).bytes(), new Uint8Array());
      assertEquals((await openThere(storage, "no-files")).files.size, 0);
      assert(await storage.exists("no-files"));
      assertEquals(await keysOf(storage), ["empty-file", "no-files"]);
    },
  },
  {
    name: "keeps many files in an entry",
    by: "keeping",
    async run({ storage }) {
      const files = Object.fromEntries(
        Array.from({ length: 300 }, (_, n) => [`f-${n}.txt`, `${n}`]),
      );
      await save(storage, "key", files);
      assertEquals(await textsOf(storage, "key"), files);
    },
  },
  {
    name: "keeps metadata.json byte for byte, whether it is JSON or not",
    by: "keeping",
    async run({ storage }) {
      for (const given of METADATA) {
        const data = typeof given === "string" ? bytesOf(given) : given;
        for (const files of OTHERS) {
          await save(storage, "key", { ...files, "metadata.json": data });
          const entry = await openThere(storage, "key");
          assertEquals(await entry.read("metadata.json"), data);
          assertEquals(await new Response(await entry.stream("metadata.json")).bytes(), data);
          assertEquals(entry.files.get("metadata.json"), data.length);
          assertEquals(entry.files.size, Object.keys(files).length + 1);
        }
      }
    },
  },
  {
    name: "keeps a large file, given whole or in pieces, read whole or in pieces",
    by: "keeping",
    async run({ storage }) {
      const data = noise(LARGE);
      const ends = [0, 1, 1, 65_537, 65_538, 2 ** 20, 5 * 2 ** 20 + 1, LARGE];
      const pieces = ends.map((end, n) => data.subarray(ends[n - 1] ?? 0, end));
      await using draft = await storage.create("key");
      await draft.write("whole", data);
      await draft.write("pieces", streamOf(pieces));
      await draft.commit();
      const entry = await openThere(storage, "key");
      for (const name of ["whole", "pieces"]) {
        assertEquals(entry.files.get(name), LARGE);
        assertSame(await entry.read(name), data);
        assertSame(await new Response(await entry.stream(name)).bytes(), data);
      }
    },
  },
  {
    name: "lets go of a stream that is cancelled midway",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "large": noise(LARGE) });
      const entry = await openThere(storage, "key");
      const reader = (await entry.stream("large")).getReader();
      assert((await reader.read()).value?.length);
      await reader.cancel();
      await (await entry.stream("large")).cancel();
      assertSame(await entry.read("large"), noise(LARGE));
      assert(await storage.delete("key"));
    },
  },
  {
    name: "shares no memory with its caller",
    by: "keeping",
    async run({ storage }) {
      const around = bytesOf("(data)");
      const shared = new Uint8Array(new SharedArrayBuffer(4));
      shared.set(bytesOf("data"));
      const reused = bytesOf("data");
      await using draft = await storage.create("key");
      await draft.write("view", around.subarray(1, 5));
      await draft.write("shared", shared);
      await draft.write("piece", streamOf([reused]));
      await draft.write("metadata.json", reused);
      for (const bytes of [around, shared, reused]) bytes.fill(0);
      await draft.commit();
      const entry = await openThere(storage, "key");
      for (const name of ["view", "shared", "piece"]) {
        (await entry.read(name)).fill(0);
        for await (const piece of await entry.stream(name)) piece.fill(0);
        assertEquals(await entry.read(name), bytesOf("data"), name);
      }
    },
  },
  {
    name: "lists the keys that begin with a prefix",
    by: "keeping",
    async run({ storage }) {
      const keys = ["Square__1", "Square__2", "Squares__1", "square__1", "other"];
      for (const key of keys) await save(storage, key, { key });
      assertEquals(await keysOf(storage), keys.toSorted());
      assertEquals(await keysOf(storage, ""), keys.toSorted());
      assertEquals(await keysOf(storage, "Square__"), ["Square__1", "Square__2"]);
      assertEquals(await keysOf(storage, "other"), ["other"]);
      for (const prefix of ["other2", "S*", "../", ".", "/", "%", "_", "\\", "Square__1~"]) {
        assertEquals(await keysOf(storage, prefix), [], prefix);
      }
    },
  },
  {
    name: "lists keys while they are deleted",
    by: "keeping",
    async run({ storage }) {
      for (let n = 0; n < 50; n++) await save(storage, `key-${n}`, { n: `${n}` });
      for await (const key of storage.findKeys()) await storage.delete(key);
      assertEquals(await keysOf(storage), []);
    },
  },
  {
    name: "tells of many keys at once which have an entry",
    by: "keeping",
    async run({ storage }) {
      const keys = Array.from({ length: 300 }, (_, n) => `Key-${n}`);
      const saved = keys.filter((_, n) => n % 7 === 0);
      for (const key of saved) await save(storage, key, { key });
      const asked = [...keys, ...keys, "key-0", "KEY-0"];
      assertEquals(await storage.existsMany(asked), new Set(saved));
      assertEquals(await storage.existsMany(new Set(asked).values()), new Set(saved));
    },
  },
  {
    name: "gives entries of other contents other versions, if it gives any",
    by: "keeping",
    async run({ storage, again }) {
      const versions = new Set<string | undefined>();
      for (const text of ["a", "b", "c"]) {
        await save(storage, "key", { "a.txt": text, "metadata.json": "{}" });
        const { version } = await openThere(storage, "key");
        assertEquals((await openThere(await again(), "key")).version, version);
        versions.add(version);
      }
      await storage.delete("key");
      await save(storage, "key", { "a.txt": "d", "metadata.json": "{}" });
      versions.add((await openThere(storage, "key")).version);
      if (!versions.has(undefined)) assertEquals(versions.size, 4);
    },
  },
  {
    name: "takes an entry out of the way",
    by: "keeping",
    async run({ storage, again }) {
      assertEquals(await storage.setAside("key"), undefined);
      await save(storage, "key", { "a.txt": "a", "metadata.json": "{}" });
      await save(storage, "key2", { "a.txt": "b" });
      await storage.setAside("key");
      for (const reader of [storage, await again()]) {
        assertEquals(await reader.exists("key"), false);
        assertEquals(await reader.open("key"), undefined);
        assertEquals(await keysOf(reader), ["key2"]);
        assertEquals(await reader.existsMany(["key", "key2"]), new Set(["key2"]));
      }
      await save(storage, "key", { "a.txt": "c" });
      assertEquals(await textsOf(storage, "key"), { "a.txt": "c" });
      await storage.setAside("key");
      for await (const leftover of storage.findLeftovers()) {
        assertEquals(leftover.kind, "aside");
        await leftover.remove();
      }
      assertEquals(await Array.fromAsync(storage.findLeftovers()), []);
      assertEquals(await textsOf(storage, "key2"), { "a.txt": "b" });
    },
  },
  {
    name: "takes nothing of a draft under way for a leftover",
    by: "keeping",
    async run({ storage, again }) {
      await save(storage, "key", { "a.txt": "a", "b.bin": noise(LARGE) });
      await using draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("new"));
      await draft.write("b.bin", noise(LARGE));
      for (const each of [storage, await again()]) {
        for await (const leftover of each.findLeftovers()) await leftover.remove();
      }
      await draft.commit();
      assertEquals(
        (await openThere(storage, "key")).files,
        new Map([["a.txt", 3], ["b.bin", LARGE]]),
      );
      for await (const leftover of storage.findLeftovers()) await leftover.remove();
      assertEquals(await Array.fromAsync(storage.findLeftovers()), []);
    },
  },
  {
    name: "deletes an entry, once",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a", "metadata.json": "{}" });
      await save(storage, "key2", { "a.txt": "a" });
      assertEquals(await storage.delete("key"), true);
      assertEquals(await storage.delete("key"), false);
      assert(!await storage.exists("key"));
      assertEquals(await storage.open("key"), undefined);
      assertEquals(await keysOf(storage), ["key2"]);
      await save(storage, "key", { "b.txt": "b" });
      assertEquals(await textsOf(storage, "key"), { "b.txt": "b" });
    },
  },
  {
    name: "an entry that was deleted since it was opened reads as it was, or is refused",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a" });
      const entry = await openThere(storage, "key");
      await storage.delete("key");
      const read = await entry.read("a.txt").catch((error: unknown) => error);
      if (read instanceof Error) assertInstanceOf(read, StorageError);
      else assertEquals(read, bytesOf("a"));
    },
  },
  {
    name: "reading changes nothing",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a", "metadata.json": "{}" });
      const entry = await openThere(storage, "key");
      for (let round = 0; round < 3; round++) {
        assertEquals(await storage.exists("other"), false);
        await rejection(entry.read("b.txt"));
        assertEquals(await textsOf(storage, "key"), { "a.txt": "a", "metadata.json": "{}" });
        assertEquals(await keysOf(storage), ["key"]);
        assertEquals(await storage.existsMany(["key", "other"]), new Set(["key"]));
        assertEquals(await entry.read("a.txt"), bytesOf("a"));
      }
    },
  },
  {
    name: "another storage on the same place has the same entries",
    by: "sharing",
    async run({ storage, again }) {
      const other = await again();
      await save(storage, "key", { "a.txt": "a" });
      assertEquals(await textsOf(other, "key"), { "a.txt": "a" });
      await save(other, "key", { "a.txt": "b" });
      await save(other, "Key2", { "a.txt": "c" });
      assertEquals(await textsOf(storage, "key"), { "a.txt": "b" });
      assertEquals(await keysOf(storage), ["Key2", "key"]);
      assertEquals(await other.delete("key"), true);
      assertEquals(await storage.exists("key"), false);
    },
  },
  {
    name: "has a specification that is plain JSON, if any",
    // deno-lint-ignore require-await -- what fails must reject.
    async run({ storage }) {
      assertEquals(typeof storage.permissions, "object");
      if (storage.spec === undefined) return;
      assertEquals(typeof storage.spec.type, "string");
      assertEquals(JSON.parse(JSON.stringify(storage.spec)), { ...storage.spec });
    },
  },
];

/** Compares large arrays without printing them. */
function assertSame(actual: Uint8Array, expected: Uint8Array): void {
  assertEquals(actual.length, expected.length);
  for (let n = 0; n < actual.length; n++) {
    if (actual[n] !== expected[n]) throw new AssertionError(`Byte ${n} differs`);
  }
}
