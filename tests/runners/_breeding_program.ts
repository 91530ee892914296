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
  let [failed, pid]: [string[], number] = [[], 0];
  // Where the machine stands still just then, its time is over before it notes anything.
  for (let tries = 0; tries < 5 && pid === 0; tries++) {
    const error: LabError = await lab.runTasks([Breeding()]).catch((error) => error);
    failed = [...error.failures.values()].map(({ cause }) => String(cause));
    pid = await Deno.readTextFile("pid").then(Number, () => 0);
  }
  console.log(JSON.stringify({ failed, pid }));
}
