// What a tiered storage does while its far one is down, and after.
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { LocalStorage, MemoryStorage, type Storage, TieredStorage } from "../../storages/mod.ts";
import {
  bytesOf,
  failingStream,
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { caughtWarnings, type FlakyCall, FlakyStorage, stoppedClock } from "./_flaky.ts";
import { scratch } from "./_scratch.ts";

const OLD = { "a.txt": "old", "metadata.json": '{"n":0}' };
const NEW = { "a.txt": "new", "metadata.json": '{"n":1}' };

/** Longer than any pause after a failure, in seconds. */
const LONG = 100;

function scene(options: { maxAge?: number; write?: "both" | "near"; near?: Storage } = {}) {
  const near = options.near ?? new MemoryStorage();
  const far = new FlakyStorage(new MemoryStorage());
  return { near, far, storage: new TieredStorage({ maxAge: 0, ...options, near, far }) };
}

for (
  const call of ["create", "write", "commit", "afterCommit"] as FlakyCall[]
) {
  Deno.test(`a save goes on in near where far fails in ${call}, and far has it by the next touch`, async () => {
    using clock = stoppedClock();
    using warnings = caughtWarnings();
    for (const data of [bytesOf("data"), noise(3 * 2 ** 20)]) {
      for (const stream of [false, true]) {
        const { near, far, storage } = scene();
        await save(storage, "key", OLD);
        far.failing = new Set([call]);
        {
          await using draft = await storage.create("key");
          await draft.write("metadata.json", bytesOf('{"n":1}'));
          const pieces = [data.subarray(0, 3), data.subarray(3)];
          await draft.write("a.bin", stream ? streamOf(pieces) : data);
          await draft.commit();
        }
        assertEquals(warnings.take().length, 1);
        assertEquals(await (await openThere(storage, "key")).read("a.bin"), data);
        if (call !== "afterCommit") assertEquals(await textsOf(far.inner, "key"), OLD);
        far.failing = new Set();
        clock.pass(LONG);
        assertEquals(await (await openThere(storage, "key")).read("a.bin"), data);
        assertEquals(await (await openThere(far.inner, "key")).read("a.bin"), data);
        const again = new TieredStorage({ near, far, maxAge: 0 });
        far.asked();
        assertEquals(await (await openThere(again, "key")).read("a.bin"), data);
        assertEquals(new Set(far.asked()).has("create"), false, "It is pushed once");
        assertEquals(warnings.take(), []);
      }
    }
  });
}

Deno.test("while far is down near serves what it has, and a warning tells once each time it goes", async () => {
  using clock = stoppedClock();
  using warnings = caughtWarnings();
  const { far, storage } = scene();
  await save(storage, "key", OLD);
  for (let round = 0; round < 2; round++) {
    far.failing = "all";
    for (let n = 0; n < 5; n++) {
      assertEquals(await textsOf(storage, "key"), OLD);
      assertEquals(await storage.exists("key"), true);
      assertEquals(await storage.exists("other"), false);
      assertEquals(await storage.open("other"), undefined);
      assertEquals(await storage.existsMany(["key", "other"]), new Set(["key"]));
      assertEquals(await keysOf(storage), ["key"]);
      clock.pass(LONG);
    }
    const [warning, ...more] = warnings.take();
    assertEquals(more, []);
    assertStringIncludes(warning!, "The far storage (FlakyStorage) cannot be used: Cannot reach");
    assertStringIncludes(warning!, "what is saved meanwhile is given to far when it is back");
    far.failing = new Set();
    assertEquals(await textsOf(storage, "key"), OLD);
  }
});

Deno.test("a far that failed is left alone for pauses that grow from a second to a minute", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  const { far, storage } = scene();
  far.failing = "all";
  const asked: number[] = [];
  for (let second = 0; second < 300; second++) {
    await Promise.all([storage.exists("a"), storage.exists("b"), storage.open("c")]);
    const count = far.asked().length;
    if (count > 0) asked.push(second);
    assert(count <= (second === 0 ? 3 : 1), "Only one tries it out");
    clock.pass(1);
  }
  assertEquals(asked, [0, 1, 3, 7, 15, 31, 63, 123, 183, 243]);
  far.failing = new Set();
  clock.pass(60);
  await storage.exists("a");
  far.failing = "all";
  far.asked();
  await storage.exists("a");
  await storage.exists("a");
  clock.pass(1);
  await storage.exists("a");
  assertEquals(far.asked().length, 2, "After a recovery the pauses are short again");
});

