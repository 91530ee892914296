import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { StorageError } from "../../errors.ts";
import { type Leftover, LocalStorage, type Storage } from "../../storages/mod.ts";
import { bytesOf, keysOf, noise, rejection, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch, testWithRun, treeOf } from "./_scratch.ts";

const DAY = 86_400_000;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

/** A storage with the entry "key", and what makes files in its directory as if others had left them. */
async function scene() {
  const place = await scratch();
  const dir = `${place.dir}/storage`;
  const storage = new LocalStorage({ dir, gitignore: false });
  await save(storage, "key", FILES);
  await storage[Symbol.asyncDispose]();
  return {
    ...{ dir, storage, outside: place.dir },
    plant(path: string, text = "left", age = 0) {
      const folder = `${dir}/${path}`.replace(/\/[^/]*$/, "");
      Deno.mkdirSync(folder, { recursive: true });
      Deno.writeTextFileSync(`${dir}/${path}`, text);
      const time = new Date(Date.now() - age);
      Deno.utimeSync(`${dir}/${path}`, time, time);
    },
    async [Symbol.asyncDispose]() {
      await storage[Symbol.asyncDispose]();
      await place[Symbol.asyncDispose]();
    },
  };
}

async function found(storage: Storage, grace?: number): Promise<string[]> {
  const places: string[] = [];
  for await (const { kind, place } of storage.findLeftovers({ grace })) {
    places.push(`${kind} ${place.slice((storage as LocalStorage).dir.length + 1)}`);
  }
  return places.sort();
}

async function removeAll(storage: Storage, grace?: number): Promise<boolean[]> {
  const gone: boolean[] = [];
  for (const leftover of await Array.fromAsync(storage.findLeftovers({ grace }))) {
    gone.push(await leftover.remove());
  }
  return gone;
}

Deno.test("what a dead writer left is found and removed at once, its marker last", async () => {
  await using place = await scene();
  const { dir, storage, plant } = place;
  const before = treeOf(dir);
  plant(".writers/deadbeef.lock", "");
  plant("key/deadbeef-1-0-a.txt", "12345");
  plant("key/deadbeef-1.tmp", "{");
  plant("other/deadbeef-2-0-b.txt");
  plant(".gitignore.deadbeef-0.tmp");
  const leftovers = await Array.fromAsync(storage.findLeftovers());
  assertEquals(
    leftovers.map(({ kind, place, bytes }) => `${kind} ${place.slice(dir.length + 1)} ${bytes}`)
      .sort(),
    [
      "draft .gitignore.deadbeef-0.tmp 4",
      "draft .writers/deadbeef.lock 0",
      "draft other/deadbeef-2 4",
      "replaced key/deadbeef-1 6",
    ],
  );
  assertMatch(leftovers.at(-1)!.place, /deadbeef\.lock$/);
  assert(leftovers.every(({ since }) => since && Date.now() - since.getTime() < DAY));
  for (const leftover of leftovers) assertEquals(await leftover.remove(), true);
  for (const leftover of leftovers) assertEquals(await leftover.remove(), true);
  const { key: _folder, ...after } = treeOf(dir);
  const { key: _same, ...expected } = before;
  assertEquals(after, expected);
  assertEquals(await textsOf(storage, "key"), FILES);
});

Deno.test("a live writer's draft is nobody's leftover, in the same process or not, whatever the grace", async () => {
  await using place = await scene();
  const other = new LocalStorage(place.dir);
  await using draft = await other.create("key");
  await draft.write("b.txt", bytesOf("b"));
  await using empty = await other.create("fresh");
  for (const each of [place.storage, other]) assertEquals(await removeAll(each), []);
  assertEquals(await found(place.storage, 0), ["draft fresh"]);
  assertEquals(await removeAll(place.storage, 0), [true]);
  await draft.commit();
  await empty.write("c.txt", bytesOf("c"));
  await empty.commit();
  assertEquals(await textsOf(place.storage, "key"), { "b.txt": "b" });
  assertEquals(await textsOf(place.storage, "fresh"), { "c.txt": "c" });
  await other[Symbol.asyncDispose]();
  assertEquals(await found(place.storage, 0), []);
});

Deno.test("a storage knows which of its own drafts are over", async () => {
  await using place = await scene();
  const { dir, storage } = place;
  await using draft = await storage.create("other");
  await draft.write("b.txt", bytesOf("b"));
  const own = [...Deno.readDirSync(`${dir}/other`)][0]!.name.slice(0, 8);
  place.plant(`key/${own}-zz-0-a.txt`);
  assertEquals(await found(new LocalStorage(dir)), []);
  assertEquals(await found(storage), [`replaced key/${own}-zz`]);
  assertEquals(await removeAll(storage), [true]);
  await draft.commit();
  assertEquals(await textsOf(storage, "other"), { "b.txt": "b" });
});

