/**
 * The structured format beside `node:v8` and JSON (P6 of the targets): 200,000 small records, a
 * 64 MB Float64Array, 100,000 small results, and what is known to be hard for it.
 *
 *     deno run -A bench/structured_bench.ts [rounds]
 *
 * Every round runs all contenders one after the other; the table shows medians in milliseconds and
 * their ratio to `node:v8` in the same run. Only the ratios mean anything on a shared machine.
 *
 * @module
 */
import { deserialize, serialize } from "node:v8";
import { decode, encode, encodeChunks } from "../caches/cbor/mod.ts";

interface Contender {
  readonly name: string;
  encode(value: unknown): unknown;
  decode(bytes: unknown): unknown;
}

const ours: Contender = {
  name: "structured",
  encode: (value) => encode(value),
  decode: (bytes) => decode(bytes as Uint8Array),
};
const chunks: Contender = {
  name: "structured, chunks",
  encode: (value) => encodeChunks(value),
  decode: () => undefined,
};
const v8: Contender = {
  name: "node:v8",
  encode: (value) => serialize(value),
  decode: (bytes) => deserialize(bytes as Uint8Array),
};
const json: Contender = {
  name: "JSON",
  encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
  decode: (bytes) => JSON.parse(new TextDecoder().decode(bytes as Uint8Array)),
};
const copy: Contender = {
  name: "memory copy",
  encode: (value) => (value as Float64Array).slice(),
  decode: (bytes) => (bytes as Float64Array).slice(),
};

interface Workload {
  readonly name: string;
  /** Makes the value; only that of the workload at hand is kept in memory. */
  readonly make: () => unknown;
  readonly contenders: readonly Contender[];
  /** Each of many small values on its own. */
  readonly each?: boolean;
}

function records(count: number): unknown[] {
  return Array.from({ length: count }, (_, i) => ({
    id: i,
    name: `record ${i}`,
    score: Math.sin(i),
    ok: i % 3 === 0,
    group: ["alpha", "beta", "gamma"][i % 3],
    tags: ["t", `u${i % 7}`],
  }));
}

const shared = { model: "forest", depth: 3 };

const WORKLOADS: readonly Workload[] = [
  { name: "200,000 records", make: () => records(200_000), contenders: [ours, v8, json] },
  {
    name: "64 MB Float64Array",
    make: () => Float64Array.from({ length: 8 * 2 ** 20 }, (_, i) => i / 3),
    contenders: [ours, chunks, v8, copy],
  },
  {
    name: "100,000 small results, each",
    make: () =>
      Array.from({ length: 100_000 }, (_, i) => ({ fold: i % 5, score: i / 7, model: "knn" })),
    contenders: [ours, v8, json],
    each: true,
  },
  {
    name: "200,000 records that share one object",
    make: () => records(200_000).map((record) => ({ ...record as object, shared })),
    contenders: [ours, v8],
  },
  {
    name: "200,000 records with a date",
    make: () =>
      Array.from({ length: 200_000 }, (_, i) => ({ id: i, at: new Date(1.7e12 + i * 977) })),
    contenders: [ours, v8],
  },
  {
    name: "1,000,000 floats",
    make: () => Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i)),
    contenders: [ours, v8, json],
  },
  {
    name: "2,000 texts of 20,000 characters",
    make: () => Array.from({ length: 2000 }, (_, i) => `${i}`.padEnd(20_000, "abcdefgh")),
    contenders: [ours, v8, json],
  },
];

function time(work: () => unknown): [number, unknown] {
  const start = performance.now();
  const result = work();
  return [performance.now() - start, result];
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function run(workload: Workload, rounds: number): void {
  const { contenders, each } = workload;
  const value = workload.make();
  const encoding = contenders.map((): number[] => []);
  const decoding = contenders.map((): number[] => []);
  for (let round = -1; round < rounds; round++) {
    for (const [i, contender] of contenders.entries()) {
      const all = value as unknown[];
      const [out, bytes] = time(() => each ? all.map(contender.encode) : contender.encode(value));
      const [back] = time(() =>
        each ? (bytes as unknown[]).forEach(contender.decode) : contender.decode(bytes)
      );
      // The first round warms up.
      if (round < 0) continue;
      encoding[i]!.push(out);
      decoding[i]!.push(back);
    }
  }
  const base = contenders.indexOf(v8);
  const [baseOut, baseBack] = [median(encoding[base]!), median(decoding[base]!)];
  console.log(`\n${workload.name}`);
  for (const [i, { name }] of contenders.entries()) {
    const [out, back] = [median(encoding[i]!), median(decoding[i]!)];
    console.log(
      `  ${name.padEnd(20)} encode ${out.toFixed(1).padStart(8)} ms ${
        (out / baseOut).toFixed(2).padStart(6)
      }   decode ${back.toFixed(1).padStart(8)} ms ${(back / baseBack).toFixed(2).padStart(6)}`,
    );
  }
}

if (import.meta.main) {
  const rounds = Number(Deno.args[0] ?? 5);
  const only = Deno.args[1];
  console.log(
    `Deno ${Deno.version.deno}, ${navigator.hardwareConcurrency} cores, ${rounds} rounds`,
  );
  for (const workload of WORKLOADS) {
    if (!only || workload.name.includes(only)) run(workload, rounds);
  }
}
