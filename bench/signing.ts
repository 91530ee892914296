/**
 * What signatures cost: signing and checking alone, then saving and loading an entry with and without, in
 * turns, so that what else the machine does touches both alike.
 *
 *     deno run -A bench/signing.ts [rounds]
 *
 * @module
 */

import { Lab } from "@labtech/lab";
import { StructuredCache } from "@labtech/lab/caches";
import { generateKey, openKeys } from "@labtech/lab/signing";
import { LocalStorage, MemoryStorage, type Storage } from "@labtech/lab/storages";
import { Trivial } from "./tasks.ts";

const ROUNDS = Number(Deno.args[0] ?? 5);
const ENTRIES = 1_000;

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

async function each(work: (i: number) => Promise<unknown>): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < ENTRIES; i++) await work(i);
  return (performance.now() - start) * 1000 / ENTRIES;
}

const times = new Map<string, number[]>();
function note(name: string, time: number): void {
  times.set(name, [...times.get(name) ?? [], time]);
}

const signing = await openKeys({ key: (await generateKey()).privateKey });
const cache = new StructuredCache();
await using lab = new Lab({ storage: null, runner: "serial", progress: false });
const tasks = Array.from({ length: ENTRIES }, (_, i) => Trivial({ i }));
const keys = await Promise.all(tasks.map((task) => lab.keyOf(task)));
const result = { value: 1, meta: { start: new Date(), duration: 1 } };

async function round(storage: Storage, where: string): Promise<void> {
  for (const [how, call] of [["bare", {}], ["signed", { signing }]] as const) {
    const save = (i: number) => cache.save(storage, keys[i]!, tasks[i]!, result, call);
    const load = async (i: number) => {
      if (!await cache.load(storage, keys[i]!, tasks[i]!, call)) throw new Error("A miss");
    };
    note(`save, ${where}, ${how}`, await each(save));
    note(`load, ${where}, ${how}`, await each(load));
  }
}

const dir = await Deno.makeTempDir({ prefix: "labtech_bench_" });
try {
  const memory = new MemoryStorage();
  await cache.save(memory, keys[0]!, tasks[0]!, result, { signing });
  const entry = (await memory.open(keys[0]!))!;
  const metadata = await entry.read("metadata.json");
  for (let n = -1; n < ROUNDS; n++) {
    if (n === 0) times.clear(); // the first is for warming up
    note("sign alone", await each(() => signing.sign({ write: async () => {} }, metadata)));
    note("check alone", await each(() => signing.check(entry, metadata)));
    await round(new MemoryStorage(), "memory");
    await round(new LocalStorage({ dir: `${dir}/${n}`, durability: "never" }), "local");
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
console.log(`Deno ${Deno.version.deno}, medians of ${ROUNDS} rounds of ${ENTRIES} entries\n`);
console.log("| what | µs an entry |\n| --- | --- |");
for (const [name, values] of times) console.log(`| ${name} | ${median(values).toFixed(0)} |`);
