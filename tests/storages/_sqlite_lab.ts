/** Runs tasks in workers by a Lab on the database file that it is given, or prints the flags for that. */
import { Lab, task } from "@labtech/lab";

/** A task that is quick. */
export const Double = task(import.meta, {
  name: "SqliteDouble",
  run: ({ n }: { n: number }) => 2 * n,
});

if (import.meta.main) {
  const [file, what] = Deno.args;
  const storage = { type: "sqlite", file };
  await using lab = new Lab({ storage, runner: "workers", maxWorkers: 2, progress: false });
  if (what === "flags") console.log(lab.permissionFlags().join("\n"));
  else {
    const results = await lab.runTasks(Array.from({ length: 50 }, (_, n) => Double({ n })));
    console.log(`${results.size} run, ${(await lab.cachedTasks([Double])).length} cached`);
  }
}
