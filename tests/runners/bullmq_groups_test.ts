import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { join } from "@std/path/join";
import { Lab, LabError, type LabOptions, type Task } from "@labtech/lab";
import {
  AsyncRunner,
  type Runner,
  type RunnerSession,
  type RunSetting,
} from "@labtech/lab/runners";
import { BullmqRunner, type BullmqRunnerOptions } from "@labtech/lab/runners/bullmq";
import { LocalStorage } from "@labtech/lab/storages";
import { QueueCare } from "../../runners/_bullmq_care.ts";
import { groupId, groupPayloadOf, isGroup } from "../../runners/_bullmq_group_payload.ts";
import { BrokerLink } from "../../runners/_bullmq_link.ts";
import {
  readProgress,
  readReturnedGroup,
  type ReturnedGroup,
} from "../../runners/_bullmq_messages.ts";
import type { BullJob, BullProcessor, BullState } from "../../runners/_bullmq_package.ts";
import { payloadOf } from "../../runners/_bullmq_payload.ts";
import { placeOf } from "../../runners/_bullmq_place.ts";
import { jobOptions } from "../../runners/_bullmq_queue.ts";
import type { QueueWorker } from "../../runners/_bullmq_worker.ts";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { startWorker } from "./_bullmq_server.ts";
import { type Course, Quick } from "./_bullmq_quick_tasks.ts";

const QUEUE = "lab.BullQuick";
/** How long a hold on a job lasts where a worker loses it, in ms. */
const LEASE = 2000;
/** The same, where none does. */
const LONG = 30_000;
const STATES: BullState[] = ["waiting", "active", "failed", "delayed", "prioritized"];

/** A broker, a storage that all machines see, and a file for notes. */
class Scene implements AsyncDisposable {
  readonly notes: string;
  readonly storage: LocalStorage;
  readonly #workers: QueueWorker[] = [];
  #waves = 0;

  private constructor(readonly server: RedisServer, readonly dir: string) {
    this.notes = join(dir, "notes");
    this.storage = new LocalStorage({ dir: join(dir, "results"), shared: true });
  }

  static async open(): Promise<Scene> {
    return new Scene(await RedisServer.start(), await Deno.makeTempDir());
  }

  runner(options: Partial<BullmqRunnerOptions> = {}): BullmqRunner {
    return new BullmqRunner({ connection: { url: this.server.url }, ...options });
  }

  lab(options: LabOptions = {}): Lab {
    return new Lab({
      ...{ storage: this.storage, runner: this.runner(), progress: false },
      ...options,
    });
  }

  async worker(
    concurrency: number,
    options: Partial<BullmqRunnerOptions> = {},
  ): Promise<QueueWorker> {
    const { storage } = this;
    const worker = await startWorker(this.runner(options), {
      ...{ storage, concurrency, runner: new NoTimeRunner() },
    });
    this.#workers.push(worker);
    return worker;
  }

  link(): Promise<BrokerLink> {
    const place = placeOf(this.runner())!;
    return BrokerLink.open(place.broker, place, () => {});
  }

  /** Tasks that were not asked for before; `courses` says what becomes of those that do not just end. */
  wave(
    count: number,
    courses: (at: number) => Course | undefined = () => undefined,
  ): Task<number>[] {
    const from = 1000 * this.#waves++;
    return Array.from({ length: count }, (_, at) => {
      const course = courses(at);
      return Quick({ n: from + at, notes: this.notes, ...(course && { course }) });
    });
  }

  /** Lets those end that wait. */
  async letGo(): Promise<void> {
    await Deno.writeTextFile(`${this.notes}.gate`, "");
  }

  /** What tasks noted, one line each. */
  async noted(): Promise<string[]> {
    const text = await Deno.readTextFile(this.notes).catch(() => "");
    return text === "" ? [] : text.trimEnd().split("\n");
  }

  /** How often each task was begun that was. */
  async begins(): Promise<Map<number, number>> {
    const begun = (await this.noted()).filter((line) => line.startsWith("begin"));
    const counts = new Map<number, number>();
    for (const line of begun) {
      const n = Number(line.split(" ")[1]);
      counts.set(n, (counts.get(n) ?? 0) + 1);
    }
    return counts;
  }

