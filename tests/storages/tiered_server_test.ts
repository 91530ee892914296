// Real servers as the far storage; one is killed in the middle of a run.
import { Lab } from "@labtech/lab";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LocalStorage, type Storage, TieredStorage } from "../../storages/mod.ts";
import { RedisStorage } from "../../storages/redis.ts";
import { S3Storage } from "../../storages/s3.ts";
import { keysOf } from "../../testing/_storage_scene.ts";
import { storageContract } from "../../testing/mod.ts";
import { noRedis, RedisServer, testWithRedis } from "../servers/redis.ts";
import { noS3, S3Server, testWithS3 } from "../servers/versitygw.ts";
import { caughtWarnings } from "./_flaky.ts";
import { scratch } from "./_scratch.ts";
import { plans, TieredSquare } from "./_tiered_tasks.ts";

// One server of each kind for all of the contracts, with a place of its own for each storage.
let redis: RedisServer | undefined;
let s3: S3Server | undefined;
Deno.test.beforeAll(async () => {
  if (!noRedis()) redis = await RedisServer.start();
  if (!noS3) s3 = await S3Server.start();
});
Deno.test.afterAll(async () => {
  await redis?.[Symbol.asyncDispose]();
  await s3?.[Symbol.asyncDispose]();
});

/** Where a storage lies, and how another one is opened on the same places. */
const places = new WeakMap<TieredStorage, { place: AsyncDisposable; open(): TieredStorage }>();

/** The promises of a storage; others ask far each time, so as to see the newest. */
function contract(
  name: string,
  test: (name: string, run: () => Promise<void>) => void,
  farOf: (name: string) => () => Storage,
): void {
  let count = 0;
  storageContract({
    name,
    rounds: 20,
    async make() {
      const place = await scratch();
      const openFar = farOf(`contract-${++count}`);
      const open = () => {
        const far = openFar();
        return new TieredStorage({ near: new LocalStorage(place.dir), far, maxAge: 0, owned: far });
      };
      const storage = open();
      places.set(storage, { place, open });
      return storage;
    },
    again: (storage) => places.get(storage)!.open(),
    remove: async (storage) => await places.get(storage)!.place[Symbol.asyncDispose](),
    test,
  });
}

contract("TieredStorage, local and redis", testWithRedis, (name) => {
  return () => new RedisStorage({ url: redis!.url, prefix: `${name}:` });
});

contract("TieredStorage, local and s3", testWithS3, () => {
  const options = s3!.bucket();
  return () => new S3Storage(options);
});

/** What is on its disk stays there over a kill. */
const LASTING = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

testWithRedis(
  "a run goes on while a Redis server is dead, and its results get there after",
  async () => {
    using warnings = caughtWarnings();
    await using place = await scratch();
    await using server = await RedisServer.start({ args: LASTING });
    await using far = new RedisStorage({ url: server.url, timeout: 5000 });
    const near = new LocalStorage(`${place.dir}/near`);
    await using storage = new TieredStorage({ near, far });
    await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
    const tasks = Array.from({ length: 10 }, (_, base) => TieredSquare({ base }));
    plans.set(3, () => server.kill());
    plans.set(7, () => server.again());
    try {
      const results = await lab.runTasks(tasks);
      assertEquals([...results.values()], tasks.map((_, n) => n ** 2));
    } finally {
      plans.clear();
    }
    const [warning, ...more] = warnings.take();
    assertStringIncludes(warning!, "The far storage (redis) cannot be used");
    assertEquals(more, []);
    const keys = await keysOf(near);
    assertEquals(keys.length, 10);
    const { pushed, outdated, waiting } = await storage.push();
    assert(pushed >= 4, `${pushed} were pushed`);
    assertEquals([outdated, waiting], [0, 0]);
    assertEquals(await keysOf(far), keys);

    const elsewhere = new TieredStorage({ near: new LocalStorage(`${place.dir}/other`), far });
    await using other = new Lab({
      storage: elsewhere,
      runner: "serial",
      progress: false,
      records: false,
    });
    const { summary } = await other.runTasks(tasks);
    assertEquals([summary.run, summary.cached], [0, 10]);
    assertEquals(await keysOf(elsewhere.near), keys);
  },
);
