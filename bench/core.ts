/**
 * The workloads of the core: cold and warm runs, listing, ids, import. Each is timed in turns with its
 * floor (the same bytes by plain file calls), so that what else the machine does touches both alike.
 *
 *     deno task bench:core [rounds]
 *
 * @module
 */

import { Lab } from "@labtech/lab";
import { join } from "@std/path/join";
import { MemoryStorage } from "@labtech/lab/storages";
import { cpuUsage } from "node:process";
import { Block, Computing, Diamond, Gather, Layer, Trivial, Using } from "./tasks.ts";

const ROUNDS = Number(Deno.args[0] ?? 5);
const TASKS = 2_000;
const ENTRIES = 10_000;

interface Row {
  readonly name: string;
  readonly unit: string;
  readonly times: number[];
  readonly floor: number[];
}

const rows: Row[] = [];

function row(name: string, unit: string): Row {
  const made = { name, unit, times: [], floor: [] };
  rows.push(made);
  return made;
}

async function timed(work: () => unknown): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}

// What a task of this kind leaves behind, in bytes.
const DATA = new Uint8Array(24);
const RECORD = new Uint8Array(900);

/** The least that keeps a result whole: a folder, two files, one of them revealed by a rename. */
function writeFloor(dir: string): void {
  Deno.mkdirSync(dir);
  for (let i = 0; i < TASKS; i++) {
    const entry = join(dir, `entry-${i}`);
    Deno.mkdirSync(entry);
    Deno.writeFileSync(join(entry, "data"), DATA);
    Deno.writeFileSync(join(entry, "record.tmp"), RECORD);
    Deno.renameSync(join(entry, "record.tmp"), join(entry, "record"));
  }
}

function readFloor(dir: string): void {
  for (let i = 0; i < TASKS; i++) {
    Deno.readFileSync(join(dir, `entry-${i}`, "data"));
    Deno.readFileSync(join(dir, `entry-${i}`, "record"));
  }
}

async function coldAndWarm(root: string): Promise<void> {
  const cold = row(`P1 cold, saved, 2 workers, ${TASKS} tasks`, "µs a task");
  const serial = row(`P1 cold, saved, serial`, "µs a task");
  const unsaved = row(`P1 cold, not saved, serial`, "µs a task");
  const warm = row(`P2 warm`, "µs a task");
  const warmSqlite = row(`P2 warm, on sqlite`, "µs a task");
  const perTask = (ms: number) => ms * 1000 / TASKS;
  for (let round = 0; round < ROUNDS; round++) {
    const tasks = Array.from({ length: TASKS }, (_, i) => Trivial({ i }));
    const floorDir = join(root, `floor-${round}`);
    const floor = perTask(await timed(() => writeFloor(floorDir)));
    for (
      const [into, runner, storage] of [
        [cold, "workers", join(root, `workers-${round}`)],
        [serial, "serial", join(root, `serial-${round}`)],
        [unsaved, "serial", null],
      ] as const
    ) {
      await using lab = new Lab({ storage, runner, maxWorkers: 2, progress: false });
      into.times.push(perTask(await timed(() => lab.runTasks(tasks))));
      into.floor.push(storage === null ? NaN : floor);
    }
    const sqlite = { type: "sqlite", file: join(root, `serial-${round}.db`) };
    {
      await using lab = new Lab({ storage: sqlite, runner: "serial", progress: false });
      await lab.runTasks(tasks);
    }
    for (
      const [into, storage] of [
        [warm, join(root, `serial-${round}`)],
        [warmSqlite, sqlite],
      ] as const
    ) {
      into.floor.push(perTask(await timed(() => readFloor(floorDir))));
      await using lab = new Lab({ storage, runner: "serial", progress: false });
      into.times.push(perTask(await timed(() => lab.runTasks(tasks))));
    }
  }
}

