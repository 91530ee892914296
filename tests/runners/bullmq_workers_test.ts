import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertStringIncludes,
} from "@std/assert";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { Lab, LabError } from "@labtech/lab";
import { QueueCare } from "../../runners/_bullmq_care.ts";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { Double, Gated, Tagged, Total } from "./_bullmq_tasks.ts";

const ROOT = fromFileUrl(new URL("../..", import.meta.url));
const MODULE = fromFileUrl(new URL("./_bullmq_tasks.ts", import.meta.url));
const PROGRAM = fromFileUrl(new URL("./_bullmq_program.ts", import.meta.url));

/** How long a hold on a job lasts where a worker loses it, in ms. */
const LEASE = 2000;
/** Where the machine stands still for so long, a worker loses its job once more than it is meant to. */
const SHORT = { lease: LEASE, maxStalls: 100 };

/** A broker, a configuration, and worker processes. */
class Cluster implements AsyncDisposable {
  readonly #workers: WorkerProcess[] = [];

  private constructor(readonly server: RedisServer, readonly dir: string) {}

  /** Results lie in a directory, or, with options for it, on the same server. */
  static async open(options: object = {}, redis?: object): Promise<Cluster> {
    const cluster = new Cluster(await RedisServer.start(), await Deno.makeTempDir());
    await Deno.writeTextFile(
      cluster.config,
      JSON.stringify({
        storage: redis === undefined
          ? { type: "local", dir: "results", shared: true }
          : { type: "redis", url: cluster.server.url, ...redis },
        runner: { type: "bullmq", connection: { url: cluster.server.url }, ...options },
        progress: false,
      }),
    );
    return cluster;
  }

  get config(): string {
    return join(this.dir, "lab.json");
  }

  get notes(): string {
    return join(this.dir, "notes");
  }

  /** Tasks that are gated wait for this file. */
  get gate(): string {
    return join(this.dir, "gate");
  }

  /** Lets gated tasks end. */
  async letGo(): Promise<void> {
    await Deno.writeTextFile(this.gate, "");
  }

  lab(): Promise<Lab> {
    return Lab.fromConfig(this.config);
  }

  /** What tasks noted, one line each. */
  async noted(): Promise<string[]> {
    const text = await Deno.readTextFile(this.notes).catch(() => "");
    return text === "" ? [] : text.trimEnd().split("\n");
  }

  /** Starts the command line. */
  cli(...args: readonly string[]): Deno.ChildProcess {
    return start(join(ROOT, "cli/mod.ts"), ...args, "--config", this.config);
  }

  async run(
    ...args: readonly string[]
  ): Promise<{ readonly code: number; readonly stdout: string }> {
    const { code, stdout } = await this.cli(...args).output();
    return { code, stdout: new TextDecoder().decode(stdout) };
  }

  /** Starts a worker, and waits until it takes tasks. */
  async worker(...args: readonly string[]): Promise<WorkerProcess> {
    const worker = new WorkerProcess(this.cli("worker", ...args, MODULE));
    this.#workers.push(worker);
    await worker.says(/takes tasks of/);
    return worker;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const worker of this.#workers) await worker.kill("SIGKILL");
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

class WorkerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #read: Promise<void>;
  #text = "";
  #heard: () => void = () => {};

  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#read = (async () => {
      for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) {
        this.#text += piece;
        this.#heard();
      }
    })();
    child.stdout.cancel();
  }

  /** Waits until it has said something. */
  async says(what: RegExp): Promise<RegExpMatchArray> {
    for (;;) {
      const said = this.#text.match(what);
      if (said !== null) return said;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#heard = resolve;
      const ended = this.#child.status.then(({ code }) => {
        if (!what.test(this.#text)) throw new Error(`It ended with ${code}: ${this.#text}`);
      });
      await Promise.race([promise, ended]);
    }
  }

  signal(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Its exit code, once it has ended. */
  async ended(): Promise<number> {
    const { code } = await this.#child.status;
    await this.#read;
    return code;
  }

  async kill(signal: Deno.Signal): Promise<void> {
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.ended();
  }
}

function start(program: string, ...args: readonly string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-lock", "--no-check", "-A"].concat(
      [`--config=${join(ROOT, "deno.json")}`, program, ...args],
    ),
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

