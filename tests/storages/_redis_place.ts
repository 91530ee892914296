import { RedisConnection } from "../../storages/_redis_connection.ts";
import { redisPlace } from "../../storages/_redis_place.ts";
import { asBuffer, type RedisReply } from "../../storages/_redis_client.ts";
import { RedisStorage, type RedisStorageOptions } from "../../storages/redis.ts";
import { RedisServer, type RedisServerOptions } from "../servers/redis.ts";

/** A server, a storage on it, and a way past the storage. */
export interface RedisScene extends AsyncDisposable {
  readonly server: RedisServer;
  readonly storage: RedisStorage;
  /** Another storage on the same server. */
  again(options?: Partial<RedisStorageOptions>): RedisStorage;
  /** Sends a command of its own. */
  send(...command: (string | Uint8Array)[]): Promise<RedisReply>;
  /** How often the server ran a command since it was started. */
  count(command: string): Promise<number>;
}

/** Starts a server with a storage on it; the end of the block ends both. */
export async function redisScene(
  { args, ...options }: RedisServerOptions & Partial<RedisStorageOptions> = {},
): Promise<RedisScene> {
  const stack = new AsyncDisposableStack();
  const server = stack.use(await RedisServer.start({ args }));
  const again = (more?: Partial<RedisStorageOptions>) =>
    stack.use(new RedisStorage({ url: server.url, ...options, ...more }));
  const connection = new RedisConnection(redisPlace({ url: server.url }));
  stack.defer(() => connection.dispose());
  const send = (...command: (string | Uint8Array)[]) =>
    connection.send(command.map((part) => typeof part === "string" ? part : asBuffer(part)), {
      doing: "test",
    });
  return {
    server,
    storage: again(),
    again,
    send,
    async count(command) {
      const text = await server.cli("INFO", "commandstats");
      return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(text)?.[1] ?? 0);
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

/** Waits until something holds; fails after two minutes. */
export async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 120_000;
  while (!await holds()) {
    if (performance.now() > end) throw new Error("It did not come about within two minutes");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
