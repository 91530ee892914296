import { assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import type { LabOptions } from "@labtech/lab";
import { labError, quietLab, RUNNERS } from "./_lab.ts";
import { scratch } from "./_scratch.ts";
import { Point } from "./tasks/faults.ts";
import { Lost, Moved, OwnStorage, PointCache, SharedMoved } from "./tasks/own_parts.ts";

const STORAGES: Record<string, (dir: string) => LabOptions["storage"]> = {
  "a directory": (dir) => dir,
  "memory": () => ({ type: "memory" }),
  "a storage without spec": (dir) => new OwnStorage(dir),
  "a storage by a plugin": (dir) => ({ type: "own-folder", at: dir }),
  "nothing": () => null,
};

for (const runner of RUNNERS) {
  for (const [where, make] of Object.entries(STORAGES)) {
    for (const [kind, type] of [["an instance", Moved], ["a plugin", SharedMoved]] as const) {
      Deno.test(`${runner}: a cache of one's own, by ${kind}, keeps results in ${where}`, async () => {
        await using place = await scratch();
        const storage = make(place.path("results"));
        await using lab = quietLab({ runner, maxWorkers: 2, storage });
        const kept = storage !== null;
        const first = () => type({ by: 1 });
        const last = () => type({ from: type({ from: first(), by: 10 }), by: 100 });
        PointCache.saved = 0;
        const point = await lab.runTask(last());
        assertInstanceOf(point, Point);
        assertEquals([point.x, point.y], [111, -111]);
        const byWorkers = ["workers", "processes"].includes(runner) && kind === "a plugin" &&
          (where === "a directory" || where === "a storage by a plugin");
        assertEquals(PointCache.saved, !kept || byWorkers ? 0 : 3);
        assertEquals(await lab.isCached(first()), kept);
        assertEquals((await lab.cachedTasks([type])).length, kept ? 3 : 0);
        if (kept) await lab.uncacheTasks([last()]);
        const { summary } = await lab.runTasks([last()]);
        assertEquals([summary.run, summary.cached], kept ? [1, 1] : [3, 0]);
        assertEquals(lab.lines, []);
      });
    }
  }

  Deno.test(`${runner}: what a cache of one's own refuses fails the task alone`, async () => {
    await using lab = quietLab({ runner, maxWorkers: 2, storage: { type: "memory" } });
    const { failures, results } = await labError(lab.runTasks([Lost(), Moved({ by: 1 })]));
    const [error] = failures.values();
    assertStringIncludes(
      String(error!.cause),
      'The cache "points" cannot hold the result of Lost()',
    );
    assertEquals([failures.size, results!.size], [1, 1]);
  });
}
