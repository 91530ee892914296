/** A task whose thread vanishes, or is kept by what the task left behind: `vanishing.ts HOW`. */
import { Lab, type LabError, type Task, task } from "@labtech/lab";
import { LeavingLoop } from "../tasks/faults.ts";
import { Leaf } from "../tasks/numbers.ts";
import { KeepingRunner } from "./keeping_runner.ts";

declare const kept: { readonly exit: (code: number) => never; readonly close: () => void };

export const Vanishing = task(import.meta, {
  name: "Vanishing",
  async run({ by }: { by: string }) {
    if (by === "close") kept.close();
    else kept.exit(0);
    await new Promise(() => {});
  },
});

if (import.meta.main) {
  const [how] = Deno.args as [string];
  const isLoop = how.endsWith("loop");
  const runner = isLoop ? "workers" : new KeepingRunner();
  await using lab = new Lab({ runner, maxWorkers: 1, storage: null, progress: true });
  const odd: Task = isLoop ? LeavingLoop() : Vanishing({ by: how });
  const others = Array.from({ length: how === "last loop" ? 0 : 5 }, (_, n) => Leaf({ n }));
  const { failures = new Map<Task, Error>(), results } = await lab.runTasks([odd, ...others])
    .then((results) => ({ results, failures: undefined }), (error: LabError) => error);
  console.log([...failures.values()].map(({ message }) => message).join());
  console.log([...results!.values()].join());
}
