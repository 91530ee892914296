import { assertEquals } from "@std/assert";
import { openPlace, type Place } from "./_fault_orders.ts";
import type { Killing } from "./_fault_kills.ts";
import { FaultProcess } from "./_fault_process.ts";

/** What came of runs that were killed. */
export interface LabKillCount {
  /** How many runs were killed. */
  readonly kills: number;
  /** How many of them had some results, and not all. */
  readonly midway: number;
  /** How many runs after them completed. */
  readonly completed: number;
  /** What was wrong; nothing, where all is as promised. */
  readonly problems: readonly string[];
}

/** Each so many runs is by workers, which save their results themselves. */
const WORKERS_EACH = 5;

/**
 * Kills Labs that save the results of tasks, at random moments; after each kill every entry must load
 * and be right, and a run of the same tasks complete with nothing done in between.
 */
export async function killLabs(
  place: Place,
  { kills, lifetime, flags }: Killing,
): Promise<LabKillCount> {
  const problems: string[] = [];
  let [midway, completed] = [0, 0];
  for (let life = 0; life < kills; life++) {
    const runner = life % WORKERS_EACH === 0 ? "workers" : "serial";
    await dieRunning(place, { life, runner, lifetime, flags });
    try {
      const found = await runAgain(place, life);
      if (found.some(Boolean) && !found.every(Boolean)) midway++;
      completed++;
    } catch (error) {
      problems.push(`After kill ${life}: ${error}`);
    }
  }
  return { kills, midway, completed, problems };
}

async function dieRunning(
  place: Place,
  { life, runner, lifetime = 40, flags }: Omit<Killing, "kills"> & { life: number; runner: string },
): Promise<void> {
  await using process = new FaultProcess({ ...place, task: "lab", life, runner }, { flags });
  await process.line();
  const start = runner === "workers" ? 30 : 0;
  await new Promise((resolve) => setTimeout(resolve, start + Math.random() * lifetime));
  process.kill();
  await process.rest();
  const { killed, errors } = await process.status();
  if (!killed && errors !== "") throw new Error(`The child process ended by itself: ${errors}`);
}

/** Runs the tasks of a life, and gives which of their results were there before. */
async function runAgain(place: Place, life: number): Promise<boolean[]> {
  const [{ Lab }, { partOf, tasksOf }] = await Promise.all([
    import("../lab.ts"),
    import("./_fault_tasks.ts"),
  ]);
  await using storage = await openPlace(place);
  await using lab = new Lab({ storage, runner: "serial", progress: false });
  const { parts, sum } = tasksOf(life);
  const tasks = [...parts, sum];
  const expected = [...parts.map((_, n) => partOf(life, n)), total(parts.length, life)];
  const found: boolean[] = [];
  for (const task of tasks) found.push(await lab.isCached(task));
  const results = await lab.runTasks(tasks);
  for (const [n, task] of tasks.entries()) {
    assertEquals<unknown>(results.get(task), expected[n], String(task));
    if (!await lab.isCached(task)) throw new Error(`${task} is not kept`);
  }
  const { run } = results.summary;
  const missing = found.filter((isThere) => !isThere).length;
  // Fewer may run: a server carries out what a program asked of it last, though that is dead by then.
  if (run > missing) throw new Error(`${run} tasks ran, but ${missing} were not cached`);
  return found;
}

function total(parts: number, life: number): number {
  return life * parts * (parts - 1) / 2;
}
