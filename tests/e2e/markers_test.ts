import { assertEquals } from "@std/assert";
import { quietLab, RUNNERS } from "./_lab.ts";
import { scratch } from "./_scratch.ts";
import { Leaf } from "./tasks/numbers.ts";

for (const runner of RUNNERS) {
  Deno.test(`${runner}: a Lab that is disposed leaves nothing but entries in its directory`, async () => {
    await using place = await scratch();
    const context = { trace: place.path("trace") };
    for (let run = 0; run < 2; run++) {
      await using lab = quietLab({
        runner,
        storage: place.path("results"),
        maxWorkers: 2,
        context,
      });
      await lab.runTasks([1, 2, 3, 4].map((n) => Leaf({ n: n + 10 * run })));
    }
    const left = [...Deno.readDirSync(place.path("results"))].map(({ name }) => name)
      .filter((name) => !/Leaf__|^run__/.test(name) && name !== ".gitignore");
    const writers = left.includes(".writers")
      ? [...Deno.readDirSync(place.path("results/.writers"))].map(({ name }) => name)
      : [];
    assertEquals(writers, []);
    assertEquals(left.filter((name) => name !== ".writers"), []);
  });
}
