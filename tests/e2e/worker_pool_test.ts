import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { quietLab } from "./_lab.ts";
import { scratch } from "./_scratch.ts";
import { Busy, Making, Quick } from "./tasks/mixed.ts";
import { Made, Reader, Where, where } from "./tasks/pool.ts";

const runner = "workers";

Deno.test("workers: they start as they are needed, and serve one run after the other", async () => {
  await using lab = quietLab({ runner, maxWorkers: 4, storage: null });
  const one = new Set<string>();
  for (let n = 0; n < 10; n++) one.add((await lab.runTask(Where({ n }))).where);
  // One that waits for its next run too long ends; not each time, on any machine.
  assert(one.size < 10 && !one.has(where));
  const many = [
    ...(await lab.runTasks([14, 15, 16, 17].map((n) => Where({ n, ms: 50 })))).values(),
  ];
  assert(new Set(many.map(({ where }) => where)).size <= 4);
});

Deno.test("workers: each imports a module once, however many tasks and runs", async () => {
  await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
  for (let run = 0; run < 3; run++) {
    const tasks = Array.from({ length: 20 }, (_, n) => Where({ n: 100 * run + n, ms: 1 }));
    for (const { imports } of (await lab.runTasks(tasks)).values()) assertEquals(imports, 1);
  }
});

Deno.test("workers: each reads a dependency at most once, and saves results itself", async () => {
  await using place = await scratch();
  const options = { runner, maxWorkers: 2, storage: place.path("results") };
  {
    await using lab = quietLab(options);
    await lab.runTasks([Reader({ made: Made(), n: 0 })]);
  }
  await using later = quietLab(options);
  const tasks = Array.from({ length: 40 }, (_, n) => Reader({ made: Made(), n }));
  const results = [...(await later.runTasks(tasks)).values()];
  assertEquals(new Set(results.map(({ readAs }) => readAs)), new Set([1]));
  assert(results.every((result) => result.where !== where));
  const { writtenIn } = await later.runTask(Made());
  assertNotEquals(writtenIn, where, "a worker wrote it");
});

Deno.test("workers: what is done is told while the next task computes, and what depends on it runs", async () => {
  await using place = await scratch();
  await using lab = quietLab({ runner, maxWorkers: 2, storage: null });
  for (let round = 0; round < 5; round++) {
    const file = place.path(`made-${round}`);
    // Where both workers found busy ones quick, they have no reason to tell before they begin one.
    const before = place.path(`there-before-${round}`);
    await Deno.writeTextFile(before, "");
    const there = Array.from({ length: 16 * round }, (_, n) => Busy({ file: before, n }));
    await lab.runTasks(there);
    const of = Array.from({ length: 40 + 7 * round }, (_, n) => Quick({ n: 100 * round + n }));
    // The quick ones are told together, some by the worker that goes on with the busy one.
    const results = await lab.runTasks([...of, Busy({ file, n: 0 }), Making({ file, of })]);
    assertEquals([...results.values()].slice(-2), ["seen", of.length]);
  }
});
