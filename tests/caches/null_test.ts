import { assertEquals } from "@std/assert";
import { Lab } from "@labtech/lab";
import { NullCache } from "@labtech/lab/caches";
import { cacheContract } from "@labtech/lab/testing";
import { SOME } from "./_saving.ts";

cacheContract({ name: "NullCache", make: () => new NullCache(), keeps: false });

Deno.test("a Lab whose cache is null keeps nothing, and finds nothing", async () => {
  for (const cache of ["null", { type: "null" }, new NullCache()]) {
    await using lab = new Lab({
      storage: { type: "memory" },
      cache,
      runner: "serial",
      progress: false,
    });
    for (let round = 0; round < 2; round++) {
      assertEquals((await lab.runTasks([SOME])).summary.run, 1);
    }
    assertEquals(await lab.isCached(SOME), false);
    assertEquals(await Array.fromAsync(lab.storage!.findKeys()), []);
  }
});
