import { Lab } from "@labtech/lab";
import { Gated } from "./_bullmq_tasks.ts";

// A program that may be killed: prints the results of four tasks, each of which waits for a file of its own.
const [config, notes, gate] = Deno.args as [string, string, string];
await using lab = await Lab.fromConfig(config);
const tasks = [1, 2, 3, 4].map((n) => Gated({ n, notes, gate: `${gate}-${n}` }));
const results = await lab.runTasks(tasks);
console.log(JSON.stringify([...results.values()]));
