import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { LocalStorage } from "../../storages/mod.ts";
import { keysOf, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch, testWithRun, treeOf } from "./_scratch.ts";

const FILES = { "a.txt": "a", "metadata.json": "{}" };
const PARTS = ["folder", "record", "data"] as const;

/** A storage with one entry, beside what nobody may touch. */
async function besideCanary() {
  const place = await scratch();
  const [dir, outside] = [`${place.dir}/storage`, `${place.dir}/outside`];
  Deno.mkdirSync(outside);
  Deno.writeTextFileSync(`${outside}/canary`, "alive");
  const storage = new LocalStorage(dir);
  await save(storage, "key", FILES);
  const folder = `${dir}/key`;
  const data = [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith("-a.txt"))!;
  const paths = { folder, record: `${folder}/metadata.json`, data: `${folder}/${data.name}` };
  const before = treeOf(outside);
  return {
    ...{ dir, outside, storage, paths },
    assertIntact: () => assertEquals(treeOf(outside), before),
    [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
  };
}

for (const part of PARTS) {
  for (const to of ["canary", "folder", "itself", "nothing"] as const) {
    Deno.test(`a link to ${to} in place of the ${part} is followed by no call`, async () => {
      await using place = await besideCanary();
      const { storage, outside } = place;
      const path = place.paths[part];
      const target = {
        canary: `${outside}/canary`,
        folder: outside,
        itself: `${outside}/copy`,
        nothing: "x",
      };
      if (to === "itself") {
        Deno.renameSync(path, target.itself);
        Deno.symlinkSync(target.itself, path);
      } else {
        Deno.removeSync(path, { recursive: true });
        Deno.symlinkSync(target[to], path);
      }
      const before = treeOf(outside);

      assertEquals(await storage.exists("key"), false);
      assertEquals(await storage.open("key"), undefined);
      assertEquals(await storage.existsMany(["key"]), new Set());
      if (part !== "data") assertEquals(await keysOf(storage), []);
      if (part !== "data") assertEquals(await storage.delete("key"), false);
      if (part === "folder") {
        assertInstanceOf(await rejection(save(storage, "key", FILES)), StorageError);
        Deno.removeSync(path);
      }
      await save(storage, "key", FILES);
      assertEquals(await textsOf(storage, "key"), FILES);
      assert(await storage.delete("key"));
      assertEquals(treeOf(outside), before);
    });
  }
}

Deno.test("a hard link in place of a file is replaced or removed, its other name untouched", async () => {
  for (const part of ["record", "data"] as const) {
    await using place = await besideCanary();
    const { storage, outside } = place;
    Deno.removeSync(place.paths[part]);
    Deno.linkSync(`${outside}/canary`, place.paths[part]);
    assertEquals(await storage.exists("key"), false);
    await save(storage, "key", FILES);
    assertEquals(await textsOf(storage, "key"), FILES);
    await storage.delete("key");
    place.assertIntact();
  }
});

Deno.test("a .gitignore that is a link is replaced, not written through", async () => {
  for (const target of ["canary", "nothing"]) {
    await using place = await besideCanary();
    Deno.removeSync(`${place.dir}/.gitignore`);
    Deno.symlinkSync(`${place.outside}/${target}`, `${place.dir}/.gitignore`);
    await save(new LocalStorage(place.dir), "key", FILES);
    assert(Deno.lstatSync(`${place.dir}/.gitignore`).isFile);
    assertEquals(Deno.readTextFileSync(`${place.dir}/.gitignore`), "*\n");
    place.assertIntact();
  }
});

Deno.test("a folder in place of the record is a miss, and no save or deletion touches it", async () => {
  await using place = await besideCanary();
  const { storage } = place;
  Deno.removeSync(place.paths.record);
  Deno.mkdirSync(`${place.paths.record}/inner`, { recursive: true });
  assertEquals(await storage.exists("key"), false);
  assertEquals(await keysOf(storage), []);
  assertEquals(await storage.delete("key"), false);
  assertInstanceOf(await rejection(save(storage, "key", FILES)), StorageError);
  assert(Deno.statSync(`${place.paths.record}/inner`).isDirectory);
});

Deno.test("foreign things in the directory and in an entry are passed over and kept", async () => {
  await using place = await besideCanary();
  const { storage, dir } = place;
  const names = [
    ".git",
    "notes",
    "Key",
    "KEY~x",
    "a b",
    "nul",
    "x".repeat(201),
    "é",
    "key~",
    "...",
  ];
  for (const name of names) Deno.mkdirSync(`${dir}/${name}`);
  for (const name of names) Deno.writeTextFileSync(`${dir}/${name}/metadata.json`, "{}");
  Deno.writeTextFileSync(`${dir}/a-file`, "mine");
  Deno.symlinkSync(place.paths.folder, `${dir}/link`);
  Deno.writeTextFileSync(`${dir}/key/mine.txt`, "mine");
  Deno.writeTextFileSync(`${dir}/key/abcdefgh-1-0-a.txt`, "somebody's draft");
  assertEquals(await keysOf(storage), ["key", "notes"]);
  assertEquals(await storage.exists("notes"), false);
  for (const key of ["a-file", "link", "Key", "nul"]) {
    assertEquals(await storage.exists(key), false, key);
    assertEquals(await storage.delete(key), false, key);
  }
  await save(storage, "key", FILES);
  assert(await storage.delete("key"));
  assertEquals([...Deno.readDirSync(`${dir}/key`)].map(({ name }) => name).sort(), [
    "abcdefgh-1-0-a.txt",
    "mine.txt",
  ]);
  for (const name of names) assert(Deno.statSync(`${dir}/${name}/metadata.json`).isFile);
  await save(storage, "key", FILES);
  assertEquals(await textsOf(storage, "key"), FILES);
});

testWithRun("a pipe at any place of an entry is never opened", async () => {
  for (const part of [...PARTS, "gitignore"] as const) {
    await using place = await besideCanary();
    const { storage, dir } = place;
    const path = part === "gitignore" ? `${dir}/.gitignore` : place.paths[part];
    Deno.removeSync(path, { recursive: true });
    const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
    assert(success);
    if (part !== "gitignore") {
      assertEquals(await storage.exists("key"), false);
      assertEquals(await storage.open("key"), undefined);
      if (part !== "data") assertEquals(await keysOf(storage), []);
      if (part !== "data") assertEquals(await storage.delete("key"), false);
    }
    const saving = save(new LocalStorage(dir), "key", FILES);
    if (part === "folder") assertInstanceOf(await rejection(saving), StorageError);
    else await saving;
    place.assertIntact();
  }
});

testWithRun("a device in place of the record or a data file is never opened", async () => {
  for (const part of ["record", "data"] as const) {
    await using place = await besideCanary();
    const { storage } = place;
    const path = place.paths[part];
    Deno.removeSync(path);
    const mknod = new Deno.Command("mknod", { args: [path, "c", "1", "5"], stderr: "null" });
    if (!(await mknod.output()).success) return console.log("skipped: mknod is not allowed here");
    assertEquals(await storage.exists("key"), false);
    assertEquals(await storage.open("key"), undefined);
    await save(storage, "key", FILES);
    assertEquals(await textsOf(storage, "key"), FILES);
  }
});
