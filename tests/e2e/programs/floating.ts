/** A program without a guard, whose Lab runs a while after it was imported. */
import { Lab, task } from "@labtech/lab";

export const Plain = task(import.meta, { name: "Plain", run: () => "ran" });

async function main() {
  await new Promise((resolve) => setTimeout(resolve, 10));
  await using lab = new Lab({ runner: "workers", storage: null, progress: false, maxWorkers: 1 });
  console.log(await lab.runTask(Plain()));
}

main();
