// A program that accepts results, and tells after each how far it is. The tests kill it midway.
import { Lab } from "@labtech/lab";
import { large } from "../_large_tasks.ts";

const { storage } = JSON.parse(Deno.args[0]!);
const tell = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
await using lab = new Lab({ storage, runner: "async", progress: false, records: false });
const Large = large("v2");
await lab.accept([Large], { why: "Only names changed", onProgress: ({ done }) => tell(`${done}`) });
