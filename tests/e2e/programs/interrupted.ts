/**
 * A run that is there to be interrupted: `interrupted.ts RUNNER STORAGE TRACE KIND`. When all that was not begun by
 * then is given back, it makes a file named like the trace, with `.drained`.
 */
import { Lab, type Task, task } from "@labtech/lab";
import { linesOf } from "../_scratch.ts";
import { note, spin, wait } from "../tasks/trace.ts";
import { DrainingRunner } from "./draining_runner.ts";

/** Whether tasks that are held may end: when there is a file named like the trace, with `.go`. */
function mayEnd({ trace }: Readonly<Record<string, unknown>>): boolean {
  return linesOf(`${trace}.go`).length > 0;
}

export const Slow = task(import.meta, {
  name: "Slow",
  async run({ n, kind }: { n: number; kind: string }, { context, signal }) {
    note(context, `begin ${n}`);
    if (kind === "endless") { while (true) spin(1); }
    if (kind === "spin") spin(400);
    else if (kind === "held spin") { while (!mayEnd(context)) spin(1); }
    else if (kind === "held") { while (!mayEnd(context)) await wait(5, signal); }
    else await wait(kind === "forever" ? 600_000 : 400, signal);
    note(context, `end ${n}`);
    return n;
  },
});

export const Last = task(import.meta, {
  name: "Last",
  run: ({ of }: { of: Task<number>[] }, { context }) => (note(context, "begin last"), of.length),
});

if (import.meta.main) {
  const [name, storage, trace, kind = "wait"] = Deno.args as [string, string, string, string?];
  const runner = new DrainingRunner(name, {
    running: name === "serial" ? 1 : 2,
    drained: () => Deno.writeTextFileSync(`${trace}.drained`, "drained\n"),
  });
  const lab = new Lab({ runner, maxWorkers: 2, storage, context: { trace }, progress: false });
  const tasks = Array.from({ length: 6 }, (_, n) => Slow({ n, kind }));
  try {
    await lab.runTasks([...tasks, Last({ of: tasks })]);
  } catch (error) {
    const { name, message, results, skipped, failures, cause } =
      error as import("@labtech/lab").LabError;
    console.log(JSON.stringify({
      name,
      message,
      cause: String(cause),
      results: [...results?.values() ?? []],
      skipped: skipped.size,
      failures: failures.size,
    }));
    throw error;
  }
}