testWithRedis(
  "lab worker runs tasks, tells how it is, and ends when it is told to, the last task done",
  async () => {
    await using cluster = await Cluster.open();
    const { notes, gate } = cluster;
    await using lab = await cluster.lab();
    const worker = await cluster.worker(
      ...["--concurrency", "2", "--name", "one", "--health", "127.0.0.1:0"],
    );
    const [, address] = await worker.says(/Answers at (http:\S+)\/healthz/);
    const asked = async (path: string) => {
      const response = await fetch(`${address}${path}`);
      return [response.status, await response.json()];
    };
    const halves = [1, 2, 3].map((n) => Double({ n, notes }));
    assertEquals(await lab.runTask(Total({ of: halves })), 12);
    const running = lab.runTask(Gated({ n: 9, notes, gate }));
    await until(async () => (await cluster.noted()).includes("begin 9"));
    const [ready, { state, worker: name, active, done }] = await asked("/readyz");
    assertEquals([ready, state, name, active, done], [200, "running", "one", 1, 4]);
    worker.signal("SIGTERM");
    await worker.says(/1 task is finished first/);
    assertEquals((await asked("/healthz"))[0], 200);
    const [unready, { state: last }] = await asked("/readyz");
    assertEquals([unready, last], [503, "draining"]);
    await cluster.letGo();
    assertEquals(await running, 18);
    assertEquals(await worker.ended(), 0);
  },
);

testWithRedis(
  "lab worker takes the types that it is told, and what needs its tags; it ends when it is idle",
  async () => {
    await using cluster = await Cluster.open();
    const { notes, dir } = cluster;
    await using lab = await cluster.lab();
    const stop = new AbortController();
    const unserved = lab.runTask(Double({ n: 1, notes }), { signal: stop.signal })
      .catch((error) => error);
    const tagged = lab.runTask(Tagged({ tags: ["gpu", "mem"], n: 1 }));
    {
      await using care = await QueueCare.open(placeOf(lab.runner)!);
      await until(async () => {
        const counts = (await care.queues()).map((queue) => care.counts(queue));
        return (await Promise.all(counts)).filter(({ waiting }) => waiting === 1).length === 2;
      });
    }
    const worker = await cluster.worker(
      ...["--types", "BullTagged", "--tags", "mem,gpu", "--idle-exit", "3"],
    );
    assertEquals(await tagged, "gpu+mem");
    assertEquals(await worker.ended(), 0);
    assertEquals(await cluster.noted(), []);
    stop.abort();
    assertInstanceOf(await unserved, LabError);
    // Who may not answer where it is told to does not go on.
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const address = `127.0.0.1:${taken.addr.port}`;
    const { code, stderr } = await cluster.cli("worker", MODULE, "--health", address).output();
    taken.close();
    const text = new TextDecoder().decode(stderr);
    assertEquals(code, 1, `${text} in ${dir}`);
    assertStringIncludes(text, `Cannot answer at http://${address}: `);
  },
);

testWithRedis("the task of a worker that was killed goes to another one", async () => {
  await using cluster = await Cluster.open(SHORT);
  const { notes, gate } = cluster;
  await using lab = await cluster.lab();
  const first = await cluster.worker();
  const running = lab.runTask(Gated({ n: 1, notes, gate }));
  await until(async () => (await cluster.noted()).length === 1);
  await first.kill("SIGKILL");
  await cluster.worker();
  await until(async () => (await cluster.noted()).length >= 2);
  await cluster.letGo();
  assertEquals(await running, 2);
});

testWithRedis("a worker that lost its task publishes nothing", async () => {
  await using cluster = await Cluster.open(SHORT, { claimTtl: LEASE / 1000 });
  const { notes, gate } = cluster;
  await using lab = await cluster.lab();
  const first = await cluster.worker("--name", "first");
  const task = Gated({ n: 1, notes, gate });
  const running = lab.runTask(task);
  await until(async () => (await cluster.noted()).length === 1);
  first.signal("SIGSTOP");
  await cluster.worker("--name", "second");
  await until(async () => (await cluster.noted()).length >= 2);
  await cluster.letGo();
  assertEquals(await running, 2);
  const key = await lab.keyOf(task);
  const published = await (await lab.storage!.open(key))!.read("metadata.json");
  first.signal("SIGCONT");
  first.signal("SIGTERM");
  assertEquals(await first.ended(), 0);
  assertEquals(await (await lab.storage!.open(key))!.read("metadata.json"), published);
});

testWithRedis(
  "a worker that is frozen with its claim does not keep its task from others for ever",
  async () => {
    await using cluster = await Cluster.open(SHORT);
    const { notes, gate } = cluster;
    await using lab = await cluster.lab();
    const first = await cluster.worker("--name", "first");
    const task = Gated({ n: 1, notes, gate });
    const running = lab.runTask(task);
    await until(async () => (await cluster.noted()).length === 1);
    first.signal("SIGSTOP");
    await cluster.worker("--name", "second");
    await until(async () => (await cluster.noted()).length >= 2);
    await cluster.letGo();
    assertEquals(await running, 2);
    first.signal("SIGCONT");
    first.signal("SIGTERM");
    assertEquals(await first.ended(), 0);
    assertEquals(await lab.isCached(task), true);
  },
);

