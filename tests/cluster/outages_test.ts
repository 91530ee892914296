import { assert, assertEquals, assertRejects } from "@std/assert";
import { join } from "@std/path/join";
import { Lab } from "@labtech/lab";
import { BullmqRunner } from "@labtech/lab/runners/bullmq";
import { LocalStorage } from "@labtech/lab/storages";
import { RedisStorage } from "@labtech/lab/storages/redis";
import { startWorker } from "../runners/_bullmq_server.ts";
import { Double, Gated, Total } from "../runners/_bullmq_tasks.ts";
import { PostgresServer, testWithPostgres } from "../servers/postgres.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";

/** For how long what is wrong may last, in ms. */
const PATIENCE = 600_000;

/** What tasks noted in a file, one line each. */
function noted(notes: string): string[] {
  try {
    return Deno.readTextFileSync(notes).trimEnd().split("\n");
  } catch {
    return [];
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

testWithRedis("a storage that is away when a result is to be saved fails no task", async () => {
  await using broker = await RedisServer.start();
  await using server = await RedisServer.start({ args: ["--appendonly", "yes", "--save", ""] });
  const dir = await Deno.makeTempDir();
  try {
    const notes = join(dir, "notes");
    const runner = () =>
      new BullmqRunner({ connection: { url: broker.url }, refusalTimeout: PATIENCE });
    await using storage = new RedisStorage({ url: server.url, timeout: PATIENCE });
    await using own = new RedisStorage({ url: server.url, timeout: 1000 });
    const worker = await startWorker(runner(), { storage: own });
    await using lab = new Lab({ storage, runner: runner(), progress: false });
    const gate = join(dir, "gate");
    const running = lab.runTask(Gated({ n: 1, notes, gate }));
    await until(() => noted(notes).length === 1);
    await server.kill();
    await Deno.writeTextFile(gate, "");
    await until(() => worker.counts.refused > 0);
    await server.again();
    assertEquals(await running, 2);
    await worker.stop();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

testWithRedis(
  "a worker that is told to end while the broker is away saves what it computes, and ends",
  async () => {
    await using broker = await RedisServer.start();
    const dir = await Deno.makeTempDir();
    try {
      const notes = join(dir, "notes");
      const runner = () => new BullmqRunner({ connection: { url: broker.url } });
      const storage = new LocalStorage({ dir: join(dir, "results"), shared: true });
      const worker = await startWorker(runner(), { storage });
      const gate = join(dir, "gate");
      const task = Gated({ n: 1, notes, gate });
      const stop = new AbortController();
      await using lab = new Lab({ storage, runner: runner(), progress: false });
      const running = lab.runTask(task, { signal: stop.signal });
      await until(() => noted(notes).length > 0);
      await broker.kill();
      const draining = worker.drain();
      await Deno.writeTextFile(gate, "");
      await draining;
      assert(await lab.isCached(task));
      stop.abort(new Error("Nobody tells of it"));
      await assertRejects(() => running, Error, "was stopped");
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
);

testWithPostgres("a PostgreSQL that ends while tasks run, and comes back, fails none", async () => {
  await using broker = await PostgresServer.start();
  const dir = await Deno.makeTempDir();
  try {
    const notes = join(dir, "notes");
    const runner = () =>
      new BullmqRunner({ connection: { url: broker.url }, lease: 1000, maxStalls: 100 });
    const storage = new LocalStorage({ dir: join(dir, "results"), shared: true });
    const worker = await startWorker(runner(), { storage });
    await using lab = new Lab({ storage, runner: runner(), progress: false });
    const halves = [1, 2, 3, 4].map((n) => Double({ n, notes, ms: 300 }));
    const running = lab.runTask(Total({ of: halves }));
    await until(() => noted(notes).length > 0);
    await broker.kill();
    await until(() => noted(notes).some((line) => line.startsWith("end")));
    await broker.again();
    assertEquals(await running, 20);
    await worker.stop();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