  /** A job that carries tasks, as a program would put it into the queue. */
  async group(tasks: readonly Task[]): Promise<{
    readonly name: string;
    readonly data: unknown;
    readonly opts: ReturnType<typeof jobOptions>;
  }> {
    await using lab = this.lab();
    const payloads = await Promise.all(tasks.map(async (task) => {
      const key = await lab.keyOf(task);
      const rest = { run: "run", context: {}, attempt: 1, replaces: false };
      return payloadOf({ task, key, ...rest }).payload;
    }));
    const opts = jobOptions(groupId(tasks.length));
    return { name: "BullQuick", data: groupPayloadOf(payloads), opts };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.letGo();
    await Promise.all(this.#workers.map((worker) => worker.stop()));
    await this.server[Symbol.asyncDispose]();
    await Deno.remove(this.dir, { recursive: true });
  }
}

/** Says of all tasks that they took no time, however busy the machine is. */
class NoTimeRunner implements Runner {
  readonly name = "async";
  readonly #runner = new AsyncRunner();

  permissions(): Deno.PermissionOptionsObject {
    return this.#runner.permissions([]);
  }

  async open(setting: RunSetting): Promise<RunnerSession> {
    const session = await this.#runner.open(setting);
    return {
      slots: session.slots,
      async run(job) {
        const outcome = await session.run(job);
        return outcome.kind === "done"
          ? { ...outcome, meta: { ...outcome.meta, duration: 0 } }
          : outcome;
      },
      forget: (id) => session.forget(id),
      drop: () => session.drop(),
      [Symbol.asyncDispose]: () => session[Symbol.asyncDispose](),
    };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#runner[Symbol.asyncDispose]();
  }
}

/** Takes down which jobs with several tasks were begun, and what came of them. */
class Watch {
  readonly begun = new Set<string>();
  readonly returned = new Map<string, ReturnedGroup>();
  /** By the job, the positions that were left to others before it ended. */
  readonly released = new Map<string, readonly number[]>();

  static async of(link: BrokerLink): Promise<Watch> {
    const watch = new Watch();
    const events = link.events(QUEUE);
    await events.waitUntilReady();
    const on = (event: string, told: (id: string, args: Record<string, unknown>) => void) =>
      events.on(event, (args) => {
        const { jobId = "" } = args;
        if (jobId.startsWith("group.")) told(jobId, { ...args });
      });
    on("active", (id) => watch.begun.add(id));
    on("completed", (id, { returnvalue }) => watch.returned.set(id, returnvalue as ReturnedGroup));
    on("progress", (id, { data }) => {
      const { released } = readProgress(data) ?? {};
      if (released !== undefined) watch.released.set(id, released);
    });
    return watch;
  }
}

function test(name: string, play: (scene: Scene) => Promise<void>): void {
  testWithRedis(`bullmq, several tasks in one job: ${name}`, async () => {
    await using scene = await Scene.open();
    await play(scene);
  });
}

/** Waits until something holds. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 20));
}

/**
 * Runs waves until some of their tasks travelled together: on a machine that is so busy that nothing is heard of the
 * first ones in time, none does.
 */
async function untilTogether(watch: Watch, run: () => Promise<void>): Promise<void> {
  while (watch.begun.size === 0) await run();
}

test("quick tasks travel together, each runs once, and is told of as any other", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const worker = await scene.worker(4);
  const logs = join(scene.dir, "log");
  await using lab = scene.lab({ logs });
  let count = 0;
  await untilTogether(watch, async () => {
    const tasks = scene.wave(300, (at) => at % 10 === 5 ? "logs" : undefined);
    const results = await lab.runTasks(tasks);
    assertEquals([...results.values()], tasks.map(({ params }) => 3 * (params as { n: number }).n));
    count += tasks.length;
  });
  const begins = await scene.begins();
  assertEquals([begins.size, new Set(begins.values())], [count, new Set([1])]);
  assertEquals([worker.counts.done, worker.counts.failed], [count, 0]);
  const lines = (await Deno.readTextFile(logs)).trimEnd().split("\n").map((line) =>
    JSON.parse(line)
  );
  const logged = lines.filter(({ event }) => event === "log");
  assertEquals(logged.length, count / 10);
  for (const { text, task, worker } of logged) {
    assertMatch(String(task.text ?? task), new RegExp(`\\b${text.replace("this is ", "n=")}\\b`));
    assertEquals(worker, "test@here");
  }
  const done = lines.filter(({ event }) => event === "done");
  assertEquals(done.map(({ worker }) => worker), Array(count).fill("test@here"));
  assertEquals(lines.filter(({ event }) => event === "started").length, count);
  const queue = link.queue(QUEUE);
  await until(async () => (await queue.getRanges(STATES, 0, -1)).length === 0);
});

