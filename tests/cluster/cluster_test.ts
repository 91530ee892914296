import { assertEquals, assertLessOrEqual } from "@std/assert";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { type Hosts, sameHosts } from "./_hosts.ts";
import { NamespaceHosts, noNamespaces } from "./_namespaces.ts";
import { Trial } from "./_trial.ts";

const HOSTS = 3;
/** How long a worker's hold on a task lasts without a sign of life, in ms. */
const LEASE = 1000;
/** After how long a task was told lost, if it still was the worker's, in ms. */
const SURELY = 6 * LEASE;
/** Results lie on the broker's server, which has all on the disk that it has answered to. */
const KEPT = ["--appendonly", "yes", "--appendfsync", "no", "--save", ""];

/** 60 tasks; when each host holds some of those that are held up, it goes for the workers, broker and hosts. */
async function survive(hosts: Hosts): Promise<void> {
  await using server = await RedisServer.start({ host: hosts.address, args: KEPT });
  const [first, , last] = hosts.names;
  const report = await Trial.run({
    ...{ hosts, broker: server, workersPerHost: 1, concurrency: 2, lease: LEASE },
    storage: { type: "redis", url: server.url, claimTtl: 1 },
    ...{ tasks: 60, heldFrom: 30, ms: 20, patience: 120_000 },
    async harm(trial) {
      const holds = async (host: string) => {
        const notes = await trial.notes.of(host);
        return notes.some(({ what, isHeld }) => what === "begin" && isHeld);
      };
      const moved = (act: () => Promise<void> | undefined) => untilStalled(trial, act);
      await trial.until(async () => (await Promise.all(hosts.names.map(holds))).every(Boolean));
      await moved(() => trial.kill(trial.workers.find(({ host }) => host === first)!));
      await server.kill();
      await server.again();
      if (hosts.cut !== undefined) await moved(() => hosts.cut!(last!));
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

/** Does something by which a task loses its worker, and waits until the broker tells of it. */
async function untilStalled(trial: Trial, act: () => Promise<void> | undefined): Promise<void> {
  const before = trial.stalls.all.length;
  await act();
  const end = performance.now() + SURELY;
  // On a machine that was too busy to renew holds, all may have been lost before.
  await trial.until(() => trial.stalls.all.length > before || performance.now() > end);
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
