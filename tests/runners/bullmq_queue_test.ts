import { assertEquals } from "@std/assert";
import { BullmqRunner } from "@labtech/lab/runners/bullmq";
import { QueueCare } from "../../runners/_bullmq_care.ts";
import { BrokerLink } from "../../runners/_bullmq_link.ts";
import type { BullQueue } from "../../runners/_bullmq_package.ts";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { jobOptions, OpenQueue, queueIndex } from "../../runners/_bullmq_queue.ts";
import type { BullmqPlace } from "../../runners/_bullmq_place.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";

/** A queue, and its jobs. */
const NAME = "lab.BullFit";

function placeAt(server: RedisServer): BullmqPlace {
  return placeOf(new BullmqRunner({ connection: { url: server.url } }))!;
}

/** Has all jobs of a queue fail that wait there. */
async function failAll(link: BrokerLink, queue: BullQueue): Promise<void> {
  const worker = link.worker(NAME, () => Promise.reject(new Error("by somebody else")), {
    ...{ name: "w", concurrency: 1, autorun: true, drainDelay: 1 },
    ...{ lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 1 },
  });
  while ((await queue.getJobCounts("waiting", "active")).waiting! > 0) await rest();
  await worker.close();
}

function rest(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

testWithRedis("bullmq: a job that fails while its queue is opened is begun anew", async () => {
  await using server = await RedisServer.start();
  const place = placeAt(server);
  await using link = await BrokerLink.open(place.broker, place, () => {});
  const plain = link.queue(NAME);
  const job = { name: "BullFit", data: {}, opts: jobOptions("key") };
  await plain.addBulk([job]);
  const failed = Promise.withResolvers<void>();
  // One that has the job fail as soon as it is read which have failed before.
  const slow = Object.assign(Object.create(link) as BrokerLink, {
    events: (name: string) => link.events(name),
    producer: (name: string) => link.producer(name),
    queue(name: string) {
      const queue = link.queue(name);
      if (name !== NAME) return queue;
      const counted = queue.getJobCounts.bind(queue);
      queue.getJobCounts = async (...states) => {
        const counts = await counted(...states);
        await failAll(link, plain);
        return counts;
      };
      return queue;
    },
  });
  const opened = await OpenQueue.open(slow, {
    ...{ base: "lab", name: NAME, limit: Infinity, timeout: 60_000 },
    signal: new AbortController().signal,
    on(event, { jobId }) {
      if (event === "failed" && jobId === "key") failed.resolve();
    },
  });
  assertEquals((await plain.getJobCounts("failed")).failed, 1);
  const late = setTimeout(() => failed.reject(new Error("It is not heard that it failed")), 30_000);
  await failed.promise;
  clearTimeout(late);
  await opened.add([{ type: "BullFit", payload: {} as never, options: jobOptions("key") }]);
  assertEquals(await plain.getJobCounts("failed", "waiting"), { failed: 0, waiting: 1 });
});

testWithRedis(
  "bullmq: jobs that nobody can read are shown by their ids, and keep no others from being tried again",
  async () => {
    await using server = await RedisServer.start();
    const place = placeAt(server);
    await using link = await BrokerLink.open(place.broker, place, () => {});
    const queue = link.queue(NAME);
    const ids = Array.from({ length: 510 }, (_, at) => `key${at}`);
    await queue.addBulk(ids.map((id) => ({ name: "BullFit", data: {}, opts: jobOptions(id) })));
    await queueIndex(link, "lab").addBulk([{ name: "queue", data: {}, opts: jobOptions(NAME) }]);
    await failAll(link, queue);
    // All but the first ones and the last ones, whichever are tried first.
    const unsound = ids.slice(4, -4);
    await server.cli(
      "EVAL",
      "for _, id in ipairs(ARGV) do redis.call('HSET', 'bull:' .. KEYS[1] .. ':' .. id, 'data', '{') end",
      "1",
      NAME,
      ...unsound,
    );
    await using care = await QueueCare.open(place);
    const [name] = await care.queues();
    const shown = await care.jobs(name!, "failed", ids.length);
    assertEquals(shown.map(({ key }) => key).sort(), ids.toSorted());
    assertEquals(await care.retry(name!), 8);
    const { waiting, failed } = await care.counts(name!);
    assertEquals([waiting, failed], [8, unsound.length]);
  },
);

for (
  const [what, ...event] of [
    ["progress that is no JSON", "event", "progress", "jobId", "key", "data", "{"],
    ["a result that is no JSON", "event", "completed", "jobId", "key", "returnvalue", "{"],
    ["a result that is none", "event", "completed", "jobId", "key"],
    ["no name", "jobId", "key"],
    ["the name of BullMQ's own troubles", "event", "error", "message", "no trouble"],
  ]
) {
  testWithRedis(`bullmq: who listens to a queue goes on past an event with ${what}`, async () => {
    await using server = await RedisServer.start();
    const place = placeAt(server);
    const told: string[] = [];
    await using link = await BrokerLink.open(place.broker, place, ({ message }) => {
      told.push(message);
    });
    const heard: unknown[] = [];
    const last = Promise.withResolvers<void>();
    const opened = await OpenQueue.open(link, {
      ...{ base: "lab", name: NAME, limit: Infinity, timeout: 60_000 },
      signal: new AbortController().signal,
      on(event, { jobId, data, returnvalue }) {
        heard.push([event, jobId, data ?? returnvalue]);
        if (jobId === "last") last.resolve();
      },
    });
    const key = `bull:${NAME}:events`;
    await server.cli("XADD", key, "*", ...event);
    await server.cli("XADD", key, "*", "event", "progress", "jobId", "next", "data", "[1]");
    await server.cli("XADD", key, "*", "event", "completed", "jobId", "last", "returnvalue", "2");
    const late = setTimeout(() => last.reject(new Error("Nothing is heard any more")), 30_000);
    await last.promise;
    clearTimeout(late);
    assertEquals(heard, [["progress", "next", [1]], ["completed", "last", 2]]);
    assertEquals(told, []);
    await opened.queue.close();
  });
}