/** Workers of both kinds that run already: the cost of a task, and how busy the processors are kept. */
async function workers(): Promise<void> {
  const [many, ms, count] = [64, 100, 2];
  for (const runner of ["workers", "processes"]) {
    const trivial = row(`P1 not saved, 2 ${runner}, ${TASKS} tasks`, "µs a task");
    const busy = row(`P9 ${many} tasks of ${ms} ms, 2 ${runner}`, "ms");
    await using lab = new Lab({ storage: null, runner, maxWorkers: count, progress: false });
    for (let round = 0; round < ROUNDS; round++) {
      await lab.runTasks([1, 2].map((n) => Computing({ ms: 20, n: n + 0.5 + round })));
      const tasks = Array.from({ length: TASKS }, (_, i) => Trivial({ i: i + round / 100 }));
      trivial.times.push(await timed(() => lab.runTasks(tasks)) * 1000 / TASKS);
      const long = Array.from({ length: many }, (_, n) => Computing({ ms, n }));
      busy.times.push(await timed(() => lab.runTasks(long)));
      busy.floor.push(await timed(() => bareWorkers({ many, ms, count })));
    }
  }
}

/** The same work by workers that nobody manages; starting them does not count. */
async function bareWorkers(
  { many, ms, count }: { many: number; ms: number; count: number },
): Promise<void> {
  const url = new URL("./peers/_busy_worker.ts", import.meta.url);
  const workers = Array.from({ length: count }, () => new Worker(url, { type: "module" }));
  await Promise.all(workers.map(async (worker) => {
    for (let i = 0; i < many / count; i++) {
      worker.postMessage(ms);
      await new Promise((resolve) => worker.onmessage = resolve);
    }
    worker.terminate();
  }));
}

/** What a dependency of 64 MB costs, that 100 tasks on 2 workers need, beside a small one; in all threads. */
async function largeDependency(root: string): Promise<void> {
  const [mb, users] = [64, 100];
  const dir = join(root, "blocks");
  {
    await using lab = new Lab({ storage: dir, runner: "serial", progress: false });
    await lab.runTasks([Block({ mb, n: 0 }), Block({ mb: 0, n: 0 })]);
  }
  const path = largestFile(dir);
  for (const sharedMemory of [false, true]) {
    const how = sharedMemory ? "shared" : "one each";
    const wall = row(`P10 ${mb} MB for ${users} tasks, 2 workers, ${how}`, "ms");
    const used = row(`P10 the same, time of processors`, "ms");
    for (let round = 0; round < ROUNDS; round++) {
      const [bare, bareUsed] = await timedAndUsed(() => void Deno.readFileSync(path));
      const runner = { type: "workers", sharedMemory };
      await using lab = new Lab({ storage: dir, runner, maxWorkers: 2, progress: false });
      const using = (size: number, from: number) =>
        timedAndUsed(() => {
          const block = Block({ mb: size, n: 0 });
          return lab.runTasks(
            Array.from({ length: users }, (_, i) => Using({ block, i: from + i })),
          );
        });
      await using(0, users);
      const [small, smallUsed] = await using(0, 2 * users);
      const [large, largeUsed] = await using(mb, 0);
      wall.times.push(large - small);
      wall.floor.push(bare);
      used.times.push(largeUsed - smallUsed);
      used.floor.push(bareUsed);
    }
  }
}

function largestFile(dir: string): string {
  const paths = [...Deno.readDirSync(dir)].filter(({ isDirectory }) => isDirectory)
    .flatMap(({ name }) =>
      [...Deno.readDirSync(join(dir, name))].map((file) => join(dir, name, file.name))
    );
  return paths.sort((a, b) => Deno.statSync(b).size - Deno.statSync(a).size)[0]!;
}

/** How long work took, and how long all processors were at it, in ms. */
async function timedAndUsed(work: () => unknown): Promise<[wall: number, used: number]> {
  const before = cpuUsage();
  const wall = await timed(work);
  const { user, system } = cpuUsage(before);
  return [wall, (user + system) / 1000];
}

