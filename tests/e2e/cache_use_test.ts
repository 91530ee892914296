import { assert, assertEquals, assertMatch, assertRejects, assertThrows } from "@std/assert";
import { Lab, TaskError } from "@labtech/lab";
import { quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { FreshSum, Leaf, Sum } from "./tasks/numbers.ts";

for (const runner of RUNNERS) {
  Deno.test(`${runner}: what a cached task depends on is not visited`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, storage: place.path("results"), context: { trace } });
    const sum = () => Sum({ of: [Leaf({ n: 1 }), Leaf({ n: 2 })] });
    await lab.runTask(sum());
    assertEquals(await lab.uncacheTasks([Leaf({ n: 1 }), Leaf({ n: 2 }), Leaf({ n: 3 })]), 2);
    const { summary } = await lab.runTasks([sum()]);
    assertEquals([summary.tasks, summary.cached], [1, 1]);
    const above = await lab.runTasks([Sum({ of: [sum()], plus: 10 })]);
    assertEquals([...above.values()], [13]);
    assertEquals([above.summary.run, above.summary.cached, above.summary.tasks], [1, 1, 2]);
    assertEquals(linesOf(trace).filter((line) => line.startsWith("Leaf")).length, 2);
    assertEquals(await lab.isCached(Leaf({ n: 1 })), false);
  });

  Deno.test(`${runner}: tasks below one that is not kept are loaded, not run`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, storage: place.path("results"), context: { trace } });
    const fresh = () => FreshSum({ of: [Leaf({ n: 1 }), Sum({ of: [Leaf({ n: 2 })] })] });
    assertEquals(await lab.runTask(fresh()), 3);
    const { summary } = await lab.runTasks([fresh()]);
    assertEquals([summary.run, summary.cached], [1, 2]);
    assertEquals(linesOf(trace).filter((line) => line.startsWith("FreshSum")).length, 2);
    assertEquals(linesOf(trace).length, 5);
    assertEquals(await lab.isCached(fresh()), false);
  });

  Deno.test(`${runner}: bustCache runs all again, dependencies too, and replaces their results`, async () => {
    await using place = await scratch();
    const trace = place.path("trace");
    await using lab = quietLab({ runner, storage: place.path("results"), context: { trace } });
    const sum = () => Sum({ of: [Leaf({ n: 1 }), Leaf({ n: 2 })] });
    const first = sum();
    await lab.runTask(first);
    const again = sum();
    const { summary } = await lab.runTasks([again], { bustCache: true });
    assertEquals([summary.run, summary.cached], [3, 0]);
    assertEquals(linesOf(trace).length, 6);
    const later = sum();
    await lab.runTask(later);
    assertEquals(later.resultMeta, again.resultMeta);
    assertEquals(linesOf(trace).length, 6);
  });

  Deno.test(`${runner}: results come in the order given, equal tasks once, and every instance gets them`, async () => {
    await using lab = quietLab({ runner, storage: null });
    const numbers = [5, 3, 5, 1, 3, 9];
    const tasks = numbers.map((n) => Leaf({ n }));
    const results = await lab.runTasks(tasks);
    assertEquals(results.size, 4);
    assertEquals([...results.values()], [5, 3, 1, 9]);
    assertEquals([...results.keys()].map(({ id }) => id), [0, 1, 3, 5].map((i) => tasks[i]!.id));
    assertEquals([...results].map(([{ params }, result]) => [params.n, result]), [[5, 5], [3, 3], [
      1,
      1,
    ], [9, 9]]);
    for (const task of tasks) {
      assertEquals(task.result, task.params.n);
      assert(task.resultMeta.start instanceof Date);
      assertEquals(results.get(Leaf(task.params)), task.params.n);
      assert(results.has(task));
    }
    assertEquals(results.summary.run, 4);
    assertThrows(() => results.get(Leaf({ n: 77 })), TaskError, "has no result here");
  });

  Deno.test(`${runner}: nothing to run is no work`, async () => {
    await using lab = quietLab({ runner, storage: null });
    const results = await lab.runTasks([]);
    assertEquals([results.size, results.summary.tasks], [0, 0]);
  });

  Deno.test(`${runner}: a nested task's result is not kept in memory for the caller`, async () => {
    await using lab = quietLab({ runner, storage: null });
    const leaf = Leaf({ n: 1 });
    await lab.runTask(Sum({ of: [leaf] }));
    assertThrows(() => leaf.result, TaskError, "is not in memory");
  });

  Deno.test(`${runner}: a task that is asked for and nested gives its result in both roles`, async () => {
    await using lab = quietLab({ runner, storage: { type: "memory" } });
    const leaf = Leaf({ n: 4 });
    const sum = Sum({ of: [leaf, Leaf({ n: 4 }), Leaf({ n: 5 })] });
    const results = await lab.runTasks([sum, leaf]);
    assertEquals([...results.values()], [13, 4]);
    assertEquals(results.summary.run, 3);
  });
}

