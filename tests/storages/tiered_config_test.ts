import { Lab } from "@labtech/lab";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import "../../builtins.ts";
import { ConfigError } from "../../errors.ts";
import { storages } from "../../registry.ts";
import { LocalStorage, MemoryStorage, SqliteStorage, TieredStorage } from "../../storages/mod.ts";
import { keysOf, save, textsOf } from "../../testing/_storage_scene.ts";
import { scratch } from "./_scratch.ts";
import { TieredSquare, TieredSum } from "./_tiered_tasks.ts";

Deno.test("a specification makes an equal storage, with both storages and all options", async () => {
  const near = new LocalStorage({ dir: "/data/near", durability: "never" });
  const far = new SqliteStorage("/data/far.db");
  const storage = new TieredStorage({ near, far, write: "near", maxAge: 5 });
  assertEquals<unknown>(storage.spec, {
    type: "tiered",
    near: near.spec,
    far: far.spec,
    write: "near",
    maxAge: 5,
  });
  await using again = storages.create(storage.spec!);
  assertEquals(again.spec, storage.spec);
  const outer = new TieredStorage({ near: storage, far: new LocalStorage("/data/more") });
  await using third = storages.create(outer.spec!);
  assertEquals(third.spec, outer.spec);
});

Deno.test("a storage that lives in this thread, or is not of this library, has no specification", () => {
  class Own extends LocalStorage {}
  for (const far of [new MemoryStorage(), new Own("/data/far")]) {
    const near = new LocalStorage("/data/near");
    assertEquals(new TieredStorage({ near, far }).spec, undefined);
    assertEquals(new TieredStorage({ near: far, far: near }).spec, undefined);
  }
});

Deno.test("a far storage without a specification is made from the one that it was made from", () => {
  const keys = { accessKeyId: "id", secretAccessKey: "secret" };
  const far = { type: "s3", bucket: "our-results", credentials: keys };
  const near = { type: "local", dir: Deno.cwd() };
  const made = storages.create({ type: "tiered", near, far }) as TieredStorage;
  assertEquals(made.far.spec, undefined);
  assertEquals(made.spec?.far, far);
  assertEquals(storages.create(made.spec!).permissions, made.permissions);
});

Deno.test("it needs what both storages need", () => {
  const near = new LocalStorage("/data/near");
  const far = new LocalStorage("/data/far");
  const both = ["/data/near", "/data/far"];
  assertEquals(new TieredStorage({ near, far }).permissions, { read: both, write: both });
});

Deno.test("all mistakes in nested storages are told at once, each with its path", async () => {
  const storage = {
    type: "tiered",
    near: { type: "local", dirr: "results" },
    far: {
      type: "tiered",
      near: { type: "sqlte" },
      far: { type: "sqlite", file: { env: "TIERED_TEST_IS_NOT_SET" }, durability: "some" },
    },
    wrote: "near",
    maxAge: -1,
  };
  const error = await assertRejects(() => Lab.fromConfig({ labtech: { storage } }), ConfigError);
  assertEquals(
    error.mistakes.map(({ path }) => path),
    [
      "labtech.storage.near.dirr",
      "labtech.storage.near.dir",
      "labtech.storage.far.near",
      "labtech.storage.far.far.file",
      "labtech.storage.far.far.durability",
      "labtech.storage.wrote",
      "labtech.storage.maxAge",
    ].sort((a, b) => order(a, error) - order(b, error)),
  );
  assert(error.message.includes('unknown storage "sqlte"; did you mean "sqlite"?'), error.message);
  assert(error.message.includes("TIERED_TEST_IS_NOT_SET"), error.message);
  const wrong: [object, string][] = [
    [{ near: "a" }, "storage.far: is missing, and required"],
    [{ near: "a", far: null }, "storage.far: Expected the path of a directory or"],
    [{ near: "a", far: "" }, "storage.far: "],
    [{ near: "a", far: ["b"] }, "storage.far: Expected the path of a directory or"],
    [{ near: "a", far: {} }, 'storage.far: Expected a "type" with one of the names'],
    [{ near: "a", far: { type: 1 } }, 'storage.far: Expected a "type" with one of the names'],
    [{ near: "a", far: { type: "memory", maxBytes: -1 } }, "storage.far.maxBytes: Expected 0"],
    [{ near: "a", far: "b", write: "far" }, "storage.write: "],
  ];
  for (const [options, message] of wrong) {
    assertThrows(() => storages.create({ type: "tiered", ...options }), ConfigError, message);
  }
});

