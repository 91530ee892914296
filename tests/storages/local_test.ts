import { assert, assertEquals, assertInstanceOf, assertMatch, assertThrows } from "@std/assert";
import { toFileUrl } from "@std/path/to-file-url";
import { StorageError } from "../../errors.ts";
import { Pace } from "../../storages/_pace.ts";
import { LocalStorage } from "../../storages/mod.ts";
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
import { storageContract } from "../../testing/mod.ts";
import { HOSTILE_FILE_NAMES, HOSTILE_KEYS } from "../../testing/_hostile_names.ts";
import { scratch, treeOf } from "./_scratch.ts";

const FILES = { "a.txt": "a", "metadata.json": "{}" };

storageContract({
  name: "LocalStorage",
  claims: true,
  make: async () => new LocalStorage(await Deno.makeTempDir()),
  again: ({ dir }) => new LocalStorage(dir),
  remove: ({ dir }) => Deno.remove(dir, { recursive: true }),
});

storageContract({
  name: "LocalStorage, always durable",
  claims: true,
  make: async () => new LocalStorage({ dir: await Deno.makeTempDir(), durability: "always" }),
  again: ({ dir }) => new LocalStorage({ dir, durability: "always" }),
  remove: ({ dir }) => Deno.remove(dir, { recursive: true }),
});

Deno.test("a directory is given as a path, relative or not, or as a URL", () => {
  const cwd = Deno.cwd();
  assertEquals(new LocalStorage("results").dir, `${cwd}/results`);
  assertEquals(new LocalStorage({ dir: "./a/../results/" }).dir, `${cwd}/results`);
  assertEquals(new LocalStorage("/data/my results").dir, "/data/my results");
  assertEquals(new LocalStorage(toFileUrl("/data/100%, ü#?")).dir, "/data/100%, ü#?");
  assertEquals(
    new LocalStorage({ dir: new URL("file:///data/my%20results/") }).dir,
    "/data/my results",
  );
  assertEquals(new LocalStorage("file:///data").dir, "/data");
});

Deno.test("what is no path of a directory is refused", () => {
  const unfit = ["", "a\0b", undefined, null, 1, {}, new URL("https://example.com/results")];
  for (const dir of unfit as string[]) {
    assertThrows(() => new LocalStorage({ dir }), StorageError, "as storage, got");
  }
  const durability = "sometimes" as "always";
  assertThrows(
    () => new LocalStorage({ dir: "a", durability }),
    StorageError,
    "Expected durability",
  );
});

Deno.test("asks for its directory, and tells how another thread makes it again", () => {
  const storage = new LocalStorage({ dir: "/data", gitignore: false });
  assertEquals(storage.permissions, { read: ["/data"], write: ["/data"] });
  const spec = { type: "local", dir: "/data", gitignore: false, durability: "auto" };
  assertEquals<unknown>(storage.spec, spec);
});

Deno.test("nothing is on disk before the first save, nor after refused names", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(`${place.dir}/deep/down`);
  assertEquals(await keysOf(storage), []);
  assertEquals(await storage.exists("key"), false);
  assertEquals(await storage.open("key"), undefined);
  assertEquals(await storage.delete("key"), false);
  assertEquals(await storage.existsMany(["key"]), new Set());
  for (const key of HOSTILE_KEYS as string[]) await rejection(storage.create(key));
  assertEquals(treeOf(place.dir), {});
  await save(storage, "key", FILES);
  await storage[Symbol.asyncDispose]();
  assertEquals(namesIn(`${place.dir}/deep/down`), [".gitignore", "key"]);
});

Deno.test("an entry is one folder with its data files, and the record with metadata.json in it", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "Square__1", {
    "result.txt": "16",
    "Notes.md": "n",
    "metadata.json": '{"a":1}',
  });
  const folder = `${place.dir}/Square__1~b`;
  const names = namesIn(folder);
  assertEquals(names.length, 3);
  assertMatch(names[0]!, /^[0-9a-z]{8}-1-0-result\.txt$/);
  assertMatch(names[1]!, /^[0-9a-z]{8}-1-1-Notes\.md$/);
  assertEquals(names[2], "metadata.json");
  assertEquals(Deno.readTextFileSync(`${folder}/${names[0]}`), "16");
  const record = JSON.parse(Deno.readTextFileSync(`${folder}/metadata.json`));
  assertEquals(record["metadata.json"], { a: 1 });
  assertEquals(record.entry.key, "Square__1");
});

Deno.test("a metadata.json that is no JSON, or large, is a data file like others", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  for (const data of ["{", JSON.stringify("x".repeat(2 ** 20))]) {
    await save(storage, "key", { "metadata.json": data });
    const names = namesIn(`${place.dir}/key`);
    assertMatch(names[0]!, /^[0-9a-z]{8}-[0-9a-z]+-0-metadata\.json$/);
    assertEquals(names.length, 2);
    assertEquals(await textsOf(storage, "key"), { "metadata.json": data });
  }
});

