import { Lab } from "@labtech/lab";
import { Double } from "./_bullmq_tasks.ts";

// A program that may be killed: prints the results of four tasks, each of which takes a while.
const [config, notes] = Deno.args;
await using lab = await Lab.fromConfig(config!);
const results = await lab.runTasks([1, 2, 3, 4].map((n) => Double({ n, notes: notes!, ms: 400 })));
console.log(JSON.stringify([...results.values()]));
