/**
 * Tasks that do nothing, through the runner `bullmq` and through plain BullMQ: as many worker processes, each
 * with the same concurrency, on the same Redis server, in turns, so that what else the machine does touches
 * both alike. Ours keep each result in a storage; plain BullMQ hands it over by the queue.
 *
 *     deno task bench:cluster [rounds=5] [tasks=10000] [workers=2] [concurrency=4]
 *
 * Without workers, the time that 10,000 tasks take to be enqueued is measured alone. Time of processors is that of
 * all that take part: the program, the workers and the server.
 *
 * @module
 */

import { Lab, type LabOptions } from "@labtech/lab";
import { join } from "@std/path/join";
import { fromFileUrl } from "@std/path/from-file-url";
import { brokerOf } from "../runners/_bullmq_broker.ts";
import { BrokerLink } from "../runners/_bullmq_link.ts";
import type { BullQueue } from "../runners/_bullmq_package.ts";
import { jobOptions } from "../runners/_bullmq_queue.ts";
import { RedisServer } from "../tests/servers/redis.ts";
import { Nothing } from "./tasks.ts";

const [rounds = 5, count = 10_000, processes = 2, concurrency = 4] = Deno.args.map(Number);
/** What results are kept in, and by which runner workers run tasks. */
const VARIANTS = [
  { storage: "redis", local: "workers" },
  { storage: "redis", local: "async" },
  { storage: "local", local: "async" },
] as const;

/** What it took: so many ms, and so many of all processors together. */
interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

/** Some way to have tasks run. */
interface Way extends AsyncDisposable {
  readonly name: string;
  /** Has tasks run that nobody has asked for yet, and waits for all results. */
  run(round: number): Promise<void>;
  /** The processes that take part, beside this one. */
  readonly pids: readonly number[];
}

const root = fromFileUrl(new URL("..", import.meta.url));
await using server = await RedisServer.start();
const serverPid = Number(/process_id:(\d+)/.exec(await server.cli("INFO", "server"))![1]);
const dir = await Deno.makeTempDir();
try {
  if (processes > 0) await throughput();
  await enqueueing();
} finally {
  await Deno.remove(dir, { recursive: true });
}

async function throughput(): Promise<void> {
  const ways: Way[] = [await plain()];
  for (const variant of VARIANTS) ways.push(await ours(variant));
  const costs = ways.map((): Cost[] => []);
  for (const way of ways) await costOfRound(way, -1); // what is loaded and compiled at first counts for none
  for (let round = 0; round < rounds; round++) {
    for (const [at, way] of ways.entries()) costs[at]!.push(await costOfRound(way, round));
  }
  for (const way of ways) await way[Symbol.asyncDispose]();
  console.log(
    `\n${count} tasks, ${processes} workers of ${concurrency} at once, medians of ${rounds}:\n`,
  );
  console.log("| | tasks a second | of plain | CPU, µs a task | of plain |");
  console.log("|---|---|---|---|---|");
  for (const [at, { name }] of ways.entries()) {
    const [wall, cpu] = [costs[at]!.map(({ wall }) => wall), costs[at]!.map(({ cpu }) => cpu)];
    const faster = wall.map((ms, round) => costs[0]![round]!.wall / ms);
    const more = cpu.map((ms, round) => ms / costs[0]![round]!.cpu);
    const perSecond = Math.round(1000 * count / median(wall));
    const perTask = Math.round(1000 * median(cpu) / count);
    console.log(
      `| ${name} | ${perSecond} | ${median(faster).toFixed(2)} | ${perTask} | ${
        median(more).toFixed(2)
      } |`,
    );
  }
}

/** What it takes until all is in the queue, with no worker there. */
async function enqueueing(): Promise<void> {
  await using link = await linked();
  const costs: { readonly plain: Cost[]; readonly ours: Cost[] } = { plain: [], ours: [] };
  for (let round = 0; round < rounds; round++) {
    const plain = link.queue(`plain-${round}`);
    await plain.waitUntilReady();
    costs.plain.push(await costOf([[Deno.pid], [serverPid]], () => addPlain(plain, round)));

    const queue = `enqueue-${round}`;
    const seen = link.queue(`${queue}.BenchNothing`);
    const stop = new AbortController();
    await using lab = labFor({ storage: "redis", local: "async" }, queue);
    const tasks = Array.from({ length: count }, (_, i) => Nothing({ i }));
    let running: Promise<unknown>;
    costs.ours.push(
      await costOf([[Deno.pid], [serverPid]], async () => {
        running = lab.runTasks(tasks, { signal: stop.signal }).catch(() => {});
        while (((await seen.getJobCounts("waiting")).waiting ?? 0) < count) {
          await new Promise((resolve) => setTimeout(resolve, 20));
        }
      }),
    );
    stop.abort();
    await running!;
  }
  console.log(`\n${count} tasks enqueued, medians of ${rounds}:\n`);
  console.log("| | ms | CPU, ms |");
  console.log("|---|---|---|");
  for (const [name, all] of Object.entries(costs)) {
    const [wall, cpu] = [median(all.map(({ wall }) => wall)), median(all.map(({ cpu }) => cpu))];
    const what = name === "plain" ? "plain, one call" : "ours, from runTasks on";
    console.log(`| ${what} | ${Math.round(wall)} | ${Math.round(cpu)} |`);
  }
}

