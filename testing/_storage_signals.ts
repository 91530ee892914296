import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  bytesOf,
  hangingStream,
  noise,
  openThere,
  rejection,
  save,
  type StorageCase,
  textsOf,
} from "./_storage_scene.ts";

const REASON = new Error("changed my mind");
const ABORTED = { signal: AbortSignal.abort(REASON) };

/** What is aborted rejects with the signal's reason, and changes nothing. */
export const SIGNAL_CASES: readonly StorageCase[] = [
  {
    name: "an aborted call rejects with the reason and does nothing",
    async run({ storage }) {
      const files = { "a.txt": "old" };
      await save(storage, "key", files);
      const before = await textsOf(storage, "key");
      await using draft = await storage.create("key");
      const calls: Record<string, () => Promise<unknown>> = {
        exists: () => storage.exists("key", ABORTED),
        existsMany: () => storage.existsMany(["key"], ABORTED),
        open: () => storage.open("key", ABORTED),
        create: () => storage.create("key", ABORTED),
        delete: () => storage.delete("key", ABORTED),
        findKeys: () => Array.fromAsync(storage.findKeys(ABORTED)),
        write: () => draft.write("a.txt", bytesOf("new"), ABORTED),
        commit: () => draft.commit(ABORTED),
      };
      for (const [name, call] of Object.entries(calls)) {
        assertStrictEquals(await rejection(call()), REASON, name);
      }
      assertEquals(await textsOf(storage, "key"), before);
    },
  },
  {
    name: "an aborted read rejects with the reason",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "a", "metadata.json": "{}" });
      const entry = await openThere(storage, "key");
      for (const file of ["a.txt", "metadata.json"]) {
        assertStrictEquals(await rejection(entry.read(file, ABORTED)), REASON);
        assertStrictEquals(await rejection(entry.stream(file, ABORTED)), REASON);
        assert(await entry.read(file));
      }
    },
  },
  {
    name: "a write that is aborted midway rejects with the reason, and nothing of it is kept",
    async run({ storage }) {
      await save(storage, "key", { "a.txt": "old" });
      const before = await textsOf(storage, "key");
      const abort = new AbortController();
      {
        await using draft = await storage.create("key");
        const writing = rejection(draft.write("a.txt", hangingStream(), abort));
        await new Promise((resolve) => setTimeout(resolve, 5));
        abort.abort(REASON);
        assertStrictEquals(await writing, REASON);
        assertEquals(await textsOf(storage, "key"), before);
      }
      assertEquals(await textsOf(storage, "key"), before);
    },
  },
  {
    name: "large calls that are aborted midway are done, or reject with the reason",
    by: "keeping",
    async run({ storage }) {
      await save(storage, "key", { "a.bin": noise(4 * 2 ** 20) });
      const entry = await openThere(storage, "key");
      const data = noise(6 * 2 ** 20);
      for (let n = 0; n < 4; n++) {
        await using draft = await storage.create("other");
        for (
          const call of [
            (signal: AbortSignal) => draft.write("a.bin", data, { signal }),
            (signal: AbortSignal) => entry.read("a.bin", { signal }),
            async (signal: AbortSignal) => {
              await new Response(await entry.stream("a.bin", { signal })).bytes();
            },
          ]
        ) {
          const abort = new AbortController();
          const outcome = call(abort.signal).then(() => REASON, (error: unknown) => error);
          await new Promise((resolve) => setTimeout(resolve, n));
          abort.abort(REASON);
          assertStrictEquals(await outcome, REASON);
        }
      }
      assertEquals(await storage.exists("other"), false);
    },
  },
  {
    name: "a listing that is aborted midway rejects with the reason",
    by: "keeping",
    async run({ storage }) {
      for (let n = 0; n < 5; n++) await save(storage, `key-${n}`, { n: `${n}` });
      const abort = new AbortController();
      const keys = storage.findKeys({ signal: abort.signal })[Symbol.asyncIterator]();
      assert(!(await keys.next()).done);
      abort.abort(REASON);
      assertStrictEquals(await rejection(keys.next()), REASON);
    },
  },
];
