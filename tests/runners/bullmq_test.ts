import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { join } from "@std/path/join";
import { Lab, LabError, type LabOptions, type Task } from "@labtech/lab";
import { BullmqRunner, type BullmqRunnerOptions, RunnerError } from "@labtech/lab/runners/bullmq";
import { AsyncRunner, SerialRunner } from "@labtech/lab/runners";
import { LocalStorage, MemoryStorage, NullStorage, SqliteStorage } from "@labtech/lab/storages";
import { RedisStorage } from "@labtech/lab/storages/redis";
import { QueueCare } from "../../runners/_bullmq_care.ts";
import { BrokerLink } from "../../runners/_bullmq_link.ts";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { jobOptions } from "../../runners/_bullmq_queue.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { startWorker } from "./_bullmq_server.ts";
import {
  Crowd,
  Double,
  Gated,
  Held,
  held,
  Narrow,
  Ranked,
  Stubborn,
  Tagged,
  Total,
  Unkept,
} from "./_bullmq_tasks.ts";

/** A broker, a directory that all machines see (there is one), and a file for notes. */
class Scene implements AsyncDisposable {
  readonly notes: string;
  readonly storage: LocalStorage;

  private constructor(readonly server: RedisServer, readonly dir: string) {
    this.notes = join(dir, "notes");
    this.storage = new LocalStorage({ dir: join(dir, "results"), shared: true });
  }

  static async open(args?: readonly string[]): Promise<Scene> {
    return new Scene(await RedisServer.start({ args }), await Deno.makeTempDir());
  }

  runner(options: Partial<BullmqRunnerOptions> = {}): BullmqRunner {
    return new BullmqRunner({ connection: { url: this.server.url }, ...options });
  }

  lab(options: LabOptions = {}): Lab {
    const { storage } = this;
    return new Lab({ storage, runner: this.runner(), progress: false, ...options });
  }

