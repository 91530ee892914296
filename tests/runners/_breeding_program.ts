// A program whose task starts another process and never yields. It notes the id
// of that process in the file `pid`.
import { Lab, type LabError, task } from "@labtech/lab";

export const Breeding = task(import.meta, {
  name: "BoundedBreeding",
  permissions: { run: ["sleep"], write: ["pid"] },
  timeout: 300,
  run() {
    const { pid } = new Deno.Command("sleep", { args: ["300"] }).spawn();
    Deno.writeTextFileSync("pid", `${pid}`);
    for (;;);
  },
});

if (import.meta.main) {
  await using lab = new Lab({ runner: "processes", storage: null, maxWorkers: 1 });
  const error: LabError = await lab.runTasks([Breeding()]).catch((error) => error);
  const failed = [...error.failures.values()].map(({ cause }) => String(cause));
  console.log(JSON.stringify({ failed, pid: Number(Deno.readTextFileSync("pid")) }));
}
