import { RedisServer } from "./redis.ts";

/** Three servers that share the keys between them, with no replicas. */
export class RedisCluster implements AsyncDisposable {
  /** The servers. */
  readonly servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.servers = servers;
  }

  /** Starts them, and waits until they agree. */
  static async start(): Promise<RedisCluster> {
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--save", ""];
    const args = ["--cluster-enabled", "yes", "--cluster-node-timeout", "2000", ...durable];
    const servers: RedisServer[] = [];
    const cluster = new RedisCluster(servers);
    try {
      for (let n = 0; n < 3; n++) servers.push(await RedisServer.start({ args }));
      const places = servers.map(({ port }) => `127.0.0.1:${port}`);
      await servers[0]!.cli("--cluster", "create", ...places, "--cluster-yes");
      await cluster.agree();
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The address of one of them. */
  get url(): string {
    return this.servers[0]!.url;
  }

  /** Waits until all of them say that all is well. */
  async agree(): Promise<void> {
    for (const server of this.servers) {
      for (let tries = 1; !/cluster_state:ok/.test(await server.cli("CLUSTER", "INFO")); tries++) {
        if (tries === 3000) throw new Error("The servers of the cluster do not agree");
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  }

  /** Ends all of them. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const server of this.servers) await server[Symbol.asyncDispose]();
  }
}
