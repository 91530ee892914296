import { assertEquals, assertLessOrEqual } from "@std/assert";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { type Hosts, sameHosts } from "./_hosts.ts";
import { NamespaceHosts, noNamespaces } from "./_namespaces.ts";
import { Trial } from "./_trial.ts";

const HOSTS = 3;
/** How long a worker's hold on a task lasts without a sign of life, in ms. */
const LEASE = 3000;
/** When the sweep is given up, and its storage, in ms. */
const PATIENCE = 600_000;
/** After how long tasks were told lost, if they still were the worker's, in ms. */
const SURELY = 4 * LEASE;
/** Results lie on the broker's server, which has all on the disk that it has answered to. */
const KEPT = ["--appendonly", "yes", "--appendfsync", "no", "--save", ""];

/** 60 tasks; when each host holds some of those that are held up, it goes for a worker, a host and the broker. */
async function survive(hosts: Hosts): Promise<void> {
  await using server = await RedisServer.start({ host: hosts.address, args: KEPT });
  const [first, , last] = hosts.names;
  const report = await Trial.run({
    ...{ hosts, broker: server, workersPerHost: 1, concurrency: 2, lease: LEASE },
    storage: { type: "redis", url: server.url, claimTtl: 2, timeout: PATIENCE },
    ...{ tasks: 60, heldFrom: 30, ms: 20, patience: PATIENCE },
    async harm(trial) {
      const holds = async (host: string) => {
        const notes = await trial.notes.of(host);
        return notes.some(({ what, isHeld }) => what === "begin" && isHeld);
      };
      await trial.until(async () => (await Promise.all(hosts.names.map(holds))).every(Boolean));
      await trial.kill(trial.workers.find(({ host }) => host === first)!);
      await hosts.cut?.(last!);
      await server.kill();
      await server.again();
      await untilLost(trial, hosts.cut === undefined ? 1 : 2);
      await hosts.join?.(last!);
      await trial.letThrough();
    },
  });
  const { tasks, lost, mixed, replaced, killed, duplicates, stalls, problems } = report;
  assertEquals(problems, []);
  assertEquals({ tasks, lost, mixed, replaced, killed }, {
    ...{ tasks: 60, lost: 0, mixed: 0, replaced: 0, killed: 1 },
  });
  assertLessOrEqual(duplicates, stalls);
}

/** Waits until the broker tells that so many tasks lost their workers. */
async function untilLost(trial: Trial, count: number): Promise<void> {
  const end = performance.now() + SURELY;
  // On a machine that is too busy to renew holds, all may have been lost before, and told to nobody.
  await trial.until(() => trial.stalls.all.length >= count || performance.now() > end);
}

const promise =
  "60 tasks on three hosts come out whole, though a worker is killed, the broker is " +
  "started again";
if (noNamespaces === undefined) {
  testWithRedis(`${promise}, and a host is cut off`, async () => {
    await using hosts = await NamespaceHosts.open(HOSTS);
    await survive(hosts);
  });
} else {
  const name = `${promise}, and a host is cut off (skipped: ${noNamespaces})`;
  Deno.test({ name, ignore: true, fn: () => {} });
  testWithRedis(promise, () => survive(sameHosts(HOSTS)));
}
