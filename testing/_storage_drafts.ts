import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { StorageError } from "../errors.ts";
import type { Draft } from "../storages/storage.ts";
import {
  bytesOf,
  failingStream,
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

const CONTENTS: readonly Texts[] = [{ "a.txt": "a" }, { "metadata.json": "{}" }, {}];
const OLD = { "a.txt": "old", "b.txt": "old" };

/** What appears, appears whole; what fails changes nothing. */
export const DRAFT_CASES: readonly StorageCase[] = [
  {
    name: "a draft is seen by nobody before its commit",
    by: "keeping",
    async run({ storage, again }) {
      await using draft = await storage.create("key");
      await assertUnseen();
      await draft.write("a.txt", bytesOf("a"));
      await draft.write("metadata.json", bytesOf("{}"));
      await assertUnseen();
      await draft.commit();
      assertEquals(await textsOf(storage, "key"), { "a.txt": "a", "metadata.json": "{}" });

      async function assertUnseen() {
        for (const reader of [storage, await again()]) {
          assertEquals(await reader.exists("key"), false);
          assertEquals(await reader.open("key"), undefined);
          assertEquals(await keysOf(reader), []);
          assertEquals(await reader.existsMany(["key"]), new Set());
          assertEquals(await reader.delete("key"), false);
        }
      }
    },
  },
  {
    name: "a draft that is disposed without commit leaves nothing",
    by: "keeping",
    async run({ storage }) {
      const draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("a"));
      await draft[Symbol.asyncDispose]();
      await draft[Symbol.asyncDispose]();
      assertEquals(await storage.exists("key"), false);
      assertEquals(await keysOf(storage), []);
      await save(storage, "key", OLD);
      await (await storage.create("key"))[Symbol.asyncDispose]();
      assertEquals(await textsOf(storage, "key"), OLD);
    },
  },
  {
    name: "disposing a draft after its commit keeps the entry",
    by: "keeping",
    async run({ storage }) {
      const draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("a"));
      await draft.commit();
      await draft[Symbol.asyncDispose]();
      await draft[Symbol.asyncDispose]();
      assertEquals(await textsOf(storage, "key"), { "a.txt": "a" });
    },
  },
  {
    name: "a commit replaces the earlier entry whole",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", OLD);
      await using draft = await storage.create("key");
      await draft.write("b.txt", bytesOf("new"));
      await draft.write("c.txt", bytesOf("new"));
      assertEquals(await textsOf(storage, "key"), OLD);
      await draft.commit();
      assertEquals(await textsOf(storage, "key"), { "b.txt": "new", "c.txt": "new" });
      assertEquals(await keysOf(storage), ["key"]);
    },
  },
  {
    name: "an entry that is replaced while it is read stays as it was, or is refused",
    by: "keeping",
    async run({ storage }) {
      const [before, after] = [noise(600_000), noise(600_000).reverse()];
      await save(storage, "key", { a: before, b: before });
      const entry = await openThere(storage, "key");
      const reader = (await entry.stream("a")).getReader();
      const pieces: Uint8Array<ArrayBuffer>[] = [(await reader.read()).value!];
      await save(storage, "key", { a: after, b: after });
      const read = await entry.read("b").catch((error: unknown) => error);
      if (read instanceof Error) assertInstanceOf(read, StorageError);
      else assertEquals(read, before);
      try {
        for (let next; !(next = await reader.read()).done;) pieces.push(next.value);
        assertEquals(await new Blob(pieces).bytes(), before);
      } catch (error) {
        assertInstanceOf(error, StorageError);
      }
      assertEquals(await (await openThere(storage, "key")).read("b"), after);
    },
  },
  {
    name: "of two drafts at once the last to be committed wins whole",
    by: "keeping",
    async run({ storage }) {
      for (const order of [[0, 1], [1, 0]] as const) {
        await storage.delete("key");
        await using first = await storage.create("key");
        await using second = await storage.create("key");
        const drafts = [first, second] as const;
        await first.write("a.txt", bytesOf("0"));
        await second.write("a.txt", bytesOf("1"));
        await second.write("only-1.txt", bytesOf("1"));
        await first.write("only-0.txt", bytesOf("0"));
        for (const n of order) {
          await drafts[n].commit();
          assertEquals(await textsOf(storage, "key"), {
            "a.txt": `${n}`,
            [`only-${n}.txt`]: `${n}`,
          });
        }
      }
    },
  },
  {
    name: "a draft outlives the deletion of its key",
    by: "keeping",
    async run({ storage }) {
      for (const files of CONTENTS) {
        await save(storage, "key", OLD);
        await using draft = await storage.create("key");
        assertEquals(await storage.delete("key"), true);
        for (const [name, text] of Object.entries(files)) await draft.write(name, bytesOf(text));
        assertEquals(await storage.delete("key"), false);
        await draft.commit();
        assertEquals(await textsOf(storage, "key"), files);
      }
    },
  },
  {
    name: "writes files of one draft at the same time",
    by: "keeping",
    async run({ storage }) {
      const names = Array.from({ length: 20 }, (_, n) => `f-${n}.txt`);
      await using draft = await storage.create("key");
      await Promise.all(names.map((name, n) => {
        const data = bytesOf(name);
        return draft.write(name, n % 2 ? data : streamOf([data.subarray(0, 2), data.subarray(2)]));
      }));
      await draft.commit();
      assertEquals(
        await textsOf(storage, "key"),
        Object.fromEntries(names.map((name) => [name, name])),
      );
    },
  },
  {
    name: "refuses to write a file twice",
    async run({ storage }) {
      await using draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("first"));
      await draft.write("metadata.json", bytesOf("{}"));
      for (const name of ["a.txt", "metadata.json"]) {
        assertInstanceOf(await rejection(draft.write(name, bytesOf("second"))), StorageError);
      }
      await draft.commit();
      const texts = await textsOf(storage, "key");
      if (texts) assertEquals(texts, { "a.txt": "first", "metadata.json": "{}" });
    },
  },
  {
    name: "refuses to write or commit after a commit",
    async run({ storage }) {
      await using draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("a"));
      await draft.commit();
      await assertClosed(draft);
      const texts = await textsOf(storage, "key");
      if (texts) assertEquals(texts, { "a.txt": "a" });
    },
  },
  {
    name: "refuses to write or commit after it was disposed",
    async run({ storage }) {
      const draft = await storage.create("key");
      await draft.write("a.txt", bytesOf("a"));
      await draft[Symbol.asyncDispose]();
      await assertClosed(draft);
      assertEquals(await storage.exists("key"), false);
    },
  },
  {
    name: "an error of a stream that is written comes through, and nothing of the file is kept",
    async run({ storage }) {
      const boom = new Error("boom");
      await save(storage, "key", OLD);
      const before = await textsOf(storage, "key");
      {
        await using draft = await storage.create("key");
        await draft.write("b.txt", bytesOf("new"));
        assertStrictEquals(await rejection(draft.write("a.txt", failingStream(boom))), boom);
        assertEquals(await textsOf(storage, "key"), before);
        const committed = await draft.commit().then(() => true, () => false);
        const texts = await textsOf(storage, "key");
        assert(committed ? texts?.["a.txt"] === undefined : true, "Half a file was committed");
        if (!committed) assertEquals(texts, before);
      }
      await save(storage, "key", { "c.txt": "new" });
      if (before) assertEquals(await textsOf(storage, "key"), { "c.txt": "new" });
    },
  },
  {
    name: "reads a stream that is written to its end",
    async run({ storage }) {
      let ended = false;
      const pieces = (function* () {
        for (let n = 0; n < 100; n++) yield noise(1000);
        ended = true;
      })();
      await using draft = await storage.create("key");
      await draft.write("a.bin", streamOf(pieces));
      assert(ended);
    },
  },
];

async function assertClosed(draft: Draft): Promise<void> {
  assertInstanceOf(await rejection(draft.write("b.txt", bytesOf("b"))), StorageError);
  assertInstanceOf(await rejection(draft.commit()), StorageError);
}