test("one that fails does so alone, once, with its own error, and is kept as one that failed", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const worker = await scene.worker(4);
  await using lab = scene.lab({ continueOnFailure: true });
  let failed = 0;
  await untilTogether(watch, async () => {
    const tasks = scene.wave(300, (at) => at % 60 === 59 ? "fails" : undefined);
    const error = await assertRejects(() => lab.runTasks(tasks), LabError);
    assertEquals(error.failures.size, 5);
    failed += 5;
    for (const [task, failure] of error.failures) {
      const { n } = task.params as { n: number };
      const { name, message } = failure.cause as Error;
      assertEquals([name, message], ["RangeError", `not ${n}`]);
    }
  });
  const begins = await scene.begins();
  assertEquals(new Set(begins.values()), new Set([1]));
  assertEquals(worker.counts.failed, failed);
  await using care = await QueueCare.open(placeOf(scene.runner())!);
  const [queue] = await care.queues(["BullQuick"]);
  assertEquals((await care.counts(queue!)).failed, failed);
  const jobs = await care.jobs(queue!, "failed", 1000);
  for (const { reason, task } of jobs) {
    assertMatch(reason!, /^RangeError: not \d+$/);
    assertMatch(task, new RegExp(`^BullQuick\\(n=${reason!.slice("RangeError: not ".length)},`));
  }
  // Tried again, it is run, and fails as any other.
  assertEquals(await care.retry(queue!), failed);
  await until(async () =>
    (await scene.begins()).values().filter((n) => n === 2).toArray().length === failed
  );
  await until(async () => (await care.counts(queue!)).failed === failed);
});

test("a failure that travels on alone is told, not run, also when a worker has given it back", async (scene) => {
  await using link = await scene.link();
  const [task] = scene.wave(1);
  const { data, opts: { jobId: _, ...opts } } = await scene.group([task!]);
  const { group: [{ key, table }], ...rest } = data as ReturnType<typeof groupPayloadOf> & {
    group: [{ key: string; table: unknown }];
  };
  const error = { name: "RangeError", message: "not this one" };
  const failure = { worker: "one", host: "here", error };
  const job = { name: "BullQuick", data: { ...rest, key, table, failure }, opts };
  const queue = link.queue(QUEUE);
  await queue.addBulk([{ ...job, opts: { ...opts, jobId: key } }]);
  const back = Promise.withResolvers<void>();
  const ending = link.worker(QUEUE, async (job, token, _signal) => {
    await job.moveToWait(token);
    back.resolve();
    throw Object.assign(new Error("back"), { name: "WaitingError" });
  }, {
    ...{ name: "ending", concurrency: 1, autorun: true, drainDelay: 1 },
    ...{ lockDuration: LONG, stalledInterval: LONG, maxStalledCount: 1 },
  });
  await back.promise;
  await ending.close();
  await scene.worker(1);
  // One that is run is gone afterwards.
  const isKept = async () => (await queue.getJobCounts("failed")).failed === 1;
  await until(async () => await isKept() || await queue.getJob(key) === undefined);
  assertEquals((await queue.getJob(key))?.failedReason, "RangeError: not this one");
  assertEquals(await scene.noted(), []);
});

test("one that takes long leaves the others to whoever has a place", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const queue = link.queue(QUEUE);
  await scene.worker(1);
  const wave = scene.wave(6, (at) => at === 2 ? "waits" : undefined);
  const job = await scene.group(wave);
  await queue.addBulk([job]);
  const { jobId } = job.opts;
  await until(() => watch.released.has(jobId));
  const released = watch.released.get(jobId)!;
  assertEquals(released.at(-1), 5);
  await scene.letGo();
  await until(() => watch.returned.has(jobId));
  const rows = readReturnedGroup(watch.returned.get(jobId), 6)!;
  assertEquals(
    rows.map(({ kind }) => kind),
    rows.map((_, at) => released.includes(at) ? "left" : "done"),
  );
  const begun = [0, 1, 2, 3, 4, 5].filter((at) => !released.includes(at));
  assertEquals([...(await scene.begins()).keys()], begun);
});

