/** A program without a guard, which runs its Lab at the top level. */
import { Lab, task } from "@labtech/lab";

export const Bare = task(import.meta, { name: "Bare", run: () => "ran" });

await using lab = new Lab({ runner: "workers", storage: null, progress: false, maxWorkers: 1 });
console.log(await lab.runTask(Bare()));