Deno.test("what was saved while far was down is pushed by push, by a save, and at the end", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  const { near, far, storage } = scene();
  const keys = ["a", "b", "c", "d"];
  const down = async () => {
    far.failing = "all";
    for (const key of keys) await save(storage, key, NEW);
    assertEquals((await rejection(storage.push()) as Error).name, "StorageError");
    assertEquals(await keysOf(far.inner), []);
    far.failing = new Set();
    clock.pass(LONG);
  };
  await down();
  assertEquals(await storage.push(), { pushed: 4, outdated: 0, waiting: 0 });
  assertEquals(await storage.push(), { pushed: 0, outdated: 0, waiting: 0 });
  assertEquals(await keysOf(far.inner), keys);
  for (const key of keys) await storage.delete(key);

  await down();
  await save(storage, "e", NEW);
  assertEquals(await keysOf(far.inner), ["a", "e"]);
  await storage[Symbol.asyncDispose]();
  assertEquals(await keysOf(far.inner), [...keys, "e"]);

  const other = new TieredStorage({ near, far });
  for (const key of [...keys, "e"]) assertEquals(await textsOf(other, key), NEW);
});

Deno.test("an entry that far got meanwhile is never overwritten, and near's own is set aside", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  await using place = await scratch();
  const near = new LocalStorage(`${place.dir}/near`);
  const { far, storage } = scene({ near });
  for (const how of ["by touch", "by push"]) {
    for (const before of [undefined, OLD]) {
      for (const tellsVersions of [true, false]) {
        far.tellsVersions = tellsVersions;
        if (before) await save(storage, "key", before);
        far.failing = "all";
        await save(storage, "key", { ...NEW, "a.txt": "near" });
        await save(far.inner, "key", { ...NEW, "a.txt": "far!" });
        assertEquals((await textsOf(storage, "key"))?.["a.txt"], "near");
        far.failing = new Set();
        clock.pass(LONG);
        if (how === "by push") {
          assertEquals(await storage.push(), { pushed: 0, outdated: 1, waiting: 0 });
        }
        assertEquals((await textsOf(storage, "key"))?.["a.txt"], "far!");
        assertEquals((await textsOf(far.inner, "key"))?.["a.txt"], "far!");
        const leftovers = await Array.fromAsync(near.findLeftovers());
        assertEquals(leftovers.map(({ kind }) => kind), ["aside"]);
        for (const each of leftovers) await each.remove();
        await storage.delete("key");
      }
    }
  }
});

Deno.test("an entry that far still has as near knew it is replaced by near's newer one", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  for (const tellsVersions of [true, false]) {
    const { near, far, storage } = scene();
    far.tellsVersions = tellsVersions;
    await save(far.inner, "key", OLD);
    assertEquals(await textsOf(storage, "key"), OLD);
    far.failing = "all";
    await save(storage, "key", { "a.txt": "1" });
    await save(new TieredStorage({ near, far }), "key", NEW);
    far.failing = new Set();
    clock.pass(LONG);
    assertEquals(await storage.push(), { pushed: 1, outdated: 0, waiting: 0 });
    assertEquals(await textsOf(far.inner, "key"), NEW);
    assertEquals(await textsOf(storage, "key"), NEW);
  }
});

Deno.test("entries that near had before far was there are pushed, or give way", async () => {
  const near = new MemoryStorage();
  await save(near, "both", OLD);
  await save(near, "near", OLD);
  const { far, storage } = scene({ near });
  await save(far.inner, "both", NEW);
  assertEquals(await keysOf(storage), ["both", "near"]);
  assertEquals(await storage.existsMany(["both", "near", "none"]), new Set(["both", "near"]));
  assertEquals(await textsOf(storage, "both"), NEW);
  assertEquals(await textsOf(storage, "near"), OLD);
  assertEquals(await textsOf(far.inner, "near"), OLD);
  assertEquals(await textsOf(far.inner, "both"), NEW);
});

