import type { Place } from "../../testing/_fault_orders.ts";
import type { SoakPlace, StorageMaker } from "./places.ts";

/** The storages of servers, which are started for each place on ports of their own. */
export const SERVER_STORAGES: readonly StorageMaker[] = [
  { name: "s3", missing: noS3, make: s3, lifetime: 400 },
  { name: "redis", missing: noRedis, make: redis },
  { name: "tiered", missing: noRedis, make: tiered },
];

async function noS3(): Promise<string | undefined> {
  return (await import("../../tests/servers/versitygw.ts")).noS3;
}

// deno-lint-ignore require-await
async function noRedis(): Promise<string | undefined> {
  try {
    const { success } = new Deno.Command("redis-server", { args: ["--version"] }).outputSync();
    return success ? undefined : "redis-server does not run";
  } catch {
    return "redis-server is not installed";
  }
}

async function s3(): Promise<SoakPlace> {
  const { S3Server } = await import("../../tests/servers/versitygw.ts");
  const server = await S3Server.start();
  return placeOf({ type: "s3", ...server.bucket() }, () => server[Symbol.asyncDispose]());
}

async function redis(): Promise<SoakPlace> {
  const { RedisServer } = await import("../../tests/servers/redis.ts");
  const server = await RedisServer.start();
  return placeOf(
    { type: "redis", url: server.url, claimTtl: 1 },
    () => server[Symbol.asyncDispose](),
  );
}

/** A directory in front of a server. */
async function tiered(): Promise<SoakPlace> {
  const far = await redis();
  const dir = await Deno.makeTempDir();
  const near = { type: "local", dir };
  return placeOf({ type: "tiered", near, far: far.spec, maxAge: 0 }, async () => {
    await Deno.remove(dir, { recursive: true });
    await far[Symbol.asyncDispose]();
  });
}

function placeOf(spec: Place["spec"], end: () => Promise<void>): SoakPlace {
  return { spec, modules: [], [Symbol.asyncDispose]: end };
}