test("a program whose tasks were left by a worker has others run them meanwhile", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  await scene.worker(5);
  await scene.worker(5);
  await using lab = scene.lab();
  await untilTogether(watch, async () => {
    await Deno.remove(`${scene.notes}.gate`).catch(() => {});
    const before = (await scene.noted()).filter((line) => line.startsWith("end")).length;
    const tasks = scene.wave(300, (at) => at % 60 === 40 && at > 64 ? "waits" : undefined);
    const running = lab.runTasks(tasks);
    await until(async () => {
      const ended = (await scene.noted()).filter((line) => line.startsWith("end")).length;
      return ended === before + 296;
    });
    await scene.letGo();
    assertEquals((await running).size, 300);
  });
  assertEquals(new Set((await scene.begins()).values()), new Set([1]));
});

test("what a lost worker has done is found, what it left is not begun, and the rest is run", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const queue = link.queue(QUEUE);
  const wave = scene.wave(4);
  const job = await scene.group(wave);
  const { jobId } = job.opts;
  {
    // The first one is done; of the others nobody knows but the worker, which dies.
    const worker = await scene.worker(1, { lease: LEASE });
    await using lab = scene.lab();
    await lab.runTask(wave[0]!);
    await worker.drain();
  }
  const told = Promise.withResolvers<void>();
  const dying = await scene.link();
  const worker = dying.worker(QUEUE, async (job, _token, _signal) => {
    await job.updateProgress({ kind: "released", worker: "dying", host: "here", released: [2] });
    told.resolve();
    return await new Promise(() => {});
  }, {
    ...{ name: "dying", concurrency: 1, autorun: true, drainDelay: 1 },
    ...{ lockDuration: LEASE, stalledInterval: 600_000, maxStalledCount: 1 },
  });
  await worker.waitUntilReady();
  await queue.addBulk([job]);
  await told.promise;
  await worker.close(true);
  await scene.worker(1, { lease: LEASE });
  await until(() => watch.returned.has(jobId));
  const rows = readReturnedGroup(watch.returned.get(jobId), 4)!;
  const [first, second, third] = rows;
  assertEquals([first!.kind, first!.kind === "done" && first!.found], ["done", true]);
  assertEquals([second!.kind, third!.kind], ["done", "left"]);
  const begins = await scene.begins();
  assertEquals([0, 1, 2].map((n) => begins.get(n)), [1, 1, undefined]);
  await dying[Symbol.asyncDispose]();
});

test("where it fails as a whole, its tasks go on by themselves, and nothing is left of it", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const storage = new LocalStorage({ dir: join(scene.dir, "results"), shared: true });
  const { Processor } = await import("../../runners/_bullmq_processor.ts");
  const { LocalWork } = await import("../../runners/_bullmq_local.ts");
  const { StructuredCache } = await import("@labtech/lab/caches");
  const [stop, cache] = [new AbortController(), new StructuredCache()];
  await using local = await LocalWork.open({
    ...{ storage, runner: new NoTimeRunner(), plugins: [], types: [], log: () => {} },
    ...{ maxWorkers: 2, signal: stop.signal },
  });
  using processor = new Processor({
    ...{ name: { worker: "older", host: "here" }, storage, context: {}, local, stop: stop.signal },
    ...{ singleFlight: false, lease: LONG, refusalTimeout: LONG },
    types: {
      ...{ served: new Set(["BullQuick"]), cacheOf: () => cache },
      versionOf: (type) => Promise.resolve(type.codeVersion),
    },
  });
  // As of a version that knows no such jobs, or as one that was lost too often.
  const process: BullProcessor = async (job: BullJob, token, signal) => {
    if (isGroup(job.data)) throw new Error("job stalled more than allowable limit");
    return await processor.process(job, token, signal);
  };
  const worker = link.worker(QUEUE, process, {
    ...{ name: "older", concurrency: 2, autorun: true, drainDelay: 1 },
    ...{ lockDuration: LONG, stalledInterval: LONG, maxStalledCount: 1 },
  });
  await worker.waitUntilReady();
  await using lab = scene.lab();
  await untilTogether(watch, async () => {
    const tasks = scene.wave(300);
    assertEquals((await lab.runTasks(tasks)).size, 300);
  });
  assertEquals(new Set((await scene.begins()).values()), new Set([1]));
  const queue = link.queue(QUEUE);
  await until(async () => (await queue.getRanges(STATES, 0, -1)).length === 0);
  await worker.close();
});