Deno.test("without a marker, time tells", async () => {
  await using place = await scene();
  const { storage, plant } = place;
  plant("old/12345678-1-0-a.txt", "a", 2 * DAY);
  plant("both/12345678-2-0-a.txt", "a", 2 * DAY);
  plant("both/12345678-2-1-b.txt", "b", DAY / 2);
  assertEquals(await found(storage), ["draft old/12345678-1"]);
  assertEquals(await found(storage, DAY / 4), ["draft both/12345678-2", "draft old/12345678-1"]);
  assertEquals(await removeAll(storage, 0), [true, true]);
  assertEquals(Object.keys(treeOf(place.dir)).filter((name) => !name.startsWith("key")), []);
});

Deno.test("a draft that is thought dead and commits after all is not removed", async () => {
  await using place = await scene();
  const other = new LocalStorage(place.dir);
  await using draft = await other.create("key");
  await draft.write("b.txt", bytesOf("b"));
  Deno.removeSync(`${place.dir}/.writers`, { recursive: true });
  const leftovers = await Array.fromAsync(place.storage.findLeftovers({ grace: 0 }));
  assertEquals(leftovers.length, 1);
  await draft.commit();
  assertEquals(await leftovers[0]!.remove(), false);
  assertEquals(await textsOf(place.storage, "key"), { "b.txt": "b" });
  await other[Symbol.asyncDispose]();
});

Deno.test("a deletion that died is finished, whoever wrote the entry", async () => {
  await using place = await scene();
  const { dir, storage } = place;
  const live = new LocalStorage(dir);
  await save(live, "gone", FILES);
  await using draft = await live.create("other");
  await draft.write("b.txt", bytesOf("b"));
  Deno.renameSync(`${dir}/gone/metadata.json`, `${dir}/gone/deadbeef-7.tmp`);
  assertEquals(await found(storage), ["replaced gone/deadbeef-7"]);
  assertEquals(await removeAll(storage), [true]);
  assertEquals(Object.keys(treeOf(dir)).includes("gone"), false);
  await live[Symbol.asyncDispose]();
});

Deno.test("a folder in which nothing was made is left over after a minute", async () => {
  await using place = await scene();
  Deno.mkdirSync(`${place.dir}/empty`);
  assertEquals(await found(place.storage), []);
  const time = new Date(Date.now() - 61_000);
  Deno.utimeSync(`${place.dir}/empty`, time, time);
  assertEquals(await found(place.storage), ["draft empty"]);
  const [leftover] = await Array.fromAsync(place.storage.findLeftovers()) as [Leftover];
  await save(place.storage, "empty", FILES);
  assertEquals(await leftover.remove(), false);
  assertEquals(await textsOf(place.storage, "empty"), FILES);
});

Deno.test("what no storage makes is foreign, and removed only when it is asked to", async () => {
  await using place = await scene();
  const { dir, storage, plant, outside } = place;
  plant("key/notes.txt");
  plant("key/deadbeef-1-0-..", "left");
  plant("README");
  plant(".writers/notes");
  plant("Not a key/file");
  Deno.mkdirSync(`${outside}/canary`);
  Deno.symlinkSync(`${outside}/canary`, `${dir}/link`);
  Deno.symlinkSync(`${outside}/canary`, `${dir}/key/deadbeef-1-0-a.txt`);
  const expected = ["Not a key", "README", ".writers/notes", "key/deadbeef-1-0-..", "link"]
    .concat("key/deadbeef-1-0-a.txt", "key/notes.txt").map((path) => `foreign ${path}`).sort();
  assertEquals(await found(storage, 0), expected);
  assertEquals(new Set(await removeAll(storage)), new Set([true]));
  assertEquals(await found(storage, 0), []);
  assert(Deno.statSync(`${outside}/canary`).isDirectory);
  assertEquals(await textsOf(storage, "key"), FILES);
});

