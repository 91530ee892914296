import { RedisStorage } from "../../storages/redis.ts";
import { storageContract } from "../../testing/mod.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";

const servers = new WeakMap<RedisStorage, RedisServer>();

storageContract({
  name: "RedisStorage",
  make: async () => {
    const server = await RedisServer.start();
    const storage = new RedisStorage({ url: server.url });
    servers.set(storage, server);
    return storage;
  },
  again: (storage) => new RedisStorage({ url: servers.get(storage)!.url }),
  remove: (storage) => servers.get(storage)![Symbol.asyncDispose](),
  test: testWithRedis,
});
