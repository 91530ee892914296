/**
 * How long it takes to tell why a task is not cached, among 10,000 cached results of its type: no other one has its
 * params, so that all are compared. On sqlite and local storage, with small params and with five tasks nested. Time
 * by the clock, and of the processor, which on a machine with other work tells more.
 *
 * `deno task bench:explain [entries]`
 *
 * @module
 */

import { type Explanation, Lab, type Storage, type Task, task } from "@labtech/lab";
import { LocalStorage, SqliteStorage } from "@labtech/lab/storages";
import { JsonCache } from "@labtech/lab/caches";
import process from "node:process";
import { resultKey } from "../serialize.ts";

const ENTRIES = Number(Deno.args[0] ?? 10_000);
const ROUNDS = 5;
/** What explaining 10,000 entries with small params on sqlite is to stay below, in ms of the processor. */
const GOAL = 1000;

const run = () => 0;
const Part = task(import.meta, { name: "Part", run: (_: { n: number; seed: number }) => 0 });
interface FitParams {
  model: { kind: string; depth: number };
  fold: number;
  parts: Task<number>[];
}
const Fit = task(import.meta, { name: "Fit", run: run as (params: FitParams) => number });

const fit = (n: number, parts: number, depth = n % 50) =>
  Fit({
    model: { kind: "tree", depth },
    fold: n,
    parts: Array.from({ length: parts }, (_, i) => Part({ n: (n + i) % 100, seed: 2020 })),
  });

async function fill(storage: Storage, parts: number): Promise<void> {
  const cache = new JsonCache();
  const save = async (n: number) => {
    const made = fit(n, parts);
    const meta = { start: new Date(), duration: 12 };
    await cache.save(storage, resultKey(cache.keyPrefix, made), made, { value: n, meta });
  };
  for (let n = 0; n < ENTRIES; n += 64) {
    await Promise.all(Array.from({ length: Math.min(64, ENTRIES - n) }, (_, i) => save(n + i)));
  }
}

const median = (times: number[]) => times.sort((a, b) => a - b)[times.length >> 1]!;

const dir = await Deno.makeTempDir();
try {
  console.log(`${ENTRIES} entries, medians of ${ROUNDS}, in ms\n`);
  console.log("storage  params             clock   processor");
  for (const parts of [0, 5]) {
    const storages: Record<string, Storage> = {
      sqlite: new SqliteStorage({ file: `${dir}/${parts}.sqlite`, durability: "never" }),
      local: new LocalStorage({ dir: `${dir}/${parts}`, durability: "never" }),
    };
    for (const [name, storage] of Object.entries(storages)) {
      await using _storage = storage;
      await fill(storage, parts);
      await using lab = new Lab({ storage, cache: "json", runner: "serial", progress: false });
      const [clock, processor]: [number[], number[]] = [[], []];
      let explanation: Explanation | undefined;
      for (let round = 0; round < ROUNDS; round++) {
        const [began, before] = [performance.now(), process.cpuUsage()];
        explanation = await lab.explain(fit(-round - 1, parts, 99));
        clock.push(performance.now() - began);
        const { user, system } = process.cpuUsage(before);
        processor.push((user + system) / 1000);
      }
      const { looked, nearest } = explanation!;
      if (looked!.results !== ENTRIES || nearest!.params.length === 0) {
        throw new Error("not compared");
      }
      const ms = median(processor);
      const isGoal = name === "sqlite" && parts === 0 && ENTRIES === 10_000;
      const goal = isGoal ? `  goal ${GOAL}: ${ms < GOAL ? "reached" : "MISSED"}` : "";
      const columns = [median(clock), ms].map((each) => each.toFixed(0).padStart(8));
      const nested = parts === 0 ? "small" : `${parts} nested tasks`;
      console.log(`${name.padEnd(9)}${nested.padEnd(16)}${columns.join("    ")}${goal}`);
    }
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}
