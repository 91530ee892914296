import { assert, assertEquals, assertFalse, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { S3Storage, type S3StorageOptions } from "../../storages/s3.ts";
import {
  keysOf,
  noise,
  openThere,
  rejection,
  save,
  streamOf,
  textsOf,
} from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { KEYS, noS3, S3Server, testWithS3 } from "../servers/versitygw.ts";

const MIB = 2 ** 20;

// One server for all of the contract, with a bucket for each storage.
let server: S3Server | undefined;
if (!noS3) {
  Deno.test.beforeAll(async () => {
    server = await S3Server.start();
  });
  Deno.test.afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
  });
}
storageContract({
  name: "S3Storage",
  claims: true,
  make: () => new S3Storage(server!.bucket()),
  again: ({ bucket }) => new S3Storage({ bucket, endpoint: server!.endpoint, credentials: KEYS }),
  test: testWithS3,
});

/** Registers a test with a server and a storage in a bucket of it. */
function testIt(
  name: string,
  run: (scene: {
    readonly server: S3Server;
    readonly options: S3StorageOptions;
    readonly storage: S3Storage;
  }) => Promise<void>,
): void {
  testWithS3(`S3Storage: ${name}`, async () => {
    await using server = await S3Server.start();
    const options = server.bucket();
    await using storage = new S3Storage(options);
    await run({ server, options, storage });
  });
}

/** Gives the names of all objects in a bucket. */
function objectsOf(server: S3Server, bucket: string, folder = ""): string[] {
  return [...Deno.readDirSync(`${server.dir}/${bucket}/${folder}`)].flatMap(({ name, isFile }) => {
    if (name.startsWith(".sgwtmp")) return [];
    return isFile ? [folder + name] : objectsOf(server, bucket, `${folder}${name}/`);
  }).sort();
}

/** Counts the multipart uploads that are neither complete nor aborted. */
function pendingIn(server: S3Server, bucket: string): number {
  try {
    return [...Deno.readDirSync(`${server.dir}/${bucket}/.sgwtmp/multipart`)].length;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

testIt("a small entry is one PUT to save, and one GET to load", async ({ server, storage }) => {
  const files = { "result.cbor": noise(1000), "metadata.json": "{}" };
  const { bucket } = storage;
  const record = `/${bucket}/entries/key`;
  assertEquals(await server.requests(() => save(storage, "key", files)), [`PutObject ${record}`]);
  const load = async () => void await textsOf(storage, "key");
  assertEquals(await server.requests(load), [`GetObject ${record}`]);
  const replace = () => save(storage, "key", files);
  assertEquals(await server.requests(replace), [
    `PutObject ${record}`,
    `GetObject ${record}`,
    `PutObject ${record}`,
  ]);
  const remove = () => storage.delete("key");
  assertEquals(await server.requests(remove), [`GetObject ${record}`, `DeleteObject ${record}`]);
  assertEquals(objectsOf(server, bucket), []);
});

testIt("thousands of keys are looked for in pages of a listing", async ({ server, storage }) => {
  const keys = Array.from({ length: 2500 }, (_, n) => `Task__${n}`);
  const { bucket } = storage;
  await save(storage, "Task__7", {});
  const record = await Deno.readFile(`${server.dir}/${bucket}/entries/Task__7`);
  for (const key of keys.slice(0, 2400)) {
    Deno.writeFileSync(`${server.dir}/${bucket}/entries/${key}`, record);
  }
  let found = new Set<string>();
  const requests = await server.requests(async () => found = await storage.existsMany(keys));
  assertEquals(found, new Set(keys.slice(0, 2400)));
  assertEquals(requests, Array(3).fill(`ListObjectsV2 /${bucket}/`));
  const some = keys.filter((_, n) => n % 100 === 0);
  const few = await server.requests(async () => found = await storage.existsMany(some));
  assertEquals(found.size, 24);
  assert(few.length <= 3, `${few.length} calls`);
  assertEquals((await keysOf(storage)).length, 2400);
});

testIt("a large file goes in parts, beside the record", async ({ server, storage }) => {
  const { bucket } = storage;
  const data = noise(40 * MIB + 1);
  const pieces = Array.from({ length: 41 }, (_, n) => data.subarray(n * MIB, (n + 1) * MIB));
  const requests = await server.requests(async () => {
    await using draft = await storage.create("key");
    await draft.write("stream", streamOf(pieces));
    await draft.write("whole", data);
    await draft.write("medium", data.subarray(0, 5 * MIB));
    await draft.commit();
  });
  const count = (call: string, file: string) =>
    requests.filter((line) => line.startsWith(`${call} `) && line.endsWith(file)).length;
  for (const file of ["0-stream", "1-whole"]) {
    assertEquals(count("UploadPart", file), 3);
    for (const call of ["CreateMultipartUpload", "CompleteMultipartUpload"]) {
      assertEquals(count(call, file), 1);
    }
  }
  assertEquals([count("UploadPart", "2-medium"), count("PutObject", "2-medium")], [0, 1]);
  const entry = await openThere(storage, "key");
  for (const file of ["stream", "whole"]) {
    const read = await entry.read(file);
    assert(read.length === data.length && read.every((byte, n) => byte === data[n]), file);
  }
  await save(storage, "key", { "a.txt": "a" });
  assertEquals(objectsOf(server, bucket), ["entries/key"]);
  const error = await rejection(entry.read("whole"));
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /read "whole" of "key": the entry was replaced .*; open it again/);
  assertInstanceOf(
    await rejection(new Response(await entry.stream("stream")).bytes()),
    StorageError,
  );
});

for (const how of ["aborted", "failed", "disposed"] as const) {
  testIt(`an upload that is ${how} midway leaves nothing`, async ({ server, storage }) => {
    const { bucket } = storage;
    const abort = new AbortController();
    const reason = new Error("changed my mind");
    const draft = await storage.create("key");
    let pulls = 0;
    const data = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (pulls++ < 40) return controller.enqueue(new Uint8Array(MIB));
        while (pendingIn(server, bucket) === 0) await new Promise((go) => setTimeout(go, 5));
        if (how === "aborted") abort.abort(reason);
        else if (how === "failed") controller.error(reason);
        else draft[Symbol.asyncDispose]();
      },
    });
    const error = await rejection(draft.write("large", data, { signal: abort.signal }));
    if (how === "disposed") assertInstanceOf(error, StorageError);
    else assertEquals(error, reason);
    await draft[Symbol.asyncDispose]();
    assertEquals(pendingIn(server, bucket), 0);
    assertEquals(objectsOf(server, bucket), []);
  });
}