Deno.test("keyOf, isCached and uncacheTasks speak of the same entry", async () => {
  await using place = await scratch();
  await using lab = quietLab({ runner: "serial", storage: place.path("results") });
  const sum = Sum({ of: [Leaf({ n: 1 })] });
  const key = await lab.keyOf(sum);
  assertMatch(key, /^structured__Sum__[0-9a-f]{40}$/);
  assertEquals(await lab.keyOf(Sum({ of: [Leaf({ n: 1 })] })), key);
  assertEquals(await lab.isCached(sum), false);
  assertEquals(await lab.uncacheTasks([sum]), 0);
  await lab.runTask(sum);
  assertEquals(await lab.storage!.exists(key), true);
  assertEquals(await lab.isCached(sum), true);
  assertEquals(await lab.uncacheTasks([sum, sum]), 1);
  assertEquals(await lab.isCached(sum), false);
  assertEquals(await lab.isCached(Leaf({ n: 1 })), true, "what it depends on stays");
});

Deno.test("a task under another cache has another key; each loads its own entries only", async () => {
  await using storage = new Lab({ storage: { type: "memory" }, runner: "serial", progress: false });
  const task = Leaf({ n: 1 });
  const keys = new Set<string>();
  for (const cache of ["structured", "json", "v8"]) {
    await using lab = quietLab({ runner: "serial", storage: storage.storage, cache });
    keys.add(await lab.keyOf(task));
    const { summary } = await lab.runTasks([task]);
    assertEquals(summary.run, 1);
    assertEquals((await lab.cachedTasks([Leaf])).length, 1);
  }
  assertEquals(keys.size, 3);
});

Deno.test("cachedTasks finds the tasks of the types asked for, with params and nested tasks", async () => {
  await using place = await scratch();
  await using lab = quietLab({ runner: "async", storage: place.path("results") });
  const sums = [1, 2, 3].map((plus) => Sum({ of: [Leaf({ n: plus }), Leaf({ n: 0 })], plus }));
  await lab.runTasks(sums);
  const ids = (tasks: Iterable<{ id: string }>) => [...tasks].map(({ id }) => id).sort();
  const found = await lab.cachedTasks([Sum]);
  assertEquals(ids(found), ids(sums));
  assertEquals(ids(await lab.cachedTasks([Leaf])), ids([0, 1, 2, 3].map((n) => Leaf({ n }))));
  assertEquals((await lab.cachedTasks()).length, 7);
  assertEquals(await lab.cachedTasks([FreshSum]), []);
  assertEquals(await lab.cachedTasks([]), []);
  for (const task of found) {
    assertThrows(() => task.result, TaskError);
    assertEquals(task.params.of.map(({ id }) => id), [
      Leaf({ n: task.params.plus! }).id,
      Leaf({ n: 0 }).id,
    ]);
  }
  const results = await lab.runTasks(found);
  assertEquals(results.summary.run, 0);
  assertEquals(found.map((task) => results.get(task)), found.map(({ params }) => 2 * params.plus!));
});

Deno.test("what is no task is refused by name", async () => {
  await using lab = quietLab({ runner: "serial", storage: null });
  await assertRejects(() => lab.runTasks([{ n: 1 } as never]), TaskError, "Expected tasks to run");
  await assertRejects(() => lab.runTasks([Leaf as never]), TaskError, "Expected tasks to run");
  await assertRejects(() => lab.cachedTasks([Leaf({ n: 1 }) as never]), TaskError, "task types");
});
