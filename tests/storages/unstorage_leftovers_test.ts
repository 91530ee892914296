import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { StorageError } from "../../errors.ts";
import type { Leftover } from "../../storages/storage.ts";
import { UnstorageStorage } from "../../storages/unstorage.ts";
import { keysOf, noise, openThere, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch, treeOf } from "./_scratch.ts";
import { weakDriver } from "./_unstorage_drivers.ts";

const MIB = 2 ** 20;
const FILES = { "a.txt": "a", "metadata.json": "{}" };

/** The two ways in which records lie. */
const PLACES: Record<string, () => Promise<AsyncDisposable & { open(): UnstorageStorage }>> = {
  "one record a key": () => {
    const { driver } = weakDriver();
    return Promise.resolve({
      open: () => new UnstorageStorage({ driver }),
      [Symbol.asyncDispose]: () => Promise.resolve(),
    });
  },
  "marked records": async () => {
    const place = await scratch();
    return {
      open: () => new UnstorageStorage({ driver: "fs", base: place.dir }),
      [Symbol.asyncDispose]: () => place[Symbol.asyncDispose](),
    };
  },
};

function found(storage: UnstorageStorage, grace?: number): Promise<Leftover[]> {
  return Array.fromAsync(storage.findLeftovers({ grace }));
}

for (const [what, make] of Object.entries(PLACES)) {
  Deno.test(`${what}: a draft that died is a leftover after the grace, and nothing else is`, async () => {
    await using place = await make();
    await using storage = place.open();
    await save(storage, "key", { "a.bin": noise(5 * MIB) });
    await save(storage, "small", FILES);
    const dead = await storage.create("key");
    await dead.write("a.bin", noise(9 * MIB));
    assertEquals(await found(storage), []);
    const [leftover, ...others] = await found(place.open(), 0);
    assertEquals(others, []);
    assertEquals([leftover!.kind, leftover!.bytes], ["draft", 9 * MIB]);
    assertMatch(leftover!.place, /^3 items of "key"/);
    assert(Date.now() - leftover!.since!.getTime() < 60_000);
    assertEquals(await leftover!.remove(), true);
    assertEquals(await found(storage, 0), []);
    assertEquals(await (await openThere(storage, "key")).read("a.bin"), noise(5 * MIB));
    assertEquals(await textsOf(storage, "small"), FILES);
    await dead[Symbol.asyncDispose]();
  });

  Deno.test(`${what}: a draft that is committed after it was found is not removed`, async () => {
    await using place = await make();
    await using storage = place.open();
    await using draft = await storage.create("key");
    await draft.write("a.bin", noise(5 * MIB));
    const [leftover] = await found(storage, 0);
    await draft.commit();
    assertEquals(await leftover!.remove(), false);
    assertEquals(await (await openThere(storage, "key")).read("a.bin"), noise(5 * MIB));
    assertEquals(await found(storage, 0), []);
  });

  Deno.test(`${what}: what was set aside is found at once, with all that belongs to it`, async () => {
    await using place = await make();
    await using storage = place.open();
    await save(storage, "Key", { "a.bin": noise(5 * MIB), "metadata.json": "{}" });
    assertMatch((await storage.setAside("Key"))!, /the item aside:Key~b:/);
    assertEquals(await storage.open("Key"), undefined);
    assertEquals(await keysOf(storage), []);
    await save(storage, "Key", FILES);
    const [leftover, ...others] = await found(storage);
    assertEquals(others, []);
    assertEquals([leftover!.kind, leftover!.bytes], ["aside", 5 * MIB + 2]);
    assertEquals(await leftover!.remove(), true);
    assertEquals(await found(storage, 0), []);
    assertEquals(await textsOf(storage, "Key"), FILES);
  });

  Deno.test(`${what}: savers of one key leave nothing but what is found and removed`, async () => {
    await using place = await make();
    await using storage = place.open();
    await using other = place.open();
    for (let round = 0; round < 5; round++) {
      await Promise.all(
        [storage, other, storage].map((each, n) =>
          save(each, "key", { "a.bin": noise(2 * MIB).fill(n) })
        ),
      );
    }
    for (const leftover of await found(storage, 0)) assert(await leftover.remove());
    assertEquals(await found(storage, 0), []);
    assertEquals((await openThere(storage, "key")).files.get("a.bin"), 2 * MIB);
    await storage.delete("key");
    assertEquals(await found(storage, 0), []);
  });
}

Deno.test("a damaged record can be set aside, and its bytes are kept", async () => {
  const { driver, items } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  items.set("entry:key", new TextEncoder().encode("no record"));
  assertEquals(await storage.open("key"), undefined);
  await storage.setAside("key");
  assertEquals([...items.values()], [new TextEncoder().encode("no record")]);
  const [leftover] = await found(storage);
  assertEquals([leftover!.kind, leftover!.bytes], ["aside", 9]);
});

Deno.test("items that none of ours is called are foreign, and others are no business of ours", async () => {
  const { driver, items } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  await save(storage, "key", { "a.bin": noise(5 * MIB) });
  const names = ["entry:KEY", "entry:a:b", "data:x", "data:key:mine", "aside:..", "aside:key"];
  for (const name of [...names, "session:1", "entry"]) items.set(name, "x");
  const leftovers = await found(storage, 0);
  assertEquals(leftovers.map(({ kind }) => kind), names.map(() => "foreign"));
  for (const name of names) {
    assert(leftovers.some(({ place }) => place.startsWith(`the item ${name} in`)), name);
  }
  assertEquals(await keysOf(storage), ["key"]);
});

Deno.test("on files, what was replaced leaves no file behind", async () => {
  await using place = await scratch();
  await using storage = new UnstorageStorage({ driver: "fs", base: place.dir });
  await save(storage, "key", { "a.bin": noise(5 * MIB) });
  await save(storage, "key", { "a.bin": noise(9 * MIB) });
  await save(storage, "key", FILES);
  const files = Object.entries(treeOf(place.dir)).filter(([, what]) => !what.startsWith("folder"))
    .map(([path]) =>
      path.replace(/[0-9a-z]{9}-[0-9a-z]{12}(?=-record|$)/, "G").replace(/[0-9a-z]{9}-G/, "T-G")
    );
  assertEquals(files.sort(), ["data/key/G-record", "entry/key/T-G"]);
  await storage.delete("key");
  assertEquals(Object.values(treeOf(place.dir)).filter((what) => !what.startsWith("folder")), []);
});

Deno.test("a draft whose pieces were removed as a dead one's cannot be committed", async () => {
  const { driver } = weakDriver();
  await using storage = new UnstorageStorage({ driver });
  await save(storage, "key", FILES);
  await using draft = await storage.create("key");
  await draft.write("a.bin", noise(5 * MIB));
  await new Promise((resolve) => setTimeout(resolve, 5));
  const taken = await found(storage, 0);
  assert(taken.length > 0);
  for (const leftover of taken) await leftover.remove();
  const clock = performance.now;
  performance.now = () => clock.call(performance) + 120_000;
  try {
    await assertRejects(() => draft.commit(), StorageError, "its data was removed");
  } finally {
    performance.now = clock;
  }
  assertEquals(await textsOf(storage, "key"), FILES);
});
