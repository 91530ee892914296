import { assertEquals, assertRejects } from "@std/assert";
import { BullmqRunner } from "@labtech/lab/runners/bullmq";
import { LocalStorage } from "@labtech/lab/storages";
import { noRedis, RedisServer, testWithRedis } from "../servers/redis.ts";
import { startWorker } from "./_bullmq_server.ts";
import { Double, Total } from "./_bullmq_tasks.ts";

testWithRedis("a worker that is given a type twice takes jobs from its queue once", async () => {
  await using server = await RedisServer.start();
  const runner = new BullmqRunner({ connection: { url: server.url } });
  const storage = new LocalStorage({ dir: server.dir, shared: true });
  const worker = await startWorker(runner, { storage, types: [Double, Total, Double] });
  assertEquals(worker.queues, ["lab.BullDouble", "lab.BullTotal"]);
  await worker.drain();
});

const [NAME, why] = [
  "a worker that cannot be started leaves no timer and no connection",
  noRedis(),
];

Deno.test({
  name: why ? `${NAME} (skipped: ${why})` : NAME,
  ignore: why !== undefined,
  sanitizeOps: true,
  sanitizeResources: true,
  async fn() {
    await using server = await RedisServer.start();
    // Who may not ask for the version of the server is let in, and BullMQ does not work with it.
    await server.cli("ACL", "SETUSER", "halfway", "on", ">word", "~*", "&*", "+@all", "-info");
    const connection = { url: server.url, username: "halfway", password: "word" };
    const storage = new LocalStorage({ dir: server.dir, shared: true });
    const types = [Double, Total];
    await assertRejects(
      () => startWorker(new BullmqRunner({ connection }), { storage, types }),
      Error,
      "NOPERM",
    );
  },
});