  /** What tasks noted, one line each. */
  async noted(): Promise<string[]> {
    const text = await Deno.readTextFile(this.notes).catch(() => "");
    return text === "" ? [] : text.trimEnd().split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

function test(
  name: string,
  play: (scene: Scene) => Promise<void>,
  args?: readonly string[],
): void {
  testWithRedis(`bullmq: ${name}`, async () => {
    await using scene = await Scene.open(args);
    await play(scene);
  });
}

async function failureOf(run: Promise<unknown>): Promise<Error> {
  const error = await assertRejects(() => run, LabError);
  const [failure] = error.failures.values();
  return failure!.cause as Error;
}

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

test("a storage that other machines cannot see is refused before anything is queued", async (scene) => {
  const { dir, notes, server } = scene;
  const near = [
    new LocalStorage({ dir: join(dir, "near") }),
    new MemoryStorage(),
    new SqliteStorage({ file: join(dir, "results.sqlite") }),
    new NullStorage(),
    null,
  ];
  for (const storage of near) {
    await using lab = scene.lab({ storage });
    const error = await assertRejects(
      () => lab.runTask(Double({ n: 1, notes })),
      RunnerError,
    );
    assertMatch(error.message, /storage/);
  }
  assertEquals(await server.keys(), []);
});

test("a storage that cannot tell has to be vouched for", async (scene) => {
  class Own extends RedisStorage {
    override get reach() {
      return undefined as never;
    }
  }
  const { notes, server } = scene;
  await using storage = new Own({ url: server.url });
  await using lab = scene.lab({ storage });
  const error = await assertRejects(() => lab.runTask(Double({ n: 1, notes })), RunnerError);
  assertStringIncludes(error.message, "sharedStorage: true");
  const runner = scene.runner({ sharedStorage: true });
  const worker = await startWorker(runner, { storage });
  await using told = scene.lab({ storage, runner });
  assertEquals(await told.runTask(Double({ n: 1, notes })), 2);
  await worker.drain();
});

test("a type that keeps no results is refused, and a job that is too large fails unqueued", async (scene) => {
  await using lab = scene.lab();
  const error = await assertRejects(() => lab.runTask(Unkept()), RunnerError);
  assertStringIncludes(error.message, "BullUnkept are not kept");
  const failure = await failureOf(lab.runTask(Double({ n: 1, notes: "x".repeat(300_000) })));
  assertMatch(failure.message, /is too large for the queue.*262144 is the most.*result of a task/s);
  assertEquals(await scene.server.keys(), []);
});

test("the broker carries params, and no results", async (scene) => {
  const { notes, server } = scene;
  const worker = await startWorker(scene.runner(), { storage: scene.storage });
  {
    await using lab = scene.lab();
    const halves = [11111111, 22222222].map((n) => Double({ n, notes }));
    assertEquals(await lab.runTask(Total({ of: halves })), 66666666);
  }
  await worker.drain();
  let sent = "";
  for await (const { name } of Deno.readDir(join(server.dir, "appendonlydir"))) {
    sent += await Deno.readTextFile(join(server.dir, "appendonlydir", name));
  }
  assertStringIncludes(sent, "11111111");
  // 22222222 is a param as well.
  for (const result of ["44444444", "66666666"]) assertEquals(sent.includes(result), false);
  // Nothing is left of what is done.
  assertEquals((await server.keys()).filter((key) => /BullDouble__|BullTotal__/.test(key)), []);
}, ["--appendonly", "yes"]);

test("a worker with other code refuses, another one takes the task; else it fails and names both", async (scene) => {
  const { notes, storage } = scene;
  const runner = scene.runner({ refusalTimeout: 300 });
  const other = await startWorker(runner, {
    storage,
    name: { worker: "old", host: "h" },
    versionOf: () => Promise.resolve("v0"),
  });
  await using lab = scene.lab({ runner });
  const failure = await failureOf(lab.runTask(Double({ n: 1, notes })));
  assertMatch(
    failure.message,
    /Worker old on h has code version "v0" of BullDouble, and "v1" is asked for; no other worker/,
  );
  assertEquals(await scene.noted(), []);
  const patient = scene.runner({ refusalTimeout: 600_000 });
  await other.drain();
  const still = await startWorker(patient, { storage, versionOf: () => Promise.resolve("v0") });
  const running = lab.runTask(Double({ n: 1, notes }));
  await until(() => still.counts.refused > 0);
  const right = await startWorker(patient, { storage });
  assertEquals(await running, 2);
  await Promise.all([still.drain(), right.drain()]);
});

test("a limit on a type holds for all workers together", async (scene) => {
  const { storage } = scene;
  const workers = await Promise.all(
    [1, 2].map(() => startWorker(scene.runner(), { storage, concurrency: 4 })),
  );
  // Two programs, each of which would have two at a time.
  const spans = (await Promise.all([0, 1].map(async (half) => {
    await using lab = scene.lab();
    const tasks = [1, 2, 3, 4].map((n) => Narrow({ n: n + 10 * half, ms: 60 }));
    return [...(await lab.runTasks(tasks)).values()];
  }))).flat();
  await Promise.all(workers.map((worker) => worker.drain()));
  for (const { begin } of spans) {
    const running = spans.filter((span) => span.begin <= begin && span.end > begin);
    assert(running.length <= 2, `${running.length} at once`);
  }
});

test("a worker runs as many tasks at once as it is told, however quick they are", async (scene) => {
  const { storage } = scene;
  for (const [n, local] of [new AsyncRunner(), new SerialRunner()].entries()) {
    const worker = await startWorker(scene.runner(), { storage, runner: local, concurrency: 3 });
    await using lab = scene.lab();
    const tasks = Array.from({ length: 64 }, (_, at) => Crowd({ n: 64 * n + at }));
    const most = Math.max(...(await lab.runTasks(tasks)).values());
    assert(most <= (local.name === "serial" ? 1 : 3), `${most} at once`);
    await worker.drain();
  }
});

test("a task with tags goes to a worker that has them all", async (scene) => {
  const { storage } = scene;
  const start = (worker: string, ...tags: string[]) =>
    startWorker(scene.runner(), { storage, tags, name: { worker, host: "h" } });
  const plain = await start("plain");
  await using lab = scene.lab({ logs: join(scene.dir, "log") });
  const needs = [[], ["gpu"], ["mem", "gpu"]];
  const running = lab.runTasks(needs.map((tags, n) => Tagged({ tags, n })));
  await until(() => plain.counts.done === 1);
  const gpu = await start("gpu", "gpu");
  await until(() => gpu.counts.done === 1);
  const both = await start("both", "gpu", "mem");
  const results = await running;
  assertEquals([...results.values()], ["", "gpu", "mem+gpu"]);
  assertEquals([plain, gpu, both].map(({ counts }) => counts.done), [1, 1, 1]);
  await Promise.all([plain, gpu, both].map((worker) => worker.drain()));
  // Logs and the record of the run say who ran what.
  const lines = (await Deno.readTextFile(join(scene.dir, "log"))).trimEnd().split("\n")
    .map((line) => JSON.parse(line));
  const done = lines.filter(({ event }) => event === "done").map(({ worker }) => worker);
  assertEquals(done.sort(), ["both@h", "gpu@h", "plain@h"]);
  const [run] = await lab.runs();
  const recorded = (await run!.load())!.tasks();
  assertEquals((await recorded).map(({ worker }) => worker).sort(), done);
});

test("attempts are made by the queue, retries by the Lab; each failure is told once", async (scene) => {
  const { notes, storage } = scene;
  const worker = await startWorker(scene.runner(), { storage });
  await using lab = scene.lab();
  const failure = await failureOf(lab.runTask(Stubborn({ notes, times: 9, attempts: 2 })));
  assertEquals([failure.name, failure.message], ["RangeError", "not yet: 2"]);
  // What failed before is tried anew by who asks for it again.
  assertEquals(await lab.runTask(Stubborn({ notes, times: 4, attempts: 2 })), 4);
  await worker.drain();
});

test("tasks of a lower priority number go first, and those without one before all", async (scene) => {
  const { notes, storage } = scene;
  await using lab = scene.lab();
  const ranks = [7, 2, 0, 5];
  const running = lab.runTasks(ranks.map((rank, n) => Ranked({ n, notes, rank })));
  const runner = scene.runner();
  await using care = await QueueCare.open(placeOf(runner)!);
  await until(async () => {
    const [queue] = await care.queues();
    return queue !== undefined && (await care.counts(queue)).waiting === ranks.length;
  });
  const worker = await startWorker(runner, { storage, concurrency: 1 });
  await running;
  assertEquals(await scene.noted(), ["begin 2", "begin 1", "begin 3", "begin 0"]);
  await worker.drain();
});

test("what failed is shown with its reason, and can be tried again with no program there", async (scene) => {
  const { notes, storage } = scene;
  const runner = scene.runner();
  const worker = await startWorker(runner, { storage, name: { worker: "one", host: "here" } });
  const task = Stubborn({ notes, times: 2, attempts: 1 });
  {
    await using lab = scene.lab();
    await failureOf(lab.runTask(task));
  }
  await using care = await QueueCare.open(placeOf(runner)!);
  const [queue] = await care.queues(["BullStubborn"]);
  const { waiting, active, failed, workers } = await care.counts(queue!);
  assertEquals([waiting, active, failed, workers], [0, 0, 1, 1]);
  const [job] = await care.jobs(queue!, "failed", 10);
  assertEquals([job!.reason, job!.worker], ["RangeError: not yet: 1", "one@here"]);
  assertMatch(job!.task, /^BullStubborn\(/);
  assertEquals(await care.retry(queue!), 1);
  await using lab = scene.lab();
  await until(() => lab.isCached(task));
  await until(async () => (await care.counts(queue!)).failed === 0);
  assertEquals(await care.retry(queue!), 0);
  await worker.drain();
});

test("a worker that answers what it likes is an error, and fills no log", async (scene) => {
  const { notes } = scene;
  const place = placeOf(scene.runner())!;
  await using link = await BrokerLink.open(place.broker, place, () => {});
  // Of these, one is of a level that there is, and within the bound.
  const rows = Array.from(
    { length: 110 },
    (_, n) => [n < 99 ? "fatal" : "info", `line ${n} of`, 1],
  );
  const answers = [null, "done", { kind: "missing", ids: [] }, { kind: "missing", ids: ["x"] }];
  const hostile = link.worker("lab.BullDouble", async (job, _token, _signal) => {
    await job.updateProgress({ kind: "logs", worker: "w", host: "h", rows });
    return answers.shift();
  }, {
    ...{ name: "w", concurrency: 1, autorun: true, drainDelay: 1 },
    ...{ lockDuration: 30_000, stalledInterval: 30_000, maxStalledCount: 1 },
  });
  await hostile.waitUntilReady();
  const log = join(scene.dir, "log");
  {
    await using lab = scene.lab({ logs: log });
    for (const n of [1, 2, 3, 4]) {
      const failure = await failureOf(lab.runTask(Double({ n, notes })));
      assertStringIncludes(failure.message, "gave an answer that no worker gives");
    }
  }
  const lines = (await Deno.readTextFile(log)).match(/line \d+ of/g);
  assertEquals(lines, Array(4).fill("line 99 of"));
});

test("two programs that want the same share the work, and a third finds it done", async (scene) => {
  const { notes, storage } = scene;
  const tasks = () => [1, 2, 3, 4, 5].map((n) => Double({ n, notes, ms: 20 }));
  const running = [1, 2].map(async () => {
    await using lab = scene.lab();
    return [...(await lab.runTasks(tasks())).values()];
  });
  const worker = await startWorker(scene.runner(), { storage });
  assertEquals(await Promise.all(running), [[2, 4, 6, 8, 10], [2, 4, 6, 8, 10]]);
  assertEquals((await scene.noted()).length, 10);
  await using lab = scene.lab();
  assertEquals((await lab.runTasks(tasks())).summary.cached, 5);
  assertEquals((await lab.runTasks(tasks(), { bustCache: true })).summary.run, 5);
  assertEquals((await scene.noted()).length, 20);
  await worker.drain();
});

test("a broker that loses all it had loses no task", async (scene) => {
  const { notes, storage, server } = scene;
  await using lab = scene.lab();
  const tasks = [1, 2, 3].map((n) => Double({ n, notes }));
  const running = lab.runTasks(tasks);
  await until(async () => (await server.keys()).some((key) => key.includes("BullDouble__")));
  await server.kill();
  await server.again();
  const worker = await startWorker(scene.runner(), { storage });
  assertEquals([...(await running).values()], [2, 4, 6]);
  await worker.drain();
});

test("what anybody puts into a queue is run only if it is a task of a known type", async (scene) => {
  const { notes, storage } = scene;
  const runner = scene.runner({ refusalTimeout: 100 });
  const worker = await startWorker(runner, { storage });
  const place = placeOf(runner)!;
  await using link = await BrokerLink.open(place.broker, place, () => {});
  const queue = link.queue("lab.BullDouble");
  const canary = join(scene.dir, "canary.ts");
  await Deno.writeTextFile(canary, `Deno.writeTextFileSync(${JSON.stringify(notes)}, "imported");`);
  const task = Double({ n: 1, notes });
  const sound = { name: "BullDouble", codeVersion: "v1", params: { n: 1, notes } };
  const table = { id: task.id, tasks: { [task.id]: sound } };
  const key = await scene.lab().keyOf(task);
  const hostile: unknown[] = [
    null,
    "text",
    { format: 1 },
    { format: 1, run: "r", key, table: { id: "x", tasks: {} } },
    {
      format: 1,
      run: "r",
      key,
      table: { ...table, tasks: { [task.id]: { ...sound, params: { n: 2, notes } } } },
    },
    { format: 1, run: "r", key: "../../etc/passwd", table },
    { format: 1, run: "r", key, table, context: "AAAA" },
    {
      format: 1,
      run: "r",
      key,
      table: { id: task.id, tasks: { [task.id]: { ...sound, name: canary } } },
      module: canary,
    },
    { format: 1, run: "r", key, table: { id: "__proto__", tasks: { ["__proto__"]: sound } } },
  ];
  await queue.addBulk(
    hostile.map((data, at) => ({ name: "BullDouble", data, opts: jobOptions(`hostile-${at}`) })),
  );
  await until(async () => (await queue.getJobCounts("failed")).failed === hostile.length);
  assertEquals(await scene.noted(), []);
  await using lab = scene.lab({ runner });
  assertEquals(await lab.runTask(task), 2);
  await worker.drain();
});

test("a job that is lost and given to the same worker again is stopped, and begun anew", async (scene) => {
  const { server, storage } = scene;
  const worker = await startWorker(scene.runner(), { storage, singleFlight: false });
  await using lab = scene.lab();
  const running = lab.runTask(Held({}));
  await until(() => held.length === 1);
  {
    const place = placeOf(scene.runner())!;
    await using link = await BrokerLink.open(place.broker, place, () => {});
    const key = await lab.keyOf(Held({}));
    const token = await server.cli("GET", `bull:lab.BullHeld:${key}:lock`);
    const job = await link.queue("lab.BullHeld").getJob(key);
    await job!.moveToWait(token);
  }
  await until(() => held.length === 2);
  assertEquals(held.map(({ signal }) => signal.aborted), [true, false]);
  held[1]!.letGo();
  assertEquals(await running, 2);
  assertEquals(worker.counts.failed, 0);
  await worker.drain();
});

test("a worker that is told twice to end closes what it has once", async (scene) => {
  class Counted extends AsyncRunner {
    ends = 0;
    override [Symbol.asyncDispose](): Promise<void> {
      this.ends++;
      return super[Symbol.asyncDispose]();
    }
  }
  const local = new Counted();
  const worker = await startWorker(scene.runner(), { storage: scene.storage, runner: local });
  await Promise.all([worker.drain(), worker.stop(), worker.drain()]);
  assertEquals(local.ends, 1);
});

test("a worker on another storage is found out", async (scene) => {
  await using elsewhere = new RedisStorage({ url: scene.server.url });
  const worker = await startWorker(scene.runner(), { storage: elsewhere });
  await using lab = scene.lab();
  const failure = await failureOf(lab.runTask(Double({ n: 1, notes: scene.notes })));
  assertStringIncludes(failure.message, "do program and worker name the same storage");
  await worker.drain();
});

test("a broker that is away or lets nobody in is an error without a password", async (scene) => {
  const { notes, server } = scene;
  await server.cli("CONFIG", "SET", "requirepass", "right");
  for (const url of [`redis://:hunter2@127.0.0.1:${server.port}`, "redis://:hunter2@127.0.0.1:1"]) {
    await using lab = scene.lab({
      runner: new BullmqRunner({ connection: { url }, timeout: 5000 }),
    });
    const error = await assertRejects(() => lab.runTask(Double({ n: 1, notes })), RunnerError);
    assertStringIncludes(error.message, "redis://127.0.0.1:");
    assertEquals(Deno.inspect(error).includes("hunter2"), false);
    assertEquals(Deno.inspect(lab, { depth: 9 }).includes("hunter2"), false);
  }
});

test("who is stopped while a broker does not answer waits for it no longer", async (scene) => {
  scene.server.signal("SIGSTOP");
  const stop = new AbortController();
  const { broker } = placeOf(scene.runner())!;
  const opening = BrokerLink.open(broker, { timeout: 2 ** 30, signal: stop.signal }, () => {});
  // It is waited for by then, or else about to be.
  setTimeout(() => stop.abort(new Error("not now")), 100);
  await assertRejects(() => opening, Error, "not now");
  scene.server.signal("SIGCONT");
});

testWithRedis(
  "bullmq: a broker with TLS and a password is spoken to, and the password is left nowhere",
  async () => {
    const dir = await Deno.makeTempDir();
    const [key, certificate] = [join(dir, "key.pem"), join(dir, "certificate.pem")];
    const made = await new Deno.Command("openssl", {
      args: [
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=localhost",
      ]
        .concat(["-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"])
        .concat(["-keyout", key, "-out", certificate]),
    }).output();
    assert(made.success, new TextDecoder().decode(made.stderr));
    await using server = await RedisServer.start({
      tls: { key, certificate },
      args: ["--save", "", "--requirepass", "s3cret"],
    });
    const [url, ca] = [server.url, Deno.readTextFileSync(certificate)];
    const config = join(dir, "lab.json");
    const connection = { url, password: { env: "LAB_TEST_PASSWORD" }, ca };
    await Deno.writeTextFile(
      config,
      JSON.stringify({
        storage: { type: "local", dir: "results", shared: true },
        runner: { type: "bullmq", connection, queue: "tls" },
        ...{ logs: "log", progress: false },
      }),
    );
    Deno.env.set("LAB_TEST_PASSWORD", "s3cret");
    let shown = "";
    try {
      await using lab = await Lab.fromConfig(config);
      const place = placeOf(lab.runner)!;
      const worker = await startWorker(lab.runner as BullmqRunner, {
        storage: lab.storage!,
        log: (_level, text) => shown += text,
      });
      const notes = join(dir, "notes");
      assertEquals(await lab.runTask(Double({ n: 1, notes })), 2);
      await failureOf(lab.runTask(Stubborn({ notes, times: 99, attempts: 1 })));
      await using care = await QueueCare.open(place);
      for (const queue of await care.queues()) {
        shown += JSON.stringify([queue, await care.jobs(queue, "failed", 10)]);
      }
      assertStringIncludes(shown, "RangeError: not yet");
      shown += Deno.inspect([lab, lab.runner, worker], { depth: 9 });
      await worker.drain();
      for (const wrong of [{ ca, password: "s3cret2" }, { password: "s3cret" }]) {
        await using other = new Lab({
          storage: lab.storage,
          runner: new BullmqRunner({ connection: { url, ...wrong }, timeout: 5000 }),
        });
        const error = await assertRejects(
          () => other.runTask(Double({ n: 2, notes })),
          RunnerError,
        );
        assertStringIncludes(error.message, `The broker rediss://127.0.0.1:${server.port}/0 `);
        shown += Deno.inspect(error);
      }
    } finally {
      Deno.env.delete("LAB_TEST_PASSWORD");
    }
    const { stdout, success } = await new Deno.Command("grep", { args: ["-rl", "BullDouble", dir] })
      .output();
    assert(success, "nothing was written");
    const files = new TextDecoder().decode(stdout).trimEnd().split("\n");
    for (const file of files) shown += await Deno.readTextFile(file);
    assertEquals(shown.includes("s3cret"), false);
    await Deno.remove(dir, { recursive: true });
  },
  { programs: ["openssl", "grep"] },
);

test("a program with the permissions that the Lab lists, and no others, has its tasks run", async (scene) => {
  const { dir, notes, server, storage } = scene;
  const worker = await startWorker(scene.runner(), { storage });
  const config = join(dir, "lab.json");
  await Deno.writeTextFile(
    config,
    JSON.stringify({
      storage: { type: "local", dir: "results", shared: true },
      runner: { type: "bullmq", connection: { url: server.url } },
    }),
  );
  const program = new URL("./_bullmq_program.ts", import.meta.url).pathname;
  const gate = join(dir, "gate");
  for (const n of [1, 2, 3, 4]) await Deno.writeTextFile(`${gate}-${n}`, "");
  await using lab = await Lab.fromConfig(config);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--no-lock", "--no-check", ...lab.permissionFlags()]
      .concat([`--config=${new URL("../../deno.json", import.meta.url).pathname}`])
      .concat([program, config, notes, gate]),
  }).output();
  assertEquals(
    [new TextDecoder().decode(stdout), success],
    ["[2,4,6,8]\n", true],
    new TextDecoder().decode(stderr),
  );
  await worker.drain();
});

test("a run that is stopped stops its tasks, unless another program waits for them", async (scene) => {
  const { notes, storage } = scene;
  const worker = await startWorker(scene.runner(), { storage });
  const stopped = async (task: Task) => {
    const stop = new AbortController();
    await using lab = scene.lab();
    const running = lab.runTask(task, { signal: stop.signal }).catch((error) => error);
    const { n } = task.params as { n: number };
    await until(async () => (await scene.noted()).includes(`begin ${n}`));
    stop.abort();
    assertInstanceOf(await running, LabError);
  };
  await stopped(Double({ n: 1, notes, ms: 600_000 }));
  await until(() => worker.counts.active === 0);
  const gate = join(scene.dir, "gate");
  const shared = Gated({ n: 2, notes, gate });
  const first = stopped(shared);
  await until(async () => (await scene.noted()).includes("begin 2"));
  await using lab = scene.lab();
  const other = lab.runTask(shared);
  await first;
  // It was stopped, and is asked for again.
  await until(async () => (await scene.noted()).filter((line) => line === "begin 2").length === 2);
  await Deno.writeTextFile(gate, "");
  assertEquals(await other, 4);
  assertEquals((await scene.noted()).filter((line) => line.startsWith("end")), ["end 2"]);
  await worker.drain();
});
