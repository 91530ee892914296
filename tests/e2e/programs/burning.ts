/** A program that a thread burns in: `burning.ts RUNNER`. */
import { Lab, type LabError } from "@labtech/lab";
import { Stubborn } from "../tasks/flaky.ts";
import { Leaf } from "../tasks/numbers.ts";

if (import.meta.main) {
  await using lab = new Lab({
    runner: Deno.args[0]!,
    maxWorkers: 2,
    storage: null,
    progress: true,
  });
  const others = Array.from({ length: 5 }, (_, n) => Leaf({ n }));
  try {
    await lab.runTasks([Stubborn({ ms: 1e9 }), ...others]);
  } catch (error) {
    const { failures, results } = error as LabError;
    console.log([...failures.values()][0]!.message);
    console.log([...results!.values()].join());
    Deno.exitCode = 7;
  }
}