testWithRedis(
  "a program that was killed and started again finds what is done, and waits for what runs",
  async () => {
    await using cluster = await Cluster.open();
    const { config, notes, gate } = cluster;
    const gates = [1, 2, 3, 4].map((n) => `${gate}-${n}`);
    const program = start(PROGRAM, config, notes, gate);
    const worker = await cluster.worker("--concurrency", "1");
    await Deno.writeTextFile(gates[0]!, "");
    await until(async () => (await cluster.noted()).includes("begin 2"));
    program.kill("SIGKILL");
    await program.output();
    const again = start(PROGRAM, config, notes, gate);
    for (const each of gates) await Deno.writeTextFile(each, "");
    const { stdout, code } = await again.output();
    assertEquals([code, new TextDecoder().decode(stdout)], [0, "[2,4,6,8]\n"]);
    assertEquals((await cluster.noted()).filter((line) => line.startsWith("begin")).length, 4);
    worker.signal("SIGTERM");
    assertEquals(await worker.ended(), 0);
  },
);

for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
  testWithRedis(
    `a worker that gets ${signal} twice stops at once with ${exitCode}, and the task goes back`,
    async () => {
      await using cluster = await Cluster.open();
      const { notes, gate } = cluster;
      await using lab = await cluster.lab();
      const first = await cluster.worker();
      const running = lab.runTask(Gated({ n: 1, notes, gate }));
      await until(async () => (await cluster.noted()).length === 1);
      first.signal(signal);
      await first.says(/finished first/);
      first.signal(signal);
      assertEquals(await first.ended(), exitCode);
      assertEquals(await cluster.noted(), ["begin 1"]);
      await cluster.letGo();
      await cluster.worker();
      assertEquals(await running, 2);
    },
  );
}

testWithRedis(
  "lab queue shows what waits, runs and failed; retry and drain do as they say",
  async () => {
    await using cluster = await Cluster.open();
    const { notes } = cluster;
    await using lab = await cluster.lab();
    const stop = new AbortController();
    const running = lab.runTask(Double({ n: 1, notes, ms: 600_000 }), { signal: stop.signal })
      .catch((error) => error);
    await cluster.worker("--concurrency", "1", "--name", "busy");
    await until(async () => (await cluster.noted()).length === 1);
    const drained = lab.runTask(Double({ n: 2, notes })).catch((error) => error);
    const shown = async () => JSON.parse((await cluster.run("queue", "--json")).stdout).queues[0];
    await until(async () => (await shown()).waiting === 1);
    const queue = await shown();
    assertEquals(
      [queue.type, queue.waiting, queue.active, queue.failed, queue.workers],
      ["BullDouble", 1, 1, 0, 1],
    );
    const active = queue.jobs.find(({ state }: { state: string }) => state === "active");
    assertMatch(active.worker, /^busy@/);
    assertMatch(active.task, /^BullDouble\(n=\d, notes=/);
    assertMatch((await cluster.run("queue")).stdout, /BullDouble +1 +1 +0 +1\n\nactive \(1\):\n/);
    assertEquals(JSON.parse((await cluster.run("queue", "drain", "--json")).stdout).drained, 1);
    assertStringIncludes(String(await drained), "(lab queue drain)");
    stop.abort();
    assertInstanceOf(await running, LabError);
    // What nobody waits for any more is stopped: it did not fail, and is gone.
    await until(async () => {
      const { waiting, active, failed } = await shown();
      assertEquals([waiting, failed], [0, 0]);
      return active === 0;
    });
    const { stdout } = await cluster.run("queue", "retry", "--json");
    assertEquals(JSON.parse(stdout).retried, 0);
  },
);

testWithRedis(
  "lab worker ends with 2 for a mistake, and 1 for a broker that cannot be reached",
  async () => {
    await using cluster = await Cluster.open();
    assertEquals((await cluster.run("worker")).code, 2);
    assertEquals((await cluster.run("worker", MODULE, "--types", "Nothing")).code, 2);
    const untagged = await cluster.cli("worker", MODULE, "--tags", "gpu:1").output();
    assertEquals(untagged.code, 2);
    assertMatch(new TextDecoder().decode(untagged.stderr), /^--tags: expected tags of .*"gpu:1"/);
    const config = await Deno.readTextFile(cluster.config);
    await Deno.writeTextFile(cluster.config, config.replace(`"shared":true`, `"shared":false`));
    assertEquals((await cluster.run("worker", MODULE)).code, 2);
    await Deno.writeTextFile(cluster.config, config);
    await cluster.server.kill();
    const { code, stderr } = await cluster.cli("worker", MODULE).output();
    assertEquals(code, 1);
    assertMatch(
      new TextDecoder().decode(stderr),
      /^The broker redis:\/\/127\.0\.0\.1:\d+\/0 .* cannot be used/,
    );
    await Deno.writeTextFile(cluster.config, `{ "storage": "results" }`);
    const plain = await cluster.cli("worker", MODULE).output();
    assertEquals(plain.code, 2);
    assert(new TextDecoder().decode(plain.stderr).includes('the runner "bullmq" has one'));
  },
);
