/**
 * P5: a large typed array, saved to a local storage and loaded from it, in turns with the floor: the
 * same bytes by plain file calls, and their SHA-256.
 *
 *     deno run -A --v8-flags=--expose-gc bench/large_array.ts [MiB] [rounds]
 *
 * @module
 */

import { createHash } from "node:crypto";
import { StructuredCache } from "../caches/mod.ts";
import { resultKey } from "../serialize.ts";
import { LocalStorage } from "../storages/mod.ts";
import { task } from "../task.ts";

const MIB = 2 ** 20;
const SIZE = Number(Deno.args[0] ?? 256);
const ROUNDS = Number(Deno.args[1] ?? 5);

const Large = task(null, { name: "Large", run: () => 0 })();
const cache = new StructuredCache();
const key = resultKey(cache.keyPrefix, Large);
const value = new Float64Array(SIZE * MIB / 8).map((_, n) => n / 3);
const bytes = new Uint8Array(value.buffer);
const dir = await Deno.makeTempDir();
const storage = new LocalStorage({ dir: `${dir}/results`, durability: "never" });

interface Measured {
  /** In ms. */
  readonly ms: number;
  /** The most memory beside what was there before, in MiB. */
  readonly rise: number;
}

async function measured(work: () => unknown): Promise<Measured> {
  (globalThis as { gc?: () => void }).gc?.();
  Deno.writeTextFileSync("/proc/self/clear_refs", "5");
  const before = memory("VmRSS");
  const start = performance.now();
  await work();
  return { ms: performance.now() - start, rise: memory("VmHWM") - before };
}

function memory(what: string): number {
  const status = Deno.readTextFileSync("/proc/self/status");
  return Number(new RegExp(`${what}:\\s+(\\d+)`).exec(status)?.[1]) / 1024;
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

const steps: Record<string, () => unknown> = {
  "save: floor": () => {
    Deno.writeFileSync(`${dir}/plain`, bytes);
    sha256(bytes);
  },
  "save": () =>
    cache.save(storage, key, Large, { value, meta: { start: new Date(), duration: 1 } }),
  "load: floor": () => sha256(Deno.readFileSync(`${dir}/plain`)),
  "load": async () => {
    const loaded = await cache.load(storage, key, Large);
    if ((loaded?.value as Float64Array).length !== value.length) throw new Error("It is not there");
  },
};

const all: Record<string, Measured[]> = {};
try {
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, work] of Object.entries(steps)) (all[name] ??= []).push(await measured(work));
  }
} finally {
  await Deno.remove(dir, { recursive: true });
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[values.length >> 1]!;
console.log(`${SIZE} MiB, medians of ${ROUNDS} rounds, load ${Deno.loadavg()[0]!.toFixed(1)}\n`);
console.log("| | ms | floor, ms | ratio | rise of memory, MiB | of the floor |");
console.log("|---|---|---|---|---|---|");
for (const name of ["save", "load"]) {
  const [ours, floor] = [all[name]!, all[`${name}: floor`]!];
  const ratio = median(ours.map(({ ms }, n) => ms / floor[n]!.ms));
  const cells = [median(ours.map(({ ms }) => ms)), median(floor.map(({ ms }) => ms))]
    .map((ms) => ms.toFixed(0));
  const rises = [ours, floor].map((each) => median(each.map(({ rise }) => rise)).toFixed(0));
  console.log(`| ${[name, ...cells, ratio.toFixed(2), ...rises].join(" | ")} |`);
}
