import { RedisStorage } from "@labtech/lab/storages/redis";
import { runnerContract } from "@labtech/lab/testing";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { RunnerWithWorker } from "./_bullmq_server.ts";

let server: RedisServer | undefined;

// One server for all of them: each run has a queue of its own, each storage a prefix.
const cases: [name: string, run: () => Promise<void>][] = [];
runnerContract({
  name: "BullmqRunner",
  make: () => new RunnerWithWorker({ connection: { url: server!.url } }),
  storage: () => new RedisStorage({ url: server!.url, prefix: `${crypto.randomUUID()}:` }),
  test: (name, run) => cases.push([name, run]),
});

let left = cases.length;
for (const [name, run] of cases) {
  testWithRedis(name, async () => {
    server ??= await RedisServer.start();
    try {
      await run();
    } finally {
      if (--left === 0) await server[Symbol.asyncDispose]();
    }
  });
}
