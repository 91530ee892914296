/**
 * What it costs to plan a run, beside the run: tasks of which none and all are cached, and a tenth as many tasks
 * above them.
 *
 * `deno run -A bench/plan.ts [tasks]`
 *
 * @module
 */

import { Lab, type Task, task } from "@labtech/lab";
import { LocalStorage, MemoryStorage, SqliteStorage } from "@labtech/lab/storages";

const TASKS = Number(Deno.args[0] ?? 10_000);
const EACH = 10;

const Leaf = task(import.meta, { name: "PlanBenchLeaf", run: ({ n }: { n: number }) => n });
const Sum = task(import.meta, {
  name: "PlanBenchSum",
  run: ({ of }: { of: Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
});

const dir = await Deno.makeTempDir();
const storages = {
  memory: () => new MemoryStorage(),
  sqlite: () => new SqliteStorage(`${dir}/results.sqlite`),
  local: () => new LocalStorage(`${dir}/results`),
};
try {
  for (const [name, make] of Object.entries(storages)) {
    await using storage = make();
    await using lab = new Lab({ storage, runner: "async", maxWorkers: 4, progress: false });
    const leaves = Array.from({ length: TASKS }, (_, n) => Leaf({ n }));
    const sums = Array.from({ length: TASKS / EACH }, (_, i) => {
      return Sum({ of: leaves.slice(EACH * i, EACH * (i + 1)) });
    });
    for (
      const [what, tasks] of [["none cached", leaves], ["all", leaves], ["above", sums]] as const
    ) {
      const times: number[] = [];
      for (const look of [() => lab.plan(tasks), () => lab.runTasks<Task>(tasks)]) {
        const began = performance.now();
        await look();
        times.push(performance.now() - began);
      }
      const [plan, run] = times.map((time) => `${time.toFixed(0).padStart(7)} ms`);
      console.log(`${name.padEnd(8)}${what.padEnd(13)}plan${plan}   run${run}`);
    }
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
