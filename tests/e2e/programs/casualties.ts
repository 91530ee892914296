/** A run in which some workers do not survive: `casualties.ts JSON`, see {@link Order}. */
import { Lab, LabError, type Task, task } from "@labtech/lab";
import { note, wait } from "../tasks/trace.ts";
import { KeepingRunner } from "./keeping_runner.ts";

/** What the program is to do. */
export interface Order {
  readonly runner: "processes" | "workers";
  readonly storage: string;
  /** The file that tells what was begun, and by which process. */
  readonly trace: string;
  /** How many jobs there are. */
  readonly jobs: number;
  /** What happens to every fifth job: its worker ends, or nothing does. */
  readonly fate: "lost" | "safe";
  /** Whether jobs are tried again. The last one then waits until this file is there. */
  readonly retriedUntil?: string;
}

/** What the program says at its end: of each job its number, with its result or why it failed. */
export interface Said {
  readonly results: readonly (readonly [number, number])[];
  readonly failures: readonly (readonly [number, string])[];
  readonly run: number;
  readonly cached: number;
}

declare const kept: { readonly exit: (code: number) => never; readonly close: () => void };

const LONG = 600_000;

async function run({ n }: { n: number }, context: Readonly<Record<string, unknown>>) {
  note(context, `begin ${n} ${Deno.pid}`);
  if (n % 5 === 0 && context.fate === "lost") {
    if (context.runner === "processes") await awaitKill(n, context);
    else vanish(n);
    await wait(LONG);
  }
  await wait(n % 7);
  if (n === context.last) await waitFor(String(context.file));
  return n * n;
}

async function waitFor(file: string): Promise<void> {
  for (let waited = 0; waited < LONG; waited += 10) {
    if (await Deno.stat(file).then(() => true, () => false)) return;
    await wait(10);
  }
}

/** Waits to be killed: with a process of its own, without ever yielding, or neither. */
async function awaitKill(n: number, context: Readonly<Record<string, unknown>>): Promise<void> {
  if (n % 25 === 0) {
    const { pid } = new Deno.Command("sleep", { args: ["600"] }).spawn();
    note(context, `bred ${n} ${pid}`);
  }
  note(context, `doomed ${n} ${Deno.pid}`);
  if (n % 10 === 0) sleepForGood();
  await wait(LONG);
}

/** Ends its thread without a word, or keeps it for ever. */
function vanish(n: number): void {
  if (n % 50 === 0) sleepForGood();
  if (n % 10 === 0) kept.close();
  else kept.exit(0);
}

function sleepForGood(): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
}

export const Job = task(import.meta, {
  name: "Job",
  // On threads, what hangs is given up; children that wait to be killed have time.
  timeout: LONG,
  run: (params: { n: number }, { context }) => run(params, context),
});

export const HangingJob = task(import.meta, {
  name: "HangingJob",
  timeout: 4000,
  run: (params: { n: number }, { context }) => run(params, context),
});

export const RetriedJob = task(import.meta, {
  name: "RetriedJob",
  retries: 9,
  run: (params: { n: number }, { context }) => run(params, context),
});

if (import.meta.main) {
  const { runner, storage, trace, jobs, fate, retriedUntil: file }: Order = JSON.parse(
    Deno.args[0]!,
  );
  const type = (n: number) =>
    file ? RetriedJob : runner === "workers" && fate === "lost" && n % 50 === 0 ? HangingJob : Job;
  const waiting = file === undefined ? {} : { file, last: jobs - 1 };
  await using lab = new Lab({
    ...{ storage, maxWorkers: 4, context: { trace, fate, runner, ...waiting }, progress: false },
    runner: runner === "workers" ? new KeepingRunner() : runner,
  });
  const tasks = Array.from({ length: jobs }, (_, n) => type(n)({ n }));
  const { results, failures } = await lab.runTasks(tasks).then(
    (results): Pick<LabError, "results" | "failures"> => ({ results, failures: new Map() }),
    (error) => {
      if (!(error instanceof LabError)) throw error;
      return error;
    },
  );
  const numberOf = (task: Task) => (task.params as { readonly n: number }).n;
  const said: Said = {
    results: [...results!].map(([task, value]) => [numberOf(task), value as number]),
    failures: [...failures].map(([task, error]) => [numberOf(task), error.message]),
    run: results!.summary.run,
    cached: results!.summary.cached,
  };
  console.log(JSON.stringify(said));
}
