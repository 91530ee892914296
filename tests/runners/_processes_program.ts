// A program that runs tasks in processes until it is ended: `_processes_program.ts TASK PATH`.
import { Lab } from "@labtech/lab";
import { Breeding, Looping } from "./_processes_tasks.ts";

if (import.meta.main) {
  const [type, path] = Deno.args as [string, string];
  const task = (type === "Breeding" ? Breeding : Looping)({ path });
  await using lab = new Lab({ runner: "processes", storage: null, maxWorkers: 1, progress: false });
  await lab.runTasks([task]);
}
