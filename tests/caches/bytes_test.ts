import { Lab, LabError, task } from "@labtech/lab";
import { BytesCache } from "@labtech/lab/caches";
import { caches } from "@labtech/lab/registry";
import { LocalStorage, MemoryStorage, type Storage, StorageError } from "@labtech/lab/storages";
import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { Buffer } from "node:buffer";
import { CacheError, ConfigError, SerializationError } from "../../errors.ts";
import { noise } from "../../testing/_storage_scene.ts";
import { Kinds, ReadStream } from "./_bytes_tasks.ts";

const Blobs = task(import.meta, { name: "Blobs", run: ({ n }: { n: number }) => n });
const ANY = Blobs({ n: 1 });
const META = { start: new Date(0), duration: 1 };

async function save(storage: Storage, value: unknown, cache = new BytesCache()): Promise<void> {
  await cache.save(storage, "bytes__key", ANY, { value, meta: META });
}

async function load(storage: Storage, cache = new BytesCache()): Promise<unknown> {
  const problems: string[] = [];
  const report = (problem: string) => void problems.push(problem);
  const result = await cache.load(storage, "bytes__key", ANY, { report });
  assert(result, problems.join());
  return result.value;
}

const TEXTS = ["", "a", "héllo\n", "\ufeffwith a mark", "\u{1f600}\0", "x".repeat(100_000)];

Deno.test("a text comes back as the same text", async () => {
  for (const text of TEXTS) {
    const storage = new MemoryStorage();
    await save(storage, text);
    assertEquals(await load(storage), text);
  }
});

Deno.test("bytes come back as the same bytes, alone in the entry with their metadata", async () => {
  for (const bytes of [new Uint8Array(), new Uint8Array([0, 255]), noise(100_000).subarray(5, 9)]) {
    const storage = new MemoryStorage();
    await save(storage, bytes);
    const value = await load(storage);
    assertEquals(value, bytes);
    const entry = await storage.open("bytes__key");
    assertEquals([...entry!.files.keys()], ["result.bin", "metadata.json"]);
    assertEquals(await entry!.read("result.bin"), bytes);
  }
});

