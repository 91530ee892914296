/** Runs tasks in workers by a Lab from the configuration that it is given, or prints the flags for that. */
import { Lab, task } from "@labtech/lab";

/** A task that is quick. */
export const Double = task(import.meta, {
  name: "S3Double",
  run: ({ n }: { n: number }) => 2 * n,
});

if (import.meta.main) {
  const [config, what] = Deno.args;
  await using lab = await Lab.fromConfig(JSON.parse(config!));
  if (what === "flags") console.log(lab.permissionFlags().join("\n"));
  else {
    const results = await lab.runTasks(Array.from({ length: 30 }, (_, n) => Double({ n })));
    console.log(`${results.size} run, ${(await lab.cachedTasks([Double])).length} cached`);
  }
}
