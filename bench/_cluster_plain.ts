import { brokerOf } from "../runners/_bullmq_broker.ts";
import { BrokerLink } from "../runners/_bullmq_link.ts";

// A worker of plain BullMQ that does nothing; ends when it is told to.
const [url = "", concurrency] = Deno.args;
const link = await BrokerLink.open(brokerOf({ url }), { timeout: 15_000 }, (error) => {
  throw error;
});
const worker = link.worker("plain", (job) => Promise.resolve(job.data), {
  ...{ name: `plain-${Deno.pid}`, concurrency: Number(concurrency), autorun: true },
  ...{ lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 3, drainDelay: 5 },
});
await worker.waitUntilReady();
Deno.addSignalListener("SIGTERM", async () => {
  await link[Symbol.asyncDispose]();
  Deno.exit();
});
console.error("takes tasks of plain");
