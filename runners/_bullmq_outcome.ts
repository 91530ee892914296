import { RunnerError } from "../errors.ts";
import { type Returned, workerText } from "./_bullmq_messages.ts";
import type { Job, Outcome, RunSetting } from "./runner.ts";

/** How long to wait for a result that was saved and is not seen yet, as on network file systems, in ms. */
const PAUSES = [50, 200, 1000];

/**
 * What became of a job that a worker says to be over; the result is loaded where it is asked for.
 *
 * @throws {RunnerError} When the worker's word is none, or not true.
 */
export async function outcomeOf(
  job: Job,
  returned: Exclude<Returned, { kind: "cancelled" }> | undefined,
  setting: RunSetting,
): Promise<Outcome> {
  const { task, dependencies, attempt = 1 } = job;
  if (returned?.kind === "missing") {
    const { ids } = returned;
    if (ids.every((id) => dependencies.some(({ task }) => task.id === id))) {
      return { kind: "missing", ids };
    }
  }
  if (returned?.kind !== "done") {
    throw new RunnerError(`The worker that ran ${task} gave an answer that no worker gives`);
  }
  const { start, duration } = returned;
  const attempts = attempt > 1 ? { attempts: attempt } : {};
  const done = {
    kind: "done",
    meta: { start: new Date(start), duration, ...attempts },
    worker: workerText(returned),
  } as const;
  return job.wanted ? { ...done, value: await valueOf(job, done.worker, setting) } : done;
}

async function valueOf(
  { task, key, cache }: Job,
  worker: string,
  { storage, signal }: RunSetting,
): Promise<unknown> {
  for (const pause of [0, ...PAUSES]) {
    if (pause > 0) await new Promise((resolve) => setTimeout(resolve, pause));
    const result = await cache!.load(storage!, key, task, { signal });
    if (result !== undefined) return result.value;
  }
  throw new RunnerError(
    `The worker ${worker} says that it saved the result of ${task}, and it cannot be loaded ` +
      "here: do program and worker name the same storage, and the same cache?",
  );
}
