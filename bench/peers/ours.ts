/**
 * The workloads by this library: `deno run -A bench/peers/ours.ts WORKLOAD DIR COUNT RUNNER` prints
 * the seconds that one took.
 *
 * @module
 */

import { Lab } from "@labtech/lab";
import { decode, encode } from "../../caches/cbor/mod.ts";
import { records } from "./records.ts";
import { Busy, Gather, Trivial } from "./tasks.ts";

const [workload, storage, size, runner] = Deno.args as [string, string, string, string];
const count = Number(size);

/** The workloads; each gives the seconds that count, without what prepares it. */
const WORKLOADS: Readonly<Record<string, () => Promise<number> | number>> = {
  async run() {
    await using lab = open();
    return await seconds(() => lab.runTasks(trivial(count)));
  },
  async list() {
    await using lab = open();
    return await seconds(() => lab.cachedTasks([Trivial]));
  },
  async gather() {
    await using lab = open();
    const parts = trivial(count);
    await lab.runTasks(parts);
    return await seconds(() => lab.runTask(Gather({ parts })));
  },
  async busy() {
    await using lab = new Lab({ storage: null, runner, maxWorkers: 2, progress: false });
    const tasks = Array.from({ length: count }, (_, i) => Busy({ i, ms: 100 }));
    return await seconds(() => lab.runTasks(tasks));
  },
  encode() {
    const value = records(count);
    return again(() => encode(value));
  },
  decode() {
    const bytes = encode(records(count));
    return again(() => decode(bytes));
  },
};

function open(): Lab {
  const kept = storage.endsWith(".db") ? { type: "sqlite", file: storage } : storage;
  return new Lab({ storage: kept, runner, maxWorkers: 2, progress: false });
}

function trivial(count: number) {
  return Array.from({ length: count }, (_, i) => Trivial({ i }));
}

/** The median of a few times, as programs that live longer see it. */
async function again(work: () => unknown): Promise<number> {
  const times: number[] = [];
  for (let n = 0; n < 7; n++) times.push(await seconds(work));
  return times.sort((a, b) => a - b)[3]!;
}

async function seconds(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return (performance.now() - start) / 1000;
}

if (import.meta.main) console.log(await WORKLOADS[workload]!());
