/**
 * A sweep as a user has it: a bug in a few tasks, one that hangs, one that eats memory: `sweep.ts RUNNER TRACE`. Half
 * of it waits until a file `go` lies in the working directory.
 */
import { Lab, task } from "@labtech/lab";
import { note, wait } from "../tasks/trace.ts";

/** How many tasks are fine, or have the bug. */
export const COUNT = 99;
/** Every so many has the bug. */
export const BUG = 33;

export const Fit = task(import.meta, {
  name: "Fit",
  async run({ n }: { n: number }, { context }) {
    await wait(5);
    // So that a run is stopped before its end, however slow whoever stops it is.
    while (n > COUNT / 2 && !await isThere("go")) await wait(10);
    if (n % BUG === 0) return (null as unknown as number[]).length;
    note(context, `end ${n}`);
    return n;
  },
});

async function isThere(file: string): Promise<boolean> {
  return await Deno.stat(file).then(() => true, () => false);
}

export const Hang = task(import.meta, {
  name: "Hang",
  timeout: 1000,
  run(_: { of: string }) {
    // Without burning a processor, which others need.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  },
});

export const Hoard = task(import.meta, {
  name: "Hoard",
  run(_: { of: string }, { context }) {
    note(context, "hoards");
    const hoard: unknown[] = [];
    for (;;) hoard.push(Array.from({ length: 1000 }, (_, at) => ({ at })));
  },
});

if (import.meta.main) {
  const [runner, trace] = Deno.args as [string, string];
  await using lab = new Lab({
    storage: "results",
    runner: runner === "processes" ? { type: runner, memory: 100 } : runner,
    maxWorkers: 2,
    context: { trace },
  });
  const fits = Array.from({ length: COUNT }, (_, n) => Fit({ n }));
  await lab.runTasks([
    Hang({ of: "a loop" }),
    ...fits.slice(0, COUNT / 2),
    Hoard({ of: "objects" }),
    ...fits.slice(COUNT / 2),
  ]);
}