/** A task over many that are cached: what each of them costs, and how much memory. */
async function gathering(): Promise<void> {
  const counts = [1_000, 10_000, 100_000];
  const rows = counts.map((count) => row(`P4 a task over ${count} cached ones`, "µs a task"));
  for (const [at, count] of counts.entries()) {
    await using storage = new MemoryStorage();
    await using lab = new Lab({ storage, runner: "serial", progress: false });
    const parts = Array.from({ length: count }, (_, i) => Trivial({ i }));
    await lab.runTasks(parts);
    for (let round = 0; round < ROUNDS; round++) {
      const top = Gather({ parts, round });
      rows[at]!.times.push(await timed(() => lab.runTask(top)) * 1000 / count);
    }
  }
}

async function listing(root: string): Promise<void> {
  const dir = join(root, "listing");
  const storages = { local: dir, sqlite: { type: "sqlite", file: `${dir}.db` } };
  for (const [name, storage] of Object.entries(storages)) {
    const list = row(`P3 cachedTasks over ${ENTRIES} entries, ${name}`, "ms");
    const names = row(`P3 key names alone, ${ENTRIES} entries, ${name}`, "ms");
    await using lab = new Lab({ storage, runner: "serial", progress: false });
    await lab.runTasks(Array.from({ length: ENTRIES }, (_, i) => Trivial({ i })));
    for (let round = 0; round < ROUNDS; round++) {
      const bare = await timed(() => [...Deno.readDirSync(dir)].length);
      names.times.push(await timed(() => Array.fromAsync(lab.storage!.findKeys())));
      names.floor.push(bare);
      list.times.push(await timed(() => lab.cachedTasks([Trivial])));
      list.floor.push(bare);
    }
  }
}

async function ids(): Promise<void> {
  const nested = row("P7 ids of 10,000 tasks with nested tasks", "µs a task");
  const diamond = row("P7 diamond of depth 1,000: ids and keys", "ms");
  await using lab = new Lab({ storage: null, runner: "serial", progress: false });
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await timed(() => {
      for (let i = 0; i < 5_000; i++) {
        const below = Trivial({ i: i + 0.5 + round });
        Layer({ below, activation: "relu", rate: i / 100, units: [64, 32, 16] });
      }
    });
    nested.times.push(ms * 1000 / 10_000);
    diamond.times.push(
      await timed(() => {
        let top = Diamond({});
        for (let depth = 0; depth < 1_000; depth++) top = Diamond({ left: top, right: top });
        return lab.keyOf(top);
      }),
    );
  }
}

async function startUp(root: string): Promise<void> {
  const start = row("P8 import of mod.ts over an empty program", "ms");
  const [empty, imports] = [join(root, "empty.ts"), join(root, "imports.ts")];
  Deno.writeTextFileSync(empty, "");
  Deno.writeTextFileSync(imports, `import ${JSON.stringify(import.meta.resolve("@labtech/lab"))};`);
  const run = (file: string) =>
    new Deno.Command(Deno.execPath(), {
      args: ["run", "--config", new URL("../deno.json", import.meta.url).pathname, file],
    }).output();
  await run(imports);
  for (let round = 0; round < 4 * ROUNDS; round++) {
    const bare = await timed(() => run(empty));
    start.times.push(await timed(() => run(imports)) - bare);
  }
}

if (import.meta.main) {
  const root = await Deno.makeTempDir({ prefix: "labtech_bench_" });
  try {
    await coldAndWarm(root);
    await workers();
    await largeDependency(root);
    await gathering();
    await listing(root);
    await ids();
    await startUp(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
  const { deno, v8 } = Deno.version;
  console.log(
    `Deno ${deno}, V8 ${v8}, ${Deno.build.target}, ${navigator.hardwareConcurrency} cores, ` +
      `medians of ${ROUNDS} rounds\n`,
  );
  console.log("| workload | median | unit | floor | ratio |\n|---|---|---|---|---|");
  for (const { name, unit, times, floor } of rows) {
    const [time, bare] = [median(times), median(floor)];
    const ratio = median(times.map((each, i) => each / (floor[i] ?? NaN)));
    const shown = (value: number) => Number.isNaN(value) ? "" : value.toFixed(value < 10 ? 2 : 1);
    console.log(`| ${name} | ${shown(time)} | ${unit} | ${shown(bare)} | ${shown(ratio)} |`);
  }
}
