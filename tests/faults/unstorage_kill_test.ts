import { faultContract } from "@labtech/lab/testing";
import { RedisServer, testWithRedis } from "../servers/redis.ts";

faultContract({
  name: "UnstorageStorage on fs",
  make: async () => ({ type: "unstorage", driver: "fs", base: await Deno.makeTempDir() }),
  kills: 15,
  remove: ({ base }) => Deno.remove(String(base), { recursive: true }),
});

const servers = new Map<unknown, RedisServer>();
faultContract({
  name: "UnstorageStorage on redis",
  make: async () => {
    const server = await RedisServer.start();
    servers.set(server.url, server);
    return { type: "unstorage", driver: "redis", url: server.url };
  },
  kills: 10,
  rounds: 30,
  remove: ({ url }) => servers.get(url)![Symbol.asyncDispose](),
  test: testWithRedis,
});
