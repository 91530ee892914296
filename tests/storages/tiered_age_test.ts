// What of near is served when, and what is copied there.
import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { LocalStorage, MemoryStorage, type Storage, TieredStorage } from "../../storages/mod.ts";
import {
  bytesOf,
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { caughtWarnings, FlakyStorage, stoppedClock } from "./_flaky.ts";
import { scratch } from "./_scratch.ts";

const OLD = { "a.txt": "old", "metadata.json": '{"n":0}' };
const NEW = { "a.txt": "new", "metadata.json": '{"n":1}' };

function scene(options: { maxAge?: number; write?: "both" | "near"; near?: Storage } = {}) {
  const near = options.near ?? new MemoryStorage();
  const far = new FlakyStorage(new MemoryStorage());
  return { near, far, storage: new TieredStorage({ ...options, near, far }) };
}

Deno.test("a copy is served for maxAge seconds without asking far, and never longer", async () => {
  using clock = stoppedClock();
  for (const tellsVersions of [true, false]) {
    for (const how of ["saved", "filled"]) {
      const { near, far, storage } = scene({ maxAge: 60 });
      far.tellsVersions = tellsVersions;
      await save(how === "saved" ? storage : far.inner, "key", OLD);
      await textsOf(storage, "key");
      const other = new TieredStorage({ near, far, maxAge: 60 });
      far.asked();
      await save(far.inner, "key", NEW);
      clock.pass(59.999);
      for (const each of [storage, other]) {
        assertEquals(await textsOf(each, "key"), OLD);
        assertEquals(await each.exists("key"), true);
      }
      assertEquals(await storage.existsMany(["key"]), new Set(["key"]));
      assertEquals(far.asked(), []);
      clock.pass(0.001);
      for (const each of [storage, other]) assertEquals(await textsOf(each, "key"), NEW);
      await far.inner.delete("key");
      clock.pass(60);
      for (const each of [storage, other]) {
        assertEquals(await each.open("key"), undefined);
        assertEquals(await each.exists("key"), false);
        assertEquals(await each.existsMany(["key"]), new Set());
        assertEquals(await keysOf(each), []);
      }
    }
  }
});

Deno.test("what far still has is served from near for another maxAge, by one question", async () => {
  using clock = stoppedClock();
  const { near, far, storage } = scene({ maxAge: 60 });
  await save(far.inner, "key", OLD);
  await textsOf(storage, "key");
  const before = await openThere(near, "key");
  for (let n = 0; n < 3; n++) {
    clock.pass(60);
    far.asked();
    for (let n = 0; n < 5; n++) assertEquals(await textsOf(storage, "key"), OLD);
    assertEquals(far.asked(), ["open"]);
  }
  assertEquals((await openThere(near, "key")).version, before.version, "It was not copied again");
});

Deno.test("with a maxAge of 0 far is asked each time, and its data read once", async () => {
  const { far, storage } = scene({ maxAge: 0 });
  await save(far.inner, "key", OLD);
  for (let n = 0; n < 3; n++) assertEquals(await textsOf(storage, "key"), OLD);
  assertEquals(far.asked(), ["open", "read", "read", "open", "open"]);
});

Deno.test("a clock that is set back makes no copy fresh", async () => {
  using clock = stoppedClock();
  const { near, far, storage } = scene({ maxAge: 60 });
  await save(storage, "key", OLD);
  clock.pass(-1000);
  await save(far.inner, "key", NEW);
  assertEquals(await textsOf(new TieredStorage({ near, far, maxAge: 60 }), "key"), NEW);
});

Deno.test("own saves and deletions are seen at once, whatever copies others make meanwhile", async () => {
  using clock = stoppedClock();
  const { near, far, storage } = scene({ maxAge: 60 });
  const other = new TieredStorage({ near, far, maxAge: 60 });
  await save(far.inner, "key", OLD);
  const entry = await openThere(other, "key");
  await save(storage, "key", NEW);
  assertEquals(await entry.read("a.txt"), bytesOf("old"), "It reads as it was");
  assertEquals(await textsOf(storage, "key"), NEW);
  await save(far.inner, "key", OLD);
  clock.pass(1);
  const again = await openThere(new TieredStorage({ near, far, maxAge: 0 }), "key");
  await storage.delete("key");
  await again.read("a.txt").catch(() => {});
  assertEquals(await storage.exists("key"), false);
  assertEquals(await storage.existsMany(["key"]), new Set());
});

Deno.test("a copy that was begun before takes the place of nothing newer", async () => {
  using clock = stoppedClock();
  using _warnings = caughtWarnings();
  const { near, far, storage } = scene({ maxAge: 60 });
  const other = new TieredStorage({ near, far: far.inner, maxAge: 60 });
  await save(far.inner, "key", OLD);
  for (const isDown of [false, true]) {
    const entry = await openThere(
      new TieredStorage({ near: new MemoryStorage(), far: far.inner }),
      "key",
    );
    const late = await openThere(other, "key");
    clock.pass(1);
    if (isDown) far.failing = "all";
    await save(storage, "key", NEW);
    assertEquals(await late.read("a.txt"), await entry.read("a.txt"));
    const kept = await openThere(near, "key");
    assertEquals(await kept.read("a.txt"), bytesOf("new"));
    await save(far.inner, "key", OLD);
    clock.pass(60);
  }
});

Deno.test("a far storage that was made anew, and counts its versions from the start, is believed", async () => {
  const { near, far, storage } = scene({ maxAge: 0 });
  await save(far.inner, "key", OLD);
  assertEquals(await textsOf(storage, "key"), OLD);
  const anew = new MemoryStorage();
  await save(anew, "key", { ...NEW, "b.txt": "b" });
  const { version } = await openThere(anew, "key");
  assertEquals(version, (await openThere(far.inner, "key")).version);
  const again = new TieredStorage({ near, far: anew, maxAge: 0 });
  assertEquals(await textsOf(again, "key"), { ...NEW, "b.txt": "b" });
});

Deno.test("of two saves at once the same one is in force in both storages", async () => {
  const { near, far, storage } = scene();
  for (let round = 0; round < 20; round++) {
    await Promise.all([0, 1, 2].map((n) => save(storage, "key", { ...OLD, "a.txt": `${n}` })));
    const [inNear, inFar] = [await openThere(near, "key"), await openThere(far.inner, "key")];
    assertEquals(await inNear.read("a.txt"), await inFar.read("a.txt"));
  }
});

Deno.test("a listing reads metadata.json alone, and copies nothing", async () => {
  const { near, far, storage } = scene();
  await save(far.inner, "key", { "a.bin": noise(100_000), "metadata.json": "{}" });
  const entry = await openThere(storage, "key");
  assertEquals(await entry.read("metadata.json"), bytesOf("{}"));
  assertEquals(await keysOf(near), []);
  assertEquals(far.asked(), ["open", "read"]);
});

Deno.test("readers that want an entry at once share one copy; who aborts leaves it to the others", async () => {
  const { near, far, storage } = scene();
  const data = noise(3 * 2 ** 20);
  await save(far.inner, "key", { "a.bin": data, "b.bin": data, "metadata.json": "{}" });
  const abort = new AbortController();
  const reason = new Error("changed my mind");
  const entries = await Promise.all([1, 2, 3, 4].map(() => openThere(storage, "key")));
  far.asked();
  far.before = (call) => void (call === "read" && abort.abort(reason));
  const reads = entries.map((entry, n) =>
    n === 0
      ? rejection(entry.read("a.bin", { signal: abort.signal }))
      : n === 1
      ? openThen(entry.stream("b.bin"))
      : entry.read("a.bin")
  );
  const [aborted, ...others] = await Promise.all(reads);
  assertEquals(aborted, reason);
  for (const other of others) assertEquals(other as Uint8Array<ArrayBuffer>, data);
  assertEquals(far.asked(), ["read", "read", "read"]);
  assertEquals(await (await openThere(near, "key")).read("b.bin"), data);

  function openThen(stream: Promise<ReadableStream<Uint8Array<ArrayBuffer>>>) {
    return stream.then((stream) => new Response(stream).bytes());
  }
});

Deno.test("a copy that nobody waits for any more is given up, and leaves nothing", async () => {
  await using place = await scratch();
  const near = new LocalStorage({ dir: `${place.dir}/near`, gitignore: false });
  const { far, storage } = scene({ near });
  await save(far.inner, "key", { "a.bin": noise(3 * 2 ** 20), "b.bin": noise(3 * 2 ** 20) });
  const abort = new AbortController();
  const reason = new Error("changed my mind");
  far.before = (call) => void (call === "read" && abort.abort(reason));
  const entry = await openThere(storage, "key");
  assertEquals(await rejection(entry.read("a.bin", { signal: abort.signal })), reason);
  const folders = [...Deno.readDirSync(near.dir)].filter(({ name }) => !name.startsWith("."));
  assertEquals(folders, []);
  far.before = undefined;
  assertEquals((await entry.read("b.bin")).length, 3 * 2 ** 20);
  assertEquals(await keysOf(near), ["key"]);
});

Deno.test("a copy is whole: one of a far entry that breaks off is never seen", async () => {
  const { near, far, storage } = scene();
  await save(far.inner, "key", { "a.bin": noise(10), "b.bin": noise(3 * 2 ** 20) });
  const { open } = far.inner;
  let damage = 0;
  far.inner.open = async (key, options) => {
    const entry = (await open.call(far.inner, key, options))!;
    const stream = async (file: string) => {
      const bytes = await entry.read(file);
      return ReadableStream.from([damage > 0 ? noise(bytes.length + damage) : bytes.slice(damage)]);
    };
    return {
      key,
      files: entry.files,
      version: entry.version,
      read: entry.read.bind(entry),
      stream,
    };
  };
  for (damage of [-1, 1]) {
    assertEquals(await (await openThere(storage, "key")).read("a.bin"), noise(10));
    assertEquals(await keysOf(near), []);
  }
});

Deno.test("what far has no more is a leftover of near, which can be removed", async () => {
  const { near, far, storage } = scene({ maxAge: 0 });
  for (const key of ["kept", "gone", "back"]) {
    await save(far.inner, key, OLD);
    await textsOf(storage, key);
  }
  await far.inner.delete("gone");
  await far.inner.delete("back");
  assertEquals(await storage.exists("gone"), false);
  assertEquals(await near.exists("gone"), true, "Reading removes nothing");
  const leftovers = await Array.fromAsync(storage.findLeftovers());
  assertEquals(leftovers.map(({ kind, bytes, place }) => ({ kind, bytes, place })), [
    { kind: "replaced", bytes: 10, place: 'the copy of "gone" in the near storage' },
    { kind: "replaced", bytes: 10, place: 'the copy of "back" in the near storage' },
  ]);
  await save(far.inner, "back", NEW);
  assertEquals(await Promise.all(leftovers.map((each) => each.remove())), [true, false]);
  assertEquals(await keysOf(near), ["back", "kept"]);
  assertEquals(await storage.delete("kept"), true);
  await save(far.inner, "last", OLD);
  await textsOf(storage, "last");
  await far.inner.delete("last");
  assertEquals(await storage.delete("last"), false, "It was not there any more");
  assertEquals(await near.exists("last"), false);
});

Deno.test('with write "near" nothing in far changes', async () => {
  using clock = stoppedClock();
  const { near, far, storage } = scene({ write: "near", maxAge: 60 });
  await save(far.inner, "shared", OLD);
  const { version } = await openThere(far.inner, "shared");
  await save(storage, "own", OLD);
  await save(storage, "shared", NEW);
  for (const each of [storage, new TieredStorage({ near, far, write: "near" })]) {
    clock.pass(60);
    assertEquals(await textsOf(each, "own"), OLD);
    assertEquals(await textsOf(each, "shared"), NEW);
    assertEquals(await keysOf(each), ["own", "shared"]);
    assertEquals(await each.existsMany(["own", "shared", "a"]), new Set(["own", "shared"]));
  }
  assertEquals((await openThere(far.inner, "shared")).version, version);
  assertEquals(await keysOf(far.inner), ["shared"]);
  assertInstanceOf(await rejection(storage.delete("shared")), StorageError);
  assertInstanceOf(await rejection(storage.push()), StorageError);
  assertEquals(await textsOf(storage, "shared"), NEW);
  assertEquals(await storage.delete("own"), true);
  await save(far.inner, "shared", { ...OLD, "a.txt": "newer" });
  clock.pass(60);
  assertEquals((await textsOf(storage, "shared"))?.["a.txt"], "newer");
});

Deno.test("what is asked to be durable is so in both storages", async () => {
  const asked: (boolean | undefined)[] = [];
  const noting = () => {
    const storage = new MemoryStorage();
    const { create } = storage;
    storage.create = (key, options) => {
      asked.push(options?.durable);
      return create.call(storage, key, options);
    };
    return storage;
  };
  const storage = new TieredStorage({ near: noting(), far: noting() });
  await save(storage, "key", OLD, { durable: true });
  await save(storage, "key", OLD);
  assertEquals(asked, [true, true, undefined, undefined]);
});

Deno.test("the file that near keeps beside an entry is neither seen nor taken", async () => {
  const { near, far, storage } = scene();
  await save(storage, "key", OLD);
  const [own] = [...(await openThere(near, "key")).files.keys()].filter((file) => !(file in OLD));
  assertEquals(own, "labtech-tiered.json");
  assertEquals([...(await openThere(far.inner, "key")).files.keys()], Object.keys(OLD));
  const entry = await openThere(storage, "key");
  assertEquals([...entry.files.keys()], Object.keys(OLD));
  for (const read of [entry.read(own!), entry.stream(own!)]) {
    assertInstanceOf(await rejection(read), StorageError);
  }
  await using draft = await storage.create("key");
  assertInstanceOf(await rejection(draft.write(own!, bytesOf("{}"))), StorageError);
  await draft.write("labtech-tiered-2.json", bytesOf("mine"));
  await draft.commit();
  assertEquals(await textsOf(storage, "key"), { "labtech-tiered-2.json": "mine" });
  // A far storage that was a near one before has such files of its own.
  await save(far.inner, "other", { ...OLD, [own!]: "foreign" });
  assertEquals(await textsOf(storage, "other"), OLD);
});

Deno.test("a mark that is damaged or made by others makes a copy that far must confirm", async () => {
  const marks = ["", "{", "null", "[]", '{"format":2}', '{"format":1,"id":1,"kind":"copy","at":1}'];
  const hostile = ['{"format":1,"id":"a","kind":"__proto__","at":1e999}', " ".repeat(10_000)];
  for (const mark of [...marks, ...hostile]) {
    const { near, far, storage } = scene();
    await save(near, "key", { ...OLD, "labtech-tiered.json": mark });
    assertEquals(await storage.exists("key"), false);
    await save(far.inner, "key", NEW);
    assertEquals(await textsOf(storage, "key"), NEW);
    assertEquals(await textsOf(far.inner, "key"), NEW);
  }
});

Deno.test("what cannot be put together is refused", () => {
  const near = new MemoryStorage();
  const far = new MemoryStorage();
  for (
    const [options, message] of [
      [{ near, far: "s3" }, 'Expected a Storage as far, got "s3"'],
      [{ far }, "Expected a Storage as near, got undefined"],
      [{ near, far: near }, "got the same as near and far"],
      [{ near, far, write: "far" }, 'Expected write of "both" or "near", got "far"'],
      [{ near, far, maxAge: -1 }, "Expected maxAge of 0 seconds or more, got -1"],
      [{ near, far, maxAge: Infinity }, "Expected maxAge of 0 seconds or more, got Infinity"],
    ] as const
  ) assertThrows(() => new TieredStorage(options as never), StorageError, message);
});

Deno.test("storages that are given are not disposed, those that are owned are", async () => {
  const disposed: string[] = [];
  const telling = (name: string) =>
    Object.assign(new MemoryStorage(), {
      // deno-lint-ignore require-await
      [Symbol.asyncDispose]: async () => void disposed.push(name),
    });
  const [near, far] = [telling("near"), telling("far")];
  await new TieredStorage({ near, far })[Symbol.asyncDispose]();
  assertEquals(disposed, []);
  const owned = new AsyncDisposableStack();
  owned.use(near);
  owned.use(far);
  await new TieredStorage({ near, far, owned })[Symbol.asyncDispose]();
  assertEquals(disposed, ["far", "near"]);
  assert(owned.disposed);
});
