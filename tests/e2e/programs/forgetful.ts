/** A program that leaves its Lab undisposed: `forgetful.ts RUNNER`. */
import { Lab } from "@labtech/lab";
import { Leaf } from "../tasks/numbers.ts";

if (import.meta.main) {
  const lab = new Lab({ runner: Deno.args[0], storage: null, progress: false, maxWorkers: 2 });
  console.log(await lab.runTask(Leaf({ n: 1 })));
  console.log(await lab.runTask(Leaf({ n: 2 })));
  await lab.runTask(Leaf({ n: 3 }), { signal: AbortSignal.abort() }).catch(() => {});
}