Deno.test("what cannot be made is told with its path, and what was made is disposed", () => {
  let disposed = 0;
  using _plugin = storages.register({
    name: "tiered-test-own",
    summary: "Tells of its end",
    options: storages.get("null")!.options,
    create: () =>
      Object.assign(new MemoryStorage(), {
        // deno-lint-ignore require-await
        [Symbol.asyncDispose]: async () => void disposed++,
      }),
  });
  using _refusing = storages.register({
    name: "tiered-test-refusing",
    summary: "Refuses",
    options: storages.get("null")!.options,
    create: (_, env) => {
      throw new ConfigError([{ path: `${env.at}.this`, message: "cannot be" }]);
    },
  });
  const spec = {
    type: "tiered",
    near: { type: "tiered-test-own" },
    far: { type: "tiered-test-refusing" },
  };
  const where = { path: "labtech.storage" };
  assertThrows(
    () => storages.create(spec, where),
    ConfigError,
    "labtech.storage.far.this: cannot be",
  );
  assertEquals(disposed, 1);
});

Deno.test("a configuration names both storages; paths are relative to it, variables stand for texts", async () => {
  await using place = await scratch();
  const storage = {
    type: "tiered",
    near: "copies",
    far: { type: "sqlite", file: "shared/all.db" },
  };
  const file = `${place.dir}/lab.json`;
  const config = { storage, runner: "serial", progress: false, records: false };
  await Deno.writeTextFile(file, JSON.stringify(config));
  {
    await using lab = await Lab.fromConfig(file);
    assertInstanceOf(lab.storage, TieredStorage);
    assertEquals((lab.storage.near as LocalStorage).dir, `${place.dir}/copies`);
    assertEquals((lab.storage.far as SqliteStorage).file, `${place.dir}/shared/all.db`);
    const { read, write } = lab.permissions() as Record<string, string[]>;
    for (const granted of [read!, write!]) {
      assert(granted.includes(`${place.dir}/copies`));
      assert(granted.includes(`${place.dir}/shared/all.db`));
    }
    assertEquals(await lab.runTask(TieredSquare({ base: 4 })), 16);
  }
  await using far = new SqliteStorage(`${place.dir}/shared/all.db`);
  assertEquals((await keysOf(far)).length, 1);
  assertEquals(await keysOf(new LocalStorage(`${place.dir}/copies`)), await keysOf(far));
});

for (const runner of ["serial", "workers"]) {
  Deno.test(`${runner}: what one machine computed is copied by another, and runs there no more`, async () => {
    await using place = await scratch();
    const far = { type: "sqlite", file: `${place.dir}/far.db` };
    const tasks = () => Array.from({ length: 12 }, (_, base) => TieredSquare({ base }));
    const runs: [number, number][] = [];
    for (const machine of ["first", "second", "second"]) {
      const near = `${place.dir}/${machine}`;
      await using lab = await Lab.fromConfig({
        labtech: {
          storage: { type: "tiered", near, far },
          runner,
          maxWorkers: 2,
          progress: false,
          records: false,
        },
      });
      const results = await lab.runTasks([TieredSum({ of: tasks() }), ...tasks()]);
      assertEquals([...results.values()], [506, ...tasks().map((_, n) => n ** 2)]);
      runs.push([results.summary.run, results.summary.cached]);
      const keys = await keysOf(new LocalStorage(near));
      assertEquals(keys.length, 13);
    }
    assertEquals(runs, [[13, 0], [0, 13], [0, 13]]);
  });
}

Deno.test("two storages on the same places keep what either saved", async () => {
  await using place = await scratch();
  const open = () =>
    storages.create({
      type: "tiered",
      near: `${place.dir}/near`,
      far: `${place.dir}/far`,
      maxAge: 0,
    });
  await using one = open();
  await using other = open();
  await Promise.all([1, 2, 3, 4].map((n) => save(n % 2 ? one : other, `key-${n}`, { n: `${n}` })));
  for (const n of [1, 2, 3, 4]) {
    assertEquals(await textsOf(one, `key-${n}`), { n: `${n}` });
    assertEquals(await textsOf(other, `key-${n}`), { n: `${n}` });
  }
});

function order(path: string, { mistakes }: ConfigError): number {
  return mistakes.findIndex((mistake) => mistake.path === path);
}
