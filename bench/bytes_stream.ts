/**
 * Saves and loads one large stream by `BytesCache`, and prints how long that took and how much memory.
 *
 * deno run -A bench/bytes_stream.ts [MiB=1024] [storage=local|sqlite|s3|redis]
 *
 * `s3` and `redis` are servers on this machine, as the tests start them; the memory is that of this process alone.
 *
 * @module
 */

import { BytesCache } from "@labtech/lab/caches";
import { type PluginSpec, storages } from "@labtech/lab/registry";
import { task } from "@labtech/lab";
import { RedisServer } from "../tests/servers/redis.ts";
import { S3Server } from "../tests/servers/versitygw.ts";

const [size = "1024", type = "local"] = Deno.args;
const MIB = 2 ** 20;
const PIECE = new Uint8Array(MIB).map((_, n) => n * 31);

const Large = task(import.meta, { name: "Large", run: () => null });
const dir = await Deno.makeTempDir({ dir: Deno.env.get("BENCH_DIR") });
await using stack = new AsyncDisposableStack();
const places: Record<string, () => Promise<PluginSpec>> = {
  local: async () => await Promise.resolve({ type, dir }),
  sqlite: async () => await Promise.resolve({ type, file: `${dir}/results.db` }),
  s3: async () => ({ type, ...stack.use(await S3Server.start()).bucket() }),
  redis: async () => ({ type, url: stack.use(await RedisServer.start()).url }),
};
const place = await places[type]!();
const cache = new BytesCache();
const started = Deno.memoryUsage().rss;
let most = started;
const watching = setInterval(() => most = Math.max(most, Deno.memoryUsage().rss), 5);

try {
  await using storage = storages.create(place);
  await timed("save", async () => {
    const meta = { start: new Date(), duration: 1 };
    await cache.save(storage, "bytes__Large", Large({}), { value: pieces(Number(size)), meta });
  });
  await timed("load", async () => {
    const result = await cache.load(storage, "bytes__Large", Large({}));
    let bytes = 0;
    for await (const piece of result!.value as ReadableStream<Uint8Array>) bytes += piece.length;
    if (bytes !== Number(size) * MIB) throw new Error(`${bytes} bytes came back`);
  });
} finally {
  clearInterval(watching);
  await Deno.remove(dir, { recursive: true });
}

function pieces(count: number): ReadableStream<Uint8Array> {
  return new ReadableStream({
    pull(controller) {
      if (count-- > 0) controller.enqueue(PIECE.slice());
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

async function timed(what: string, act: () => Promise<void>): Promise<void> {
  most = Deno.memoryUsage().rss;
  const start = performance.now();
  await act();
  const seconds = (performance.now() - start) / 1000;
  const rate = Math.round(Number(size) / seconds);
  const grown = Math.round((most - started) / MIB);
  console.log(
    `${what} ${size} MiB: ${seconds.toFixed(1)} s, ${rate} MiB/s, +${grown} MiB of memory`,
  );
}