Deno.test("nothing is deleted while far is down: it would come back", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  const { near, far, storage } = scene();
  await save(storage, "key", OLD);
  far.failing = "all";
  for (let n = 0; n < 2; n++) {
    const error = await rejection(storage.delete("key"));
    assertInstanceOf(error, StorageError);
    assertStringIncludes(
      error.message,
      'Cannot delete "key": the far storage (FlakyStorage) failed',
    );
    assertInstanceOf(error.cause, StorageError);
    assertEquals(await textsOf(storage, "key"), OLD);
  }
  far.failing = new Set();
  clock.pass(LONG);
  assertEquals(await storage.delete("key"), true);
  assertEquals([await keysOf(near), await keysOf(far.inner)], [[], []]);
});

Deno.test("a damaged entry is set aside in near though far is down, and what follows replaces far's", async () => {
  using clock = stoppedClock();
  using warnings = caughtWarnings();
  const { far, storage } = scene();
  await save(far.inner, "key", OLD);
  assertEquals(await textsOf(storage, "key"), OLD);
  far.failing = "all";
  await storage.setAside("key");
  assertEquals(warnings.take().length, 1);
  assertEquals(await storage.exists("key"), false);
  await save(storage, "key", NEW);
  far.failing = new Set();
  clock.pass(LONG);
  assertEquals(await textsOf(storage, "key"), NEW);
  assertEquals(await textsOf(far.inner, "key"), NEW);
});

Deno.test("a far that fails in the middle of a listing leaves near's keys, each once", async () => {
  using _warnings = caughtWarnings();
  const { far, storage } = scene();
  const keys = Array.from({ length: 20 }, (_, n) => `key-${n}`).sort();
  for (const key of keys) await save(storage, key, OLD);
  const { findKeys } = far.inner;
  far.inner.findKeys = async function* (options) {
    let count = 0;
    for await (const key of findKeys.call(far.inner, options)) {
      if (count++ === 5) throw new StorageError("Connection reset");
      yield key;
    }
  };
  assertEquals(await keysOf(storage), keys);
});

Deno.test("what is not far's fault costs no warning: broken streams, aborted calls, refused names", async () => {
  using warnings = caughtWarnings();
  const { far, storage } = scene();
  await using draft = await storage.create("key");
  const boom = new Error("boom");
  assertEquals(await rejection(draft.write("a.txt", failingStream(boom))), boom);
  assertInstanceOf(await rejection(storage.open("../key")), StorageError);
  const reason = new Error("changed my mind");
  const abort = new AbortController();
  far.before = () => abort.abort(reason);
  far.failing = "all";
  assertEquals(await rejection(storage.open("key", abort)), reason);
  far.before = undefined;
  far.failing = new Set();
  far.asked();
  await storage.exists("key");
  assertEquals(far.asked(), ["open"], "It is not in a pause");
  assertEquals(warnings.take(), []);
});

Deno.test("a near that cannot keep copies costs a warning, not the read nor the save", async () => {
  using clock = stoppedClock();
  using warnings = caughtWarnings();
  const { near, far, storage } = scene({ near: new MemoryStorage({ maxBytes: 1000 }) });
  const large = { "a.bin": noise(5000), "metadata.json": "{}" };
  await save(far.inner, "key", large);
  for (let n = 0; n < 3; n++) {
    assertEquals(await (await openThere(storage, "key")).read("a.bin"), noise(5000));
  }
  assertEquals(await keysOf(near), []);
  const [warning, ...more] = warnings.take();
  assertStringIncludes(warning!, "The near storage (MemoryStorage) cannot keep copies");
  assertEquals(more, []);
  clock.pass(LONG);
  await save(storage, "other", large);
  assertEquals(warnings.take().length, 1);
  assertEquals(await (await openThere(storage, "other")).read("a.bin"), noise(5000));
  assertEquals(await keysOf(far.inner), ["key", "other"]);
});

Deno.test("what is known to be replaced in far is not served when far goes down before it was copied", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  const { far, storage } = scene({ maxAge: 60 });
  await save(storage, "key", OLD);
  await save(far.inner, "key", NEW);
  clock.pass(60);
  await openThere(storage, "key");
  far.failing = "all";
  assertEquals(await storage.open("key"), undefined);
  assertEquals(await storage.existsMany(["key"]), new Set());
  assertEquals(await keysOf(storage), []);
  far.failing = new Set();
  clock.pass(LONG);
  assertEquals(await textsOf(storage, "key"), NEW);
});