Deno.test("a replaced, deleted or discarded entry leaves no files behind", async () => {
  await using place = await scratch();
  const storage = new LocalStorage({ dir: place.dir, gitignore: false });
  const other = new LocalStorage(storage.spec as unknown as { dir: string });
  for (let n = 0; n < 5; n++) {
    await save(n % 2 ? storage : other, "key", { ...FILES, [`${n}`]: "n" });
  }
  assertEquals([...Deno.readDirSync(`${place.dir}/key`)].length, 3);
  {
    await using draft = await storage.create("key");
    await draft.write("b.bin", noise(2 ** 21));
    await draft.write("b.txt", bytesOf("b"));
    await rejection(draft.write("c.txt", failingStream(new Error("boom"))));
  }
  assertEquals([...Deno.readDirSync(`${place.dir}/key`)].length, 3);
  await storage.delete("key");
  {
    await using draft = await storage.create("key");
    await draft.write("b.txt", bytesOf("b"));
  }
  for (const each of [storage, other]) await each[Symbol.asyncDispose]();
  assertEquals([...Deno.readDirSync(place.dir)], []);
});

Deno.test("a durable entry is saved by streams, pieces and whole like any other", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(`${place.dir}/deep/down`);
  const data = noise(3 * 2 ** 20);
  for (let round = 0; round < 2; round++) {
    await using draft = await storage.create("Key", { durable: true });
    await draft.write("a.bin", data);
    await draft.write("b.bin", streamOf([data.subarray(0, 9), data.subarray(9)]));
    await draft.write("c.txt", bytesOf("c"));
    await draft.write("metadata.json", bytesOf("{}"));
    await draft.commit();
    const entry = await openThere(storage, "Key");
    assertEquals([...entry.files.values()], [data.length, data.length, 1, 2]);
    assertEquals([...Deno.readDirSync(`${storage.dir}/Key~b`)].length, 4);
  }
});

Deno.test("a draft that is disposed while a stream is written stops and leaves nothing", async () => {
  await using place = await scratch();
  const storage = new LocalStorage({ dir: place.dir, gitignore: false });
  const draft = await storage.create("key");
  const writing = rejection(draft.write("a.txt", new ReadableStream({})));
  await draft[Symbol.asyncDispose]();
  assertInstanceOf(await writing, StorageError);
  await storage[Symbol.asyncDispose]();
  assertEquals([...Deno.readDirSync(place.dir)], []);
});

Deno.test("a commit waits for no write: it says which promise was not awaited", async () => {
  await using place = await scratch();
  await using draft = await new LocalStorage(place).create("key");
  const abort = new AbortController();
  const writing = rejection(draft.write("a.txt", new ReadableStream({}), abort));
  const error = await rejection(draft.commit());
  assertMatch((error as Error).message, /still being written; await its write first/);
  abort.abort();
  await writing;
});

Deno.test("thousands of keys are listed, without folders that have no record", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "key", FILES);
  for (let n = 0; n < 2000; n++) Deno.mkdirSync(`${place.dir}/key-${n}`);
  for (let n = 0; n < 1000; n++) Deno.writeTextFileSync(`${place.dir}/key-${n}/metadata.json`, "");
  assertEquals((await keysOf(storage)).length, 1001);
  assertEquals((await keysOf(storage, "key-99")).length, 11);
});

Deno.test("a rest between file calls lets timers of others fire", async () => {
  let isFired = false;
  setTimeout(() => isFired = true);
  const pace = new Pace();
  while (!isFired) if (pace.due) await pace.rest();
});

Deno.test("a .gitignore is written by the first save only, and left alone where it is the same", async () => {
  await using place = await scratch();
  const path = `${place.dir}/.gitignore`;
  await save(new LocalStorage({ dir: place.dir, gitignore: false }), "key", FILES);
  assertEquals(Object.keys(treeOf(place.dir)).includes(".gitignore"), false);
  const storage = new LocalStorage(place);
  await storage.exists("key");
  assertEquals(Object.keys(treeOf(place.dir)).includes(".gitignore"), false);
  await save(storage, "key", FILES);
  assertEquals(Deno.readTextFileSync(path), "*\n");
  const { ino } = Deno.statSync(path);
  await save(new LocalStorage(place), "key", FILES);
  assertEquals(Deno.statSync(path).ino, ino);
  for (const text of ["", "node_modules\n", "!\n"]) {
    Deno.writeTextFileSync(path, text);
    await save(new LocalStorage(place), "key", FILES);
    assertEquals(Deno.readTextFileSync(path), "*\n");
  }
  Deno.writeTextFileSync(path, "mine");
  await save(storage, "key", FILES);
  assertEquals(Deno.readTextFileSync(path), "mine", "Written once by each storage");
  Deno.removeSync(path);
  Deno.mkdirSync(path);
  const error = await rejection(save(new LocalStorage(place), "key", FILES));
  assertMatch((error as Error).message, /\.gitignore".* is a directory.*gitignore to false/);
});

Deno.test("a directory that is removed meanwhile is made again", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(`${place.dir}/results`);
  await save(storage, "key", FILES);
  await Deno.remove(storage.dir, { recursive: true });
  assertEquals(await storage.exists("key"), false);
  assertEquals(await keysOf(storage), []);
  await using draft = await storage.create("key");
  await Deno.remove(storage.dir, { recursive: true });
  await draft.write("a.txt", bytesOf("a"));
  await draft.commit();
  assertEquals(await textsOf(storage, "key"), { "a.txt": "a" });
  assertEquals(Deno.readTextFileSync(`${storage.dir}/.gitignore`), "*\n");
});

