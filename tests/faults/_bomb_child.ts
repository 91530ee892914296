// Sets off each bomb, and tells in JSON whether it was refused, in which time of the processor, and in
// how much memory beside what it takes itself. Linux only, whose system tells the most memory that a process ever had,
// and forgets it when asked to.
import { cpuUsage } from "node:process";
import { BOMBS } from "./_bombs.ts";
import { fastScratch } from "./_fast_scratch.ts";
import { filesOf, readEntry } from "./_fuzz_entries.ts";
import { JsonCache, StructuredCache } from "../../caches/mod.ts";

const times = Number(Deno.args[0]);

// What is loaded when it is first used is none of a bomb's cost.
for (const cache of [new StructuredCache({ compress: "zstd" }), new JsonCache()]) {
  for (let n = 0; n < 50; n++) await readEntry(cache, await filesOf(cache, [n, { n }]));
}
for (const [name, bomb] of Object.entries(BOMBS)) {
  using place = fastScratch();
  const setOff = await bomb(place.dir);
  (globalThis as { gc?: () => void }).gc?.();
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = memory("VmRSS");
  let [refused, problem, ms] = [true, "", Infinity];
  for (let n = 0; n < times; n++) {
    (globalThis as { gc?: () => void }).gc?.();
    const start = cpuUsage();
    try {
      refused &&= await setOff();
    } catch (error) {
      problem = String(error);
    }
    const { user, system } = cpuUsage(start);
    ms = Math.min(ms, (user + system) / 1000);
  }
  const mib = Math.max(0, memory("VmHWM") - before);
  console.log(JSON.stringify({ name, refused, problem, ms, mib }));
}

function memory(what: string): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}