Deno.test("a damaged entry is left as it is, until it is set aside with its files", async () => {
  for (const damage of ["{}", '{"sha256":"0"']) {
    await using place = await scene();
    const { dir, storage, plant } = place;
    const record = Deno.readTextFileSync(`${dir}/key/metadata.json`);
    plant("key/metadata.json", damage === "{}" ? damage : record.replace("{}", "[]"));
    plant(".writers/deadbeef.lock", "");
    plant("key/deadbeef-1-0-a.txt");
    assertEquals(await storage.exists("key"), false);
    assertEquals(await found(storage, 0), ["draft .writers/deadbeef.lock"]);
    const path = await storage.setAside("key");
    assertMatch(path!, /\.aside\/\d{8}T\d{6}Z-[0-9a-z]{8}-\d\/key$/);
    assert([...Deno.readDirSync(path!)].length >= 2);
    assertEquals(await keysOf(storage), []);
    const kinds = (await found(storage, 0)).map((text) => text.split(" ")[0]);
    assert(kinds.includes("aside"));
    await removeAll(storage, 0);
    assertEquals(await found(storage, 0), []);
    assertEquals(treeOf(dir), {});
  }
});

Deno.test("a draft under way is not set aside with the entry", async () => {
  await using place = await scene();
  const other = new LocalStorage(place.dir);
  await using draft = await other.create("key");
  await draft.write("b.bin", noise(2 ** 21));
  for (const damaged of [false, true]) {
    if (damaged) place.plant("key/metadata.json", "{}");
    assert(await place.storage.setAside("key"));
  }
  await draft.commit();
  assertEquals((await place.storage.open("key"))?.files, new Map([["b.bin", 2 ** 21]]));
  await other[Symbol.asyncDispose]();
});

Deno.test("links in place of the folders of markers and of what lies aside are followed by no call", async () => {
  for (const name of [".writers", ".aside"]) {
    await using place = await scene();
    const { dir, storage, outside } = place;
    Deno.mkdirSync(`${outside}/canary`);
    Deno.writeTextFileSync(`${outside}/canary/deadbeef.lock`, "");
    Deno.symlinkSync(`${outside}/canary`, `${dir}/${name}`);
    const before = treeOf(`${outside}/canary`);
    const call = name === ".aside" ? storage.setAside("key") : storage.create("other");
    const error = await rejection(call);
    assertInstanceOf(error, StorageError);
    assertMatch(error.message, /Expected a folder at .* but it is a link; remove it/);
    assertEquals(await textsOf(storage, "key"), FILES);
    assertEquals(await found(storage, 0), [`foreign ${name}`]);
    assertEquals(treeOf(`${outside}/canary`), before);
  }
});

Deno.test("a storage that is disposed leaves no marker, and takes one again when it is used again", async () => {
  await using place = await scene();
  const { dir, storage } = place;
  assertEquals([...Deno.readDirSync(dir)].length, 1);
  for (let round = 0; round < 2; round++) {
    await using draft = await storage.create("other");
    await storage[Symbol.asyncDispose]();
    assertEquals([...Deno.readDirSync(`${dir}/.writers`)].length, 1, "a draft is under way");
    await draft[Symbol.asyncDispose]();
    assertEquals([...Deno.readDirSync(dir)].length, 1);
  }
});

Deno.test("leftovers are looked for and removed under a signal", async () => {
  await using place = await scene();
  place.plant("old/12345678-1-0-a.txt", "a", 2 * DAY);
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertEquals(await rejection(Array.fromAsync(place.storage.findLeftovers({ signal }))), reason);
  const [leftover] = await Array.fromAsync(place.storage.findLeftovers()) as [Leftover];
  assertEquals(await rejection(leftover.remove({ signal })), reason);
  assertEquals(await rejection(place.storage.setAside("key", { signal })), reason);
  assertEquals(await found(place.storage), ["draft old/12345678-1"]);
});

testWithRun(
  "a process that is killed is dead to others at once; one that lives is not",
  async () => {
    await using place = await scene();
    const start = async (key: string) => {
      const child = new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "--no-prompt", "--no-lock", "--quiet", `--allow-read=${place.dir}`],
          `--allow-write=${place.dir}`,
          new URL("./_drafter.ts", import.meta.url).pathname,
          ...[place.dir, key],
        ],
        stdin: "null",
        stdout: "piped",
      }).spawn();
      const reader = child.stdout.getReader();
      await reader.read();
      return async () => {
        child.kill("SIGKILL");
        await child.status;
        await reader.cancel();
      };
    };
    const [end, endOther] = [await start("one"), await start("two")];
    assertEquals(await found(place.storage, 0), []);
    await end();
    const left = await found(place.storage);
    assertEquals(left.length, 2);
    assertMatch(left[1]!, /^draft one\//);
    assertEquals(await removeAll(place.storage), [true, true]);
    assertEquals(await found(place.storage, 0), []);
    await endOther();
    assertEquals((await removeAll(place.storage)).length, 2);
    const names = [...Deno.readDirSync(place.dir)].map(({ name }) => name);
    assertEquals(names.sort(), [".gitignore", "key"]);
  },
);