Deno.test("a stream comes back as a fresh stream at each load", async () => {
  const data = noise(3_000_000);
  for (const pieces of [[], [data], [data.slice(0, 7), new Uint8Array(), data.slice(7)]]) {
    const dir = await Deno.makeTempDir();
    const storage = new LocalStorage(dir);
    await save(storage, ReadableStream.from(pieces));
    for (let round = 0; round < 2; round++) {
      const value = await load(storage);
      assertInstanceOf(value, ReadableStream<Uint8Array>);
      const bytes = await new Response(value).bytes();
      assertEquals(bytes.length, pieces.reduce((sum, { length }) => sum + length, 0));
      if (pieces.length) assert(bytes.every((byte, at) => byte === data[at]));
    }
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a loaded stream that nobody reads, or that is cancelled, holds no file open", async () => {
  const dir = await Deno.makeTempDir();
  const storage = new LocalStorage(dir);
  await save(storage, ReadableStream.from([noise(2_000_000)]));
  await load(storage);
  await (await load(storage) as ReadableStream).cancel();
  const reader = (await load(storage) as ReadableStream).getReader();
  assert((await reader.read()).value.length > 0);
  await reader.cancel();
  await Deno.remove(dir, { recursive: true });
});

Deno.test("a stream that was saved stays locked, so that it does not pass for an empty one", async () => {
  const stream = ReadableStream.from([new Uint8Array(3)]);
  await save(new MemoryStorage(), stream);
  assert(stream.locked);
  assertThrows(() => stream.getReader(), TypeError);
});

Deno.test("a stream whose bytes are not those that were saved ends with an error", async () => {
  const storage = new MemoryStorage();
  await save(storage, ReadableStream.from([noise(1000)]));
  await tamper(storage, (name, bytes) => {
    if (name === "result.bin") bytes[999]! ^= 1;
  });
  const stream = await load(storage) as ReadableStream<Uint8Array>;
  const error = await assertRejects(() => new Response(stream).bytes(), SerializationError);
  assertMatch(error.message, /result\.bin is not as it was saved/);
});

Deno.test("a text or bytes that are not as they were saved are a miss", async () => {
  for (const value of ["text", new Uint8Array(4)]) {
    const storage = new MemoryStorage();
    await save(storage, value);
    await tamper(storage, (name, bytes) => {
      if (name === "result.bin") bytes[0]! ^= 1;
    });
    assertEquals(await new BytesCache().load(storage, "bytes__key", ANY), undefined);
  }
});

Deno.test("a stream of an entry that is gone by the time it is read ends with an error", async () => {
  const dir = await Deno.makeTempDir();
  const storage = new LocalStorage(dir);
  await save(storage, ReadableStream.from([noise(1000)]));
  const stream = await load(storage) as ReadableStream;
  await storage.delete("bytes__key");
  await assertRejects(() => new Response(stream).bytes(), StorageError);
  await Deno.remove(dir, { recursive: true });
});

Deno.test("an error of a stream's own comes through, and an earlier entry stays", async () => {
  const storage = new MemoryStorage();
  await save(storage, "earlier");
  const boom = new Error("boom");
  const failing = new ReadableStream({ pull: (controller) => controller.error(boom) });
  const error = await assertRejects(() => save(storage, failing), CacheError, "boom");
  assertEquals(error.cause, boom);
  assertEquals(await load(storage), "earlier");
});

for (
  const [what, value, says] of [
    ["a number", 1, /result is 1, and the cache "bytes" holds/],
    ["nothing", undefined, /result is undefined/],
    ["null", null, /result is null/],
    ["an array", [1], /result is an array/],
    ["an object", {}, /result is an object/],
    ["an ArrayBuffer", new ArrayBuffer(1), /class ArrayBuffer/],
    ["a Blob", new Blob(), /class Blob/],
    ["another typed array", new Uint16Array(1), /class Uint16Array/],
    ["a Buffer", Buffer.from("a"), /class Buffer.*new Uint8Array\(it\)/],
    ["shared memory", new Uint8Array(new SharedArrayBuffer(1)), /shared between threads/],
    ["half a surrogate pair", "a\ud800", /toWellFormed/],
    ["a stream of texts", ReadableStream.from(["a"]), /"a" in it.*TextEncoderStream/],
    ["a stream that is read", locked(), /something else reads already/],
  ] as const
) {
  Deno.test(`${what} is refused in words, and an earlier entry stays`, async () => {
    const storage = new MemoryStorage();
    await save(storage, "earlier");
    const error = await assertRejects(() => save(storage, value), CacheError);
    assertStringIncludes(error.message, 'The cache "bytes" cannot hold the result of Blobs(n=1)');
    assertMatch(error.message, says);
    assertInstanceOf(error.cause, SerializationError);
    assertEquals(await load(storage), "earlier");
  });
}

Deno.test("the file has the extension, and is loaded whatever it was", async () => {
  const storage = new MemoryStorage();
  await save(storage, "a;b\n", new BytesCache({ extension: "csv.txt" }));
  const entry = await storage.open("bytes__key");
  assertEquals(new TextDecoder().decode(await entry!.read("result.csv.txt")), "a;b\n");
  assertEquals(await load(storage, new BytesCache({ extension: "png" })), "a;b\n");
});

Deno.test("an extension that cannot be part of a file name is refused", () => {
  const wrong = ["", ".png", "a b", "../a", "a/b", "a.", "é", "x".repeat(91), 1, null];
  for (const extension of wrong as string[]) {
    assertThrows(() => new BytesCache({ extension }), CacheError, "Expected an extension");
    assertThrows(() => caches.create({ type: "bytes", extension }), ConfigError, "extension");
  }
  assertEquals(new BytesCache().extension, "bin");
  for (const extension of ["png", "tar.gz", "CSV", "x".repeat(90)]) {
    const cache = caches.create({ type: "bytes", extension });
    assertEquals<unknown>(cache.spec, { type: "bytes", extension });
    assertEquals(cache.keyPrefix, "bytes__");
  }
});

Deno.test("a Lab runs, keeps and loads texts, bytes and streams", async () => {
  await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial", progress: false });
  for (const kind of ["text", "bytes", "stream"]) await lab.runTask(Kinds({ kind }));
  assertEquals(await lab.runTask(Kinds({ kind: "text" })), "text");
  assertEquals(await lab.runTask(Kinds({ kind: "bytes" })), new TextEncoder().encode("bytes"));
  const stream = await lab.runTask(Kinds({ kind: "stream" })) as ReadableStream;
  assertEquals(await new Response(stream).text(), "streamstream");
});

Deno.test("workers save a stream, and it is read in the thread of the Lab", async () => {
  const storage = await Deno.makeTempDir();
  {
    await using lab = new Lab({ storage, runner: "workers", maxWorkers: 1, progress: false });
    for (let round = 0; round < 2; round++) {
      const stream = await lab.runTask(Kinds({ kind: "stream" })) as ReadableStream;
      assertEquals(await new Response(stream).text(), "streamstream");
    }
  }
  await Deno.remove(storage, { recursive: true });
});

for (const runner of ["serial", "async", "workers"]) {
  Deno.test(`${runner}: a stream can be read by all that need it, and by who asked for it`, async () => {
    const storage = await Deno.makeTempDir();
    {
      const stream = Kinds({ kind: "stream" });
      const readers = [1, 2, 3].map((reader) => ReadStream({ stream, reader }));
      for (let round = 0; round < 2; round++) {
        await using lab = new Lab({ storage, runner, maxWorkers: 2, progress: false });
        const results = await lab.runTasks([stream, ...readers]);
        assertEquals(
          await new Response(results.get(stream) as ReadableStream).text(),
          "streamstream",
        );
        for (const task of readers) {
          assertEquals(results.get(task), `${task.params.reader}: streamstream`);
        }
        if (round === 0) await lab.uncacheTasks(readers);
      }
    }
    await Deno.remove(storage, { recursive: true });
  });
}

Deno.test("a Lab that keeps nothing hands a stream on as it is", async () => {
  await using lab = new Lab({ storage: null, runner: "serial", progress: false });
  const stream = await lab.runTask(Kinds({ kind: "stream" })) as ReadableStream;
  assertEquals(await new Response(stream).text(), "streamstream");
});

Deno.test("a result that is refused fails its task", async () => {
  const Wrong = task(import.meta, { name: "BytesWrong", cache: "bytes", run: () => 1 });
  await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial", progress: false });
  const error = await assertRejects(() => lab.runTask(Wrong({})), LabError);
  assertStringIncludes(error.message, 'the cache "bytes" holds a Uint8Array, a string or a');
});

function locked(): ReadableStream {
  const stream = new ReadableStream();
  stream.getReader();
  return stream;
}

/** Writes an entry anew with some of its bytes changed, its metadata as they were. */
async function tamper(storage: Storage, change: (name: string, bytes: Uint8Array) => void) {
  const entry = (await storage.open("bytes__key"))!;
  await using draft = await storage.create("bytes__key");
  for (const name of entry.files.keys()) {
    const bytes = await entry.read(name);
    change(name, bytes);
    await draft.write(name, bytes);
  }
  await draft.commit();
}
