import { assert, assertEquals } from "@std/assert";
import { Lab, type RunSummary, type Task } from "@labtech/lab";
import { GRID, type Grid, settings, study } from "../study.ts";
import { digest, PENGUINS } from "../tasks/load_penguins.ts";

const CSV_CACHE = new URL("../plugins/csv_cache.ts", import.meta.url).href;
const SMALL: Grid = { neighbours: [1, 7], depth: [3], trees: [3], steps: [10] };
const sha256 = await digest(await Deno.readFile(PENGUINS));

function distinct(task: Task, seen = new Map<string, Task>()): Map<string, Task> {
  if (!seen.has(task.id)) {
    seen.set(task.id, task);
    for (const nested of task.dependencies) distinct(nested, seen);
  }
  return seen;
}

/** Runs the small study with the default runner, in a Lab of its own on the directory. */
async function run(dir: string, grid: Grid) {
  await using lab = await Lab.fromConfig({
    storage: { type: "local", dir },
    plugins: [CSV_CACHE],
  });
  const ranking = study(sha256, grid);
  const results = await lab.runTasks([ranking], { progress: false });
  return { ranking: results.get(ranking), counts: counts(results.summary) };
}

function counts({ run, cached, failed }: RunSummary) {
  return { run, cached, failed };
}

Deno.test("the study is 153 tasks of eight types", () => {
  const tasks = [...distinct(study(sha256)).values()];
  const types = Map.groupBy(tasks, (task) => task.taskName);
  assertEquals(
    Object.fromEntries([...types].map(([name, members]) => [name, members.length])),
    {
      ...{ Ranking: 1, CrossValidate: 25, SplitFolds: 1, LoadPenguins: 1 },
      ...{
        FitNearestNeighbours: 35,
        FitDecisionTree: 30,
        FitRandomForest: 30,
        FitLogisticRegression: 30,
      },
    },
  );
  assertEquals(settings(GRID).length, 25);
});

Deno.test("a second run takes all from the cache; another parameter runs only what is new", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const first = await run(dir, SMALL);
    assertEquals(first.counts, { run: 33, cached: 0, failed: 0 });

    const second = await run(dir, SMALL);
    assertEquals(second.counts, { run: 0, cached: 1, failed: 0 });
    assertEquals(second.ranking, first.ranking);

    // Five fits, their summary and the ranking are new; the rest is there: four summaries of settings,
    // the birds and the split.
    const third = await run(dir, { ...SMALL, neighbours: [1, 9] });
    assertEquals(third.counts, { run: 7, cached: 6, failed: 0 });
    assertEquals(third.ranking.filter(({ value }) => value === 9).length, 1);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the ranking is in order, of honest scores, and the same in whatever order tasks run", async () => {
  const rankings = [];
  for (const runner of ["serial", "async"]) {
    await using lab = await Lab.fromConfig({
      storage: { type: "memory" },
      runner,
      plugins: [CSV_CACHE],
    });
    rankings.push(await lab.runTask(study(sha256, SMALL), { progress: false }));
  }
  const [ranking, other] = rankings;
  assertEquals(ranking, other);
  assertEquals(ranking!.map(({ rank }) => rank), [1, 2, 3, 4, 5]);
  assertEquals(ranking!.toSorted((a, b) => b.accuracy - a.accuracy), ranking);
  for (const { accuracy, macro_f1, accuracy_sd } of ranking!) {
    assert(accuracy > 0.85 && accuracy < 1 && macro_f1 > 0.8 && macro_f1 < 1, `${accuracy}`);
    assert(accuracy_sd > 0 && accuracy_sd < 0.1, `${accuracy_sd}`);
  }
});
