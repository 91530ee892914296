import { assertEquals } from "@std/assert";
import { quietLab, RUNNERS } from "./_lab.ts";
import { scratch } from "./_scratch.ts";
import { Base, Middle, Top } from "./tasks/filtered_chain.ts";

for (const runner of RUNNERS) {
  Deno.test(`${runner}: a lost result brings tasks of new types into a run, with their contexts`, async () => {
    await using place = await scratch();
    const storage = place.path("results");
    const context = { factor: 7, ignored: 1 };
    await using lab = quietLab({ runner, maxWorkers: 2, storage, context });
    const middle = () => Middle({ of: Base({ n: 2 }) });
    assertEquals(await lab.runTask(middle()), 14);
    await lab.uncacheTasks([Base({ n: 2 })]);
    for (const { name } of Deno.readDirSync(storage)) {
      if (!name.includes("__Middle__")) continue;
      for (const file of Deno.readDirSync(`${storage}/${name}`)) {
        if (file.name.endsWith(".cbor")) {
          const path = `${storage}/${name}/${file.name}`;
          Deno.writeFileSync(path, new Uint8Array(Deno.statSync(path).size));
        }
      }
    }
    assertEquals(await lab.runTask(Top({ of: middle() })), 15);
  });

  Deno.test(`${runner}: one lost result that many tasks wait for is made again once`, async () => {
    await using place = await scratch();
    const storage = place.path("results");
    await using lab = quietLab({ runner, maxWorkers: 8, storage, context: { factor: 1 } });
    const base = () => Base({ n: 1 });
    await lab.runTask(base());
    for (const { name } of Deno.readDirSync(storage)) {
      if (!name.includes("__Base__")) continue;
      for (const file of Deno.readDirSync(`${storage}/${name}`)) {
        if (file.name.endsWith(".cbor")) {
          const path = `${storage}/${name}/${file.name}`;
          Deno.writeFileSync(path, new Uint8Array(Deno.statSync(path).size));
        }
      }
    }
    const tops = Array.from({ length: 20 }, (_, n) => Top({ of: base(), n }));
    const results = await lab.runTasks(tops);
    assertEquals([...results.values()], tops.map((_, n) => 2 + n));
    assertEquals([results.summary.run, results.summary.cached], [21, 0]);
  });
}
