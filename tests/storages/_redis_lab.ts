/** Runs tasks in workers by a Lab of the configuration that it is given, or prints the flags for that. */
import { Lab, task } from "@labtech/lab";

/** A task that is quick, with a result that is a few bytes or 2 MiB. */
export const RedisDouble = task(import.meta, {
  name: "RedisDouble",
  run: ({ n }: { n: number }) => n === 0 ? new Float64Array(2 ** 18).fill(7) : 2 * n,
});

if (import.meta.main) {
  const [config, what] = Deno.args;
  await using lab = await Lab.fromConfig(config!);
  if (what === "flags") console.log(lab.permissionFlags().join("\n"));
  else {
    const tasks = Array.from({ length: 50 }, (_, n) => RedisDouble({ n }));
    const results = await lab.runTasks(tasks, { progress: false });
    const sum = results.get(tasks[0]!) as Float64Array;
    console.log(
      `${results.size} run, ${(await lab.cachedTasks([RedisDouble])).length} cached, ${sum[9]}`,
    );
  }
}
