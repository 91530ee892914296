import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import type { LabOptions } from "@labtech/lab";
import { quietLab, RUNNERS } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { DATASETS, Evaluation, pipeline, PIPELINE_RESULT, repetition } from "./tasks/pipeline.ts";

const WORKERS = [1, 2, undefined];
const STORAGES = ["local", "memory", "null"] as const;
const CACHES = ["structured", "json", "v8", "null"] as const;

for (const runner of RUNNERS) {
  for (const maxWorkers of WORKERS) {
    const how = `${runner}, maxWorkers ${maxWorkers ?? "default"}`;
    Deno.test(`${how}: a pipeline gives its results once, then from the cache, on storages and caches`, async (t) => {
      // What workers there are matters to no storage and cache by itself.
      const [storages, caches] = maxWorkers === 2
        ? [STORAGES, CACHES]
        : [STORAGES.slice(0, 2), CACHES.slice(0, 2)];
      for (const storage of storages) {
        for (const cache of caches) {
          await t.step(
            `${storage}, ${cache}`,
            () => runTwice({ runner, maxWorkers, cache }, storage),
          );
        }
      }
    });

    Deno.test(`${how}: equal dependencies are one task, which runs once`, async () => {
      await using place = await scratch();
      const trace = place.path("trace");
      const context = { datasets: DATASETS, trace };
      await using lab = quietLab({ runner, maxWorkers, storage: place.path("results"), context });
      const scores = { dataset: "aaa", classifier: { trees: 2 } };
      assertEquals(await lab.runTask(repetition()), [scores, scores, scores]);
      assertEquals(linesOf(trace).length, 3);
    });
  }
}

async function runTwice(
  options: LabOptions,
  storage: typeof STORAGES[number],
): Promise<void> {
  await using place = await scratch();
  const trace = place.path("trace");
  await using lab = quietLab({
    ...options,
    storage: storage === "local" ? place.path("results") : { type: storage },
    context: { datasets: DATASETS, trace },
  });
  const kept = storage !== "null" && options.cache !== "null";
  const task = pipeline();
  const first = await lab.runTasks([task]);
  assertEquals(first.get(task), PIPELINE_RESULT);
  assertEquals(first.summary.run, 11);
  const names = linesOf(trace);
  assertEquals(new Set(names).size, 11, "each task runs once");
  assertEquals(names.length, 11);

  assertEquals(await lab.isCached(task), kept);
  const cached = await lab.cachedTasks([Evaluation]);
  assertEquals(cached.map(({ id }) => id), kept ? [task.id] : []);

  const again = kept ? cached[0]! : pipeline();
  const second = await lab.runTasks([again]);
  assertEquals(second.get(again), PIPELINE_RESULT);
  assertEquals(second.summary.run, kept ? 0 : 11);
  assertEquals(second.summary.cached, kept ? 1 : 0);
  if (kept) {
    assertEquals(linesOf(trace).length, 11, "nothing ran");
    assertEquals(again.resultMeta, task.resultMeta);
    assertEquals(again.toString(), task.toString());
    assertEquals(again.dependencies.map(({ id }) => id), task.dependencies.map(({ id }) => id));
  }
  assertStrictEquals(second.get(again), again.result);
  assert(task.resultMeta.duration >= 0);
  assertEquals(lab.lines, []);
}