Deno.test("reading and asking change nothing on disk, the times of files included", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await save(storage, "key", FILES);
  Deno.mkdirSync(`${place.dir}/empty`);
  const before = treeOf(place.dir);
  for (const each of [storage, new LocalStorage(place)]) {
    await textsOf(each, "key");
    await keysOf(each);
    await each.exists("empty");
    await each.existsMany(["key", "empty", "other"]);
    await (await (await openThere(each, "key")).stream("a.txt")).cancel();
  }
  assertEquals(treeOf(place.dir), before);
});

for (
  const [what, plant, message] of [
    [
      "a file",
      (path: string) => Deno.writeTextFileSync(path, "mine"),
      "Expected a directory as storage",
    ],
    ["a link to a file", linkToFile, "Expected a directory as storage"],
    [
      "a link to nothing",
      (path: string) => Deno.symlinkSync("nothing", path),
      "is a link to nothing",
    ],
  ] as const
) {
  Deno.test(`${what} in place of the directory is an error that says so, and stays`, async () => {
    await using place = await scratch();
    const dir = `${place.dir}/results`;
    plant(dir);
    const before = treeOf(place.dir);
    for (
      const call of [
        (storage: LocalStorage) => save(storage, "key", FILES),
        (storage: LocalStorage) => storage.exists("key"),
        (storage: LocalStorage) => storage.open("key"),
        (storage: LocalStorage) => storage.delete("key"),
        (storage: LocalStorage) => storage.existsMany(["key"]),
        (storage: LocalStorage) => keysOf(storage),
      ]
    ) {
      const error = await rejection(call(new LocalStorage(dir)));
      assertInstanceOf(error, StorageError);
      assert(error.message.includes(message) && error.message.includes(dir), error.message);
      assertMatch(error.message, /remove/);
    }
    assertEquals(treeOf(place.dir), before);
  });
}

Deno.test("a link to a directory can be the storage", async () => {
  await using place = await scratch();
  Deno.mkdirSync(`${place.dir}/real`);
  Deno.symlinkSync("real", `${place.dir}/results`);
  const storage = new LocalStorage(`${place.dir}/results`);
  await save(storage, "key", FILES);
  assertEquals(await textsOf(new LocalStorage(`${place.dir}/real`), "key"), FILES);
  assertEquals(await keysOf(storage), ["key"]);
});

Deno.test("a directory that cannot be written to is an error with the path, cause and remedy", async () => {
  await using place = await scratch();
  Deno.chmodSync(place.dir, 0o555);
  const storage = new LocalStorage(place);
  try {
    const error = await save(storage, "key", FILES).then(() => undefined, (error) => error);
    if (!error) return console.log("skipped: the super-user may write everywhere");
    assertInstanceOf(error, StorageError);
    assert(error.message.includes(place.dir));
    assertMatch(error.message, /make it readable and writable, or choose another directory$/);
    assertInstanceOf(error.cause, Deno.errors.PermissionDenied);
  } finally {
    Deno.chmodSync(place.dir, 0o755);
  }
});

Deno.test("what fails at the medium is an error with its cause, and the draft cannot be committed", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(place);
  await using draft = await storage.create("key");
  Deno.removeSync(`${place.dir}/key`);
  Deno.writeTextFileSync(`${place.dir}/key`, "a file in the way");
  const error = await rejection(draft.write("a.txt", bytesOf("a")));
  assertInstanceOf(error, StorageError);
  assertMatch(error.message, /Expected a folder at ".*key"/);
  const second = await rejection(draft.commit());
  assertInstanceOf(second, StorageError);
  assertEquals(second.cause, error);
});

Deno.test("file names of every kind are in the record, never in a path", async () => {
  await using place = await scratch();
  const storage = new LocalStorage(`${place.dir}/results`);
  await using draft = await storage.create("key");
  for (const name of HOSTILE_FILE_NAMES as string[]) {
    await rejection(draft.write(name, bytesOf("x")));
  }
  await draft.commit();
  assertEquals([...Deno.readDirSync(`${storage.dir}/key`)].map(({ name }) => name), [
    "metadata.json",
  ]);
  assertEquals([...Deno.readDirSync(place.dir)].length, 1);
});

/** Gives the names in the folder of an entry, the record last. */
function namesIn(folder: string): string[] {
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
  const data = names.filter((name) => name !== "metadata.json");
  return names.length > data.length ? [...data, "metadata.json"] : data;
}

function linkToFile(path: string): void {
  Deno.writeTextFileSync(`${path}-file`, "mine");
  Deno.symlinkSync(`${path}-file`, path);
}
