// A real server as the far storage, which is killed in the middle of a run.
import { Lab } from "@labtech/lab";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { LocalStorage, TieredStorage } from "../../storages/mod.ts";
import { RedisStorage } from "../../storages/redis.ts";
import { keysOf } from "../../testing/_storage_scene.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { caughtWarnings } from "./_flaky.ts";
import { scratch } from "./_scratch.ts";
import { plans, TieredSquare } from "./_tiered_tasks.ts";

/** What is on its disk stays there over a kill. */
const LASTING = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];

testWithRedis(
  "a run goes on while a Redis server is dead, and its results get there after",
  async () => {
    using warnings = caughtWarnings();
    await using place = await scratch();
    await using server = await RedisServer.start({ args: LASTING });
    await using far = new RedisStorage({ url: server.url, timeout: 300 });
    const near = new LocalStorage(`${place.dir}/near`);
    await using storage = new TieredStorage({ near, far });
    await using lab = new Lab({ storage, runner: "serial", progress: false });
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
    await using other = new Lab({ storage: elsewhere, runner: "serial", progress: false });
    const { summary } = await other.runTasks(tasks);
    assertEquals([summary.run, summary.cached], [0, 10]);
    assertEquals(await keysOf(elsewhere.near), keys);
  },
);
