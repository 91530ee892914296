import { type Hosts, sameHosts } from "../../tests/cluster/_hosts.ts";
import { NamespaceHosts, noNamespaces } from "../../tests/cluster/_namespaces.ts";
import type { Note } from "../../tests/cluster/_notes.ts";
import { Trial, type TrialBroker } from "../../tests/cluster/_trial.ts";
import { noPostgres, PostgresServer } from "../../tests/servers/postgres.ts";
import { noRedis, RedisServer } from "../../tests/servers/redis.ts";
import { noS3, S3Server } from "../../tests/servers/versitygw.ts";
import type { Reached, Row } from "./row.ts";

const HOSTS = 3;
const WORKERS_PER_HOST = 5;
/** How many tasks a worker runs at once. */
const CONCURRENCY = 2;
const TASKS = 1000;
/** How long tasks take on average, in ms. */
const TASK_TIME = 2000;
/** How many there are that take no time, so that several travel in one job. */
const QUICK_TASKS = 15_000;
/** How long a worker's hold on a task lasts without a sign of life, in ms: shorter than a cut, or longer. */
const SHORT = 5000;
const LONG = 30_000;
/** For how long the broker is away, and a host is cut off, in ms. */
const AWAY = 3000;
const CUT = 20_000;
/** The same, where tasks are quick. */
const SHORT_CUT = 5000;
/** When a sweep is given up, in ms. */
const PATIENCE = 900_000;

/** Where a cluster's queue is and where its results go. */
interface Servers extends AsyncDisposable {
  readonly broker: TrialBroker;
  readonly storage: Readonly<Record<string, unknown>>;
}

/** The targets of sweeps on more than one machine. */
export const CLUSTER_ROWS: readonly Row[] = [
  clusterRow(1, "redis and s3", redisAndS3, SHORT, () => noRedis() ?? noS3),
  clusterRow(2, "postgres and a directory", postgresAndDirectory, SHORT, noPostgres),
  clusterRow(3, "redis and redis", redisAndRedis, LONG, noRedis),
  clusterRow(4, "redis and redis", redisAndRedis, LONG, noRedis, {
    ...{ tasks: QUICK_TASKS, ms: 0, cut: SHORT_CUT, areTogether: true },
    // On one machine that stands for three, what threads take would keep tasks from being quick.
    ...{ workersPerHost: 3, local: "async" },
  }),
];

/** What sweeps are made of. */
interface Size {
  readonly tasks: number;
  /** How long tasks take on average. */
  readonly ms: number;
  /** For how long a host is cut off, in ms. */
  readonly cut: number;
  /** Whether several are to travel in one job. */
  readonly areTogether?: boolean;
  /** How many workers there are on each host. @default {5} */
  readonly workersPerHost?: number;
  /** What they run tasks by. @default {threads} */
  readonly local?: string;
}

function clusterRow(
  target: number,
  storage: string,
  open: (address: string) => Promise<Servers>,
  lease: number,
  missing: () => string | undefined,
  size: Size = { tasks: TASKS, ms: TASK_TIME, cut: CUT },
): Row {
  const isCut = noNamespaces === undefined;
  const rest = isCut ? "" : ` (no host cut off: ${noNamespaces})`;
  return {
    target,
    storage,
    wanted:
      `${size.tasks} tasks of ${size.ms} ms on 3 hosts, 20% of the workers killed, the broker ` +
      `restarted, a host cut off for ${
        size.cut / 1000
      } s: none lost or mixed, duplicates no more than stalls (lease ` +
      `${lease / 1000} s)${rest}`,
    missing: () => Promise.resolve(missing()),
    async run({ scale }) {
      await using hosts = isCut ? await NamespaceHosts.open(HOSTS) : sameHosts(HOSTS);
      await using servers = await open(hosts.address);
      const tasks = Math.ceil(size.tasks * scale);
      return await endure(hosts, servers, { ...size, tasks, lease });
    },
  };
}