test("a program that is stopped takes out those that wait, and stops those that run", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const queue = link.queue(QUEUE);
  const worker = await scene.worker(1);
  await using lab = scene.lab();
  await untilTogether(watch, async () => {
    const stop = new AbortController();
    const tasks = scene.wave(300, (at) => at < 64 ? undefined : "waits");
    const running = lab.runTasks(tasks, { signal: stop.signal }).catch((error) => error);
    const waiting = tasks.slice(64).map(({ params }) => `begin ${(params as { n: number }).n}`);
    await until(async () => (await scene.noted()).some((line) => waiting.includes(line)));
    stop.abort();
    assert(await running instanceof LabError);
    await until(async () => (await queue.getRanges(STATES, 0, -1)).length === 0);
    await until(() => worker.counts.active === 0);
    const noted = await scene.noted();
    assertEquals(waiting.filter((line) => noted.includes(line.replace("begin", "end"))), []);
  });
});

test("lab queue counts and names tasks, not jobs", async (scene) => {
  await using link = await scene.link();
  const queue = link.queue(QUEUE);
  await using lab = scene.lab();
  // So that the queue is listed.
  const stop = new AbortController();
  const [other, ...wave] = scene.wave(6);
  const running = lab.runTask(other!, { signal: stop.signal }).catch((error) => error);
  await until(async () => (await queue.getRanges(["waiting"], 0, -1)).length === 1);
  await queue.addBulk([await scene.group(wave)]);
  await using care = await QueueCare.open(placeOf(scene.runner())!);
  const [name] = await care.queues(["BullQuick"]);
  assertEquals((await care.counts(name!)).waiting, 6);
  const jobs = await care.jobs(name!, "waiting", 4);
  assertEquals(jobs.length, 4);
  for (const { task } of jobs) assertMatch(task, /^BullQuick\(n=\d,/);
  assertEquals(await care.drain(name!), 6);
  const error = await running;
  assertMatch(String(error), /lab queue drain/);
  stop.abort();
});

test("what anybody puts into a queue as several tasks is run only as far as it is sound", async (scene) => {
  await using link = await scene.link();
  const watch = await Watch.of(link);
  const queue = link.queue(QUEUE);
  const worker = await scene.worker(1);
  const { data, opts } = await scene.group(scene.wave(3));
  const { group: [first, second, third], ...rest } = data as ReturnType<typeof groupPayloadOf>;
  const hostile: unknown[] = [
    { ...rest, group: [] },
    { ...rest, group: Array(33).fill(first) },
    { ...rest, group: [first, first] },
    { ...rest, group: [first, null] },
    { ...rest, group: [first, { ...second, key: 1 }] },
    { ...rest, run: {}, group: [first] },
    { ...rest, group: [{ ...rest, group: [first] }] },
  ];
  await queue.addBulk(
    hostile.map((data, at) => ({ name: "BullQuick", data, opts: jobOptions(`hostile-${at}`) })),
  );
  await until(async () => (await queue.getJobCounts("failed")).failed === hostile.length);
  assertEquals(await scene.noted(), []);
  // Of one that is not what its key says, only the others are run.
  const mixed = { ...rest, group: [first, { ...second!, key: "../../etc/passwd" }, third] };
  await queue.addBulk([{ name: "BullQuick", data: mixed, opts }]);
  await until(() => watch.returned.has(opts.jobId));
  const rows = readReturnedGroup(watch.returned.get(opts.jobId), 3)!;
  assertEquals(rows.slice(0, 2).map(({ kind }) => kind), ["done", "left"]);
  assertEquals((await scene.begins()).has(1), false);
  assertEquals(worker.counts.done, rows.filter(({ kind }) => kind === "done").length);
});