async function plain(): Promise<Way> {
  const link = await linked();
  const [queue, events] = [link.queue("plain"), link.events("plain")];
  await events.waitUntilReady();
  let left = 0;
  let over = () => {};
  events.on("completed", () => {
    if (--left === 0) over();
  });
  const workers = await started(
    [join(root, "bench/_cluster_plain.ts"), server.url, `${concurrency}`],
  );
  return {
    name: "plain BullMQ",
    pids: workers.map(({ pid }) => pid),
    async run(round) {
      left = count;
      const { promise, resolve } = Promise.withResolvers<void>();
      over = resolve;
      await addPlain(queue, round);
      await promise;
    },
    async [Symbol.asyncDispose]() {
      await ended(workers);
      await link[Symbol.asyncDispose]();
    },
  };
}

function linked(): Promise<BrokerLink> {
  return BrokerLink.open(brokerOf({ url: server.url }), { timeout: 15_000 }, (error) => {
    throw error;
  });
}

async function addPlain(queue: BullQueue, round: number): Promise<void> {
  await queue.addBulk(
    Array.from({ length: count }, (_, i) => ({
      name: "nothing",
      data: { i },
      opts: jobOptions(`job-${round}-${i}`),
    })),
  );
}

function optionsFor({ storage, local }: typeof VARIANTS[number], queue: string): LabOptions {
  return {
    storage: storage === "redis"
      ? { type: "redis", url: server.url, prefix: `${queue}:` }
      : { type: "local", dir: join(dir, queue), shared: true },
    runner: { type: "bullmq", connection: { url: server.url }, queue, local },
    progress: false,
  };
}

function labFor(variant: typeof VARIANTS[number], queue: string): Lab {
  return new Lab(optionsFor(variant, queue));
}

async function ours(variant: typeof VARIANTS[number]): Promise<Way> {
  const { storage, local } = variant;
  const queue = `${storage}-${local}`;
  const config = join(dir, `${queue}.json`);
  await Deno.writeTextFile(config, JSON.stringify(optionsFor(variant, queue)));
  const lab = await Lab.fromConfig(config);
  const workers = await started(
    [join(root, "cli/mod.ts"), "worker", "--concurrency", `${concurrency}`]
      .concat(["--config", config, join(root, "bench/tasks.ts"), "--types", "BenchNothing"]),
  );
  return {
    name: `ours, storage ${storage}, ${local}`,
    pids: workers.map(({ pid }) => pid),
    async run(round) {
      const tasks = Array.from({ length: count }, (_, i) => Nothing({ i: round * count + i }));
      const results = await lab.runTasks(tasks);
      if (results.size !== count) throw new Error(`${results.size} results`);
    },
    async [Symbol.asyncDispose]() {
      await ended(workers);
      await lab[Symbol.asyncDispose]();
    },
  };
}

async function started(args: readonly string[]): Promise<Deno.ChildProcess[]> {
  const workers = Array.from({ length: processes }, () =>
    new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        "--no-lock",
        "--no-check",
        `--config=${join(root, "deno.json")}`,
      ]
        .concat(args),
      ...{ stdin: "null", stdout: "null", stderr: "piped" },
    }).spawn());
  for (const worker of workers) {
    const reader = worker.stderr.pipeThrough(new TextDecoderStream()).getReader();
    for (let said = ""; !/takes tasks of/.test(said);) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`A worker ended: ${said}`);
      said += value;
    }
    (async () => {
      while (!(await reader.read()).done);
    })();
  }
  return workers;
}

async function ended(workers: readonly Deno.ChildProcess[]): Promise<void> {
  for (const worker of workers) {
    worker.kill("SIGTERM");
    await worker.status;
  }
}

async function costOf(
  parts: readonly (readonly number[])[],
  act: () => Promise<void>,
  name = "enqueued",
): Promise<Cost> {
  const [before, start] = [parts.map(cpuOf), performance.now()];
  await act();
  const wall = performance.now() - start;
  const spent = parts.map((pids, at) => cpuOf(pids) - before[at]!);
  const each = spent.map((ms) => Math.round(1000 * ms / count)).join(" + ");
  console.error(`${name}: ${Math.round(wall)} ms; µs of processors a task: ${each}`);
  return { wall, cpu: spent.reduce((sum, ms) => sum + ms, 0) };
}

/** The cost of a round: of the program, the workers, and the server. */
function costOfRound(way: Way, round: number): Promise<Cost> {
  return costOf([[Deno.pid], way.pids, [serverPid]], () => way.run(round), way.name);
}

/** What processes have taken of the processors so far, in ms: fields 14 and 15 of proc(5)'s stat, in 1/100 s. */
function cpuOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => {
    const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
    return sum + 10 * (Number(fields[11]) + Number(fields[12]));
  }, 0);
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? NaN;
}