testIt("refused credentials are an error that says so", async ({ options }) => {
  for (
    const wrong of [{ secretAccessKey: "another-secret" }, { accessKeyId: "another-key" }]
  ) {
    await using storage = new S3Storage({ ...options, credentials: { ...KEYS, ...wrong } });
    for (const call of [() => save(storage, "key", {}), () => storage.exists("key")]) {
      const error = await rejection(call());
      assertInstanceOf(error, StorageError);
      assertMatch(error.message, /"s3:\/\/bucket-1\/" at http.*the server refuses the credentials/);
      const shown = Deno.inspect(error, { depth: 99, showHidden: true });
      assertFalse(Object.values({ ...KEYS, ...wrong }).some((secret) => shown.includes(secret)));
    }
  }
});

testIt("a bucket that is missing is an error that says so", async ({ options }) => {
  await using storage = new S3Storage({ ...options, bucket: "nowhere" });
  for (
    const call of [
      () => save(storage, "key", {}),
      () => save(storage, "key", { large: noise(20 * MIB) }),
      () => storage.exists("key"),
      () => storage.existsMany(["key"]),
      () => storage.delete("key"),
      () => storage.setAside("key"),
      () => keysOf(storage),
      () => Array.fromAsync(storage.findLeftovers()),
    ]
  ) {
    const error = await rejection(call());
    assertInstanceOf(error, StorageError, String(call));
    assertMatch(error.message, /"s3:\/\/nowhere\/" .*there is no such bucket; make it/);
  }
});

testWithS3("S3Storage: a server that is none of S3 is an error, not an empty storage", async () => {
  await using other = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("What are you looking for?", { status: 404 }),
  );
  const endpoint = `http://127.0.0.1:${other.addr.port}`;
  await using storage = new S3Storage({ bucket: "bucket", endpoint, credentials: KEYS });
  for (
    const call of [
      () => storage.exists("key"),
      () => storage.delete("key"),
      () => keysOf(storage),
      () => save(storage, "key", {}),
    ]
  ) assertInstanceOf(await rejection(call()), StorageError, String(call));
});

testIt("a server that is away is an error that says so", async ({ server, storage }) => {
  await save(storage, "key", { large: noise(MIB) });
  const entry = await openThere(storage, "key");
  await using draft = await storage.create("other");
  await draft.write("a.txt", new Uint8Array(10));
  await server.kill();
  for (
    const call of [() => entry.read("large"), () => storage.exists("key"), () => draft.commit()]
  ) {
    const error = await rejection(call());
    assertInstanceOf(error, StorageError, String(call));
    assertMatch(error.message, /check the endpoint and the network, then try again/);
  }
});

testIt("a record that is damaged, or of another key, is a miss", async ({ server, storage }) => {
  const path = (key: string) => `${server.dir}/${storage.bucket}/entries/${key}`;
  await save(storage, "key", { "a.txt": "a", large: noise(MIB) });
  await save(storage, "other", { "a.txt": "a" });
  const whole = await Deno.readFile(path("key"));
  const flipped = (at: number) => whole.map((byte, n) => n === at ? byte ^ 1 : byte);
  const places = Array.from({ length: 40 }, (_, n) => Math.floor(n * whole.length / 40));
  for (
    const bytes of [
      ...places.map(flipped),
      flipped(whole.length - 1),
      whole.subarray(0, -1),
      new Uint8Array(),
      await Deno.readFile(path("other")),
    ]
  ) {
    await Deno.writeFile(path("key"), bytes);
    assertEquals(await storage.open("key"), undefined);
    assertEquals(await storage.exists("key"), false);
  }
  assertEquals(await keysOf(storage), ["key", "other"]);
  assert(await storage.setAside("key"));
  await save(storage, "key", { "a.txt": "new" });
  assertEquals(await textsOf(storage, "key"), { "a.txt": "new" });
});
