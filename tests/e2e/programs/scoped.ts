/** A program with task types in another module and in itself: `scoped.ts RUNNER STORAGE [flags]`. */
import { Lab, type Task, task } from "@labtech/lab";
import { Leaf } from "../tasks/numbers.ts";

export const Halved = task(import.meta, {
  name: "Halved",
  run: ({ of }: { of: Task<number> }) => of.result / 2,
});

if (import.meta.main) {
  const [runner, storage, what] = Deno.args;
  await using lab = new Lab({ runner, maxWorkers: 2, storage, progress: false });
  if (what === "flags") console.log(JSON.stringify(lab.permissionFlags()));
  else console.log(await lab.runTask(Halved({ of: Leaf({ n: 84 }) })));
}
