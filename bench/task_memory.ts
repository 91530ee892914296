/**
 * How much memory a task takes: `deno run -A --v8-flags=--expose-gc bench/task_memory.ts [COUNT]`.
 * A task over COUNT cached ones (100,000 unless told) on `sqlite`; the heap is measured after a full
 * collection, when the tasks are made, while the one over them runs, and when it is done.
 *
 * @module
 */
import { join } from "@std/path/join";
import { Lab, type Task, task } from "../mod.ts";

const count = Number(Deno.args[0] ?? 100_000);
const collect = (globalThis as { gc?: () => void }).gc;
if (collect === undefined) throw new Error("Run it with --v8-flags=--expose-gc");

const Part = task(import.meta, { name: "Part", run: ({ i }: { i: number }) => i });

const Sum = task(import.meta, {
  name: "Sum",
  async run({ parts }: { parts: Task<number>[] }) {
    // Its own console is captured.
    during = await perTask();
    return parts.reduce((sum, part) => sum + part.result, 0);
  },
});

let before = 0;
let during = 0;

/** What the heap has more than before, by task, once all that is not used any more is collected. */
async function perTask(): Promise<number> {
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    collect!();
  }
  return Math.round((Deno.memoryUsage().heapUsed - before) / count);
}

function tell(when: string, bytes: number): void {
  console.log(`${when.padEnd(40)} ${bytes.toString().padStart(6)} bytes a task`);
}

async function over(lab: Lab): Promise<void> {
  const parts = Array.from({ length: count }, (_, i) => Part({ i }));
  tell("tasks alone", await perTask());
  await lab.runTask(Sum({ parts }));
  tell("while the task over them runs", during);
  tell("after it", await perTask());
}

const dir = await Deno.makeTempDir();
try {
  const storage = { type: "sqlite", file: join(dir, "results.db") };
  await using lab = new Lab({ storage, runner: "serial", progress: false });
  const make = () => Array.from({ length: count }, (_, i) => Part({ i }));
  await lab.runTasks(make().slice(0, 10));
  before = await perTask() * count;
  await lab.runTasks(make()).then(() => {});
  tell("after a run of all, nothing kept", await perTask());
  await over(lab);
  tell("at the end, nothing kept", await perTask());
} finally {
  await Deno.remove(dir, { recursive: true });
}