async function endure(
  hosts: Hosts,
  { broker, storage }: Servers,
  { tasks, ms, cut, areTogether = false, lease, ...size }: Size & { readonly lease: number },
): Promise<Reached> {
  const cutOff = hosts.names.at(-1)!;
  const { workersPerHost = WORKERS_PER_HOST, local } = size;
  const kills = Math.round(0.2 * HOSTS * workersPerHost);
  let begunBefore = 0;
  const missed: string[] = [];
  const { problems, ...report } = await Trial.run({
    ...{ hosts, broker, storage, tasks, ms, lease, patience: PATIENCE },
    ...{ workersPerHost, concurrency: CONCURRENCY, ...(local && { local }) },
    async harm(trial) {
      const reached = async (part: number, what: string) => {
        const isReached = await trial.until(async () => {
          const ended = (await trial.notes.read()).filter(({ what }) => what === "end");
          return ended.length >= part * tasks;
        });
        if (!isReached) missed.push(`The sweep was over before ${what}`);
      };
      const cutting = (async () => {
        if (hosts.cut === undefined) return;
        await reached(0.4, "a host was cut off");
        await hosts.cut(cutOff);
        await new Promise((resolve) => setTimeout(resolve, cut));
        begunBefore = (await trial.notes.of(cutOff)).filter(isBegun).length;
        await hosts.join!(cutOff);
      })();
      const killing = (async () => {
        for (let n = 0; n < kills; n++) {
          // One of each host in turn; the last of them while another host is cut off.
          const of = trial.workers.filter(({ host }) => host === hosts.names[n % HOSTS]);
          await reached(0.1 + 0.15 * n, `${n + 1} workers were killed`);
          await trial.kill(of[Math.floor(n / HOSTS)]!);
        }
      })();
      const restarting = (async () => {
        await reached(0.2, "the broker was restarted");
        await broker.kill();
        await new Promise((resolve) => setTimeout(resolve, AWAY));
        await broker.again();
      })();
      await Promise.all([cutting, killing, restarting]);
    },
  });
  const { lost, mixed, replaced, unexplained, duplicates, stalls, killed, begun } = report;
  const { histories, notes, together } = report;
  const after = notes.filter(({ host }) => host === cutOff).filter(isBegun).length - begunBefore;
  if (hosts.cut !== undefined && after === 0) missed.push(`${cutOff} did nothing after its return`);
  const verdicts = { lost, mixed, replaced, unexplained };
  for (const [verdict, count] of Object.entries(verdicts)) {
    if (count > 0) missed.push(`${count} of ${tasks} results: ${verdict}`);
  }
  if (areTogether && together === 0) missed.push("No tasks travelled together");
  if (duplicates > stalls) missed.push(`${duplicates} computations again, for ${stalls} stalls`);
  const figure = `${tasks} tasks, ${killed} of ${HOSTS * workersPerHost} workers killed: ` +
    `${lost} lost, ${mixed} mixed, ${replaced} replaced; ${begun} begun, ${duplicates} of them again, ` +
    `for ${stalls} stalls; ${after} begun by ${cutOff} after its return; ${together} jobs of several tasks`;
  return {
    figure,
    problems: [...missed, ...problems.slice(0, 1), ...histories, ...problems.slice(1)],
  };
}

function isBegun({ what }: Note): boolean {
  return what === "begin";
}

async function redisAndS3(host: string): Promise<Servers> {
  await using made = new AsyncDisposableStack();
  const broker = made.use(await durableRedis(host));
  const s3 = made.use(await S3Server.start({ host }));
  const storage = { type: "s3", ...s3.bucket(), claimTtl: SHORT / 1000 };
  return serversOf(broker, storage, made.move());
}

async function redisAndRedis(host: string): Promise<Servers> {
  await using made = new AsyncDisposableStack();
  const broker = made.use(await durableRedis(host));
  const results = made.use(await durableRedis(host));
  // A save that waits in vain for longer is given up, and the task computed anew, though nobody lost it.
  const storage = { type: "redis", url: results.url, timeout: 3 * CUT };
  return serversOf(broker, storage, made.move());
}

async function postgresAndDirectory(host: string): Promise<Servers> {
  await using made = new AsyncDisposableStack();
  const broker = made.use(await PostgresServer.start({ host }));
  const dir = await Deno.makeTempDir();
  made.defer(() => Deno.remove(dir, { recursive: true }));
  return serversOf(broker, { type: "local", dir, shared: true }, made.move());
}

function serversOf(
  broker: TrialBroker,
  storage: Servers["storage"],
  made: AsyncDisposableStack,
): Servers {
  return { broker, storage, [Symbol.asyncDispose]: () => made.disposeAsync() };
}

/** A server that has all on the disk that it has answered to. */
function durableRedis(host: string): Promise<RedisServer> {
  const args = ["--appendonly", "yes", "--appendfsync", "no", "--save", ""];
  return RedisServer.start({ host, args });
}
