import { assert, assertEquals } from "@std/assert";
import { type Lab, type PluginSpec, task } from "@labtech/lab";
import { MemoryStorage } from "@labtech/lab/storages";
import { RedisServer, testWithRedis } from "../servers/redis.ts";
import { S3Server, testWithS3 } from "../servers/versitygw.ts";
import { quietLab } from "./_lab.ts";
import { scratch, testWith } from "./_scratch.ts";
import { begunIn, runShared, share, takeOver, until, wakeLate } from "./_sharing.ts";

const ON_DISK: Readonly<Record<string, (path: string) => PluginSpec>> = {
  local: (path) => ({ type: "local", dir: path }),
  sqlite: (path) => ({ type: "sqlite", file: `${path}.db` }),
};

for (const [name, spec] of Object.entries(ON_DISK)) {
  for (const runner of ["workers", "processes"]) {
    testWith(
      "run",
      `${name}, ${runner}: programs that want the same tasks run each once`,
      async () => {
        await using place = await scratch();
        const shared = { storage: spec(place.path("results")), runner, trace: place.path("trace") };
        const { problems } = await runShared(shared, { programs: 3, tasks: 40, ms: 20 });
        assertEquals(problems, []);
      },
    );
  }

  testWith("run", `${name}: what a program that was killed computed is taken over`, async () => {
    await using place = await scratch();
    const shared = { storage: spec(place.path("results")), trace: place.path("trace") };
    await takeOver({ ...shared, runner: "async" });
  });

  testWith(
    "run",
    `${name}: a program that is stopped keeps its task, and others wait`,
    async () => {
      await using place = await scratch();
      const trace = place.path("trace");
      const order = { storage: spec(place.path("results")), runner: "async", trace, tasks: 1 };
      const go = place.path("go");
      await using holder = share({ ...order, by: "holder", ms: 1, until: go });
      await until("the holder begins", () => begunIn(trace).length === 1);
      holder.process.kill("SIGSTOP");
      await using other = share({ ...order, by: "other", ms: 1 });
      await until("the other waits", () => /waiting for another process/i.test(other.stderr()));
      await Deno.writeTextFile(go, "");
      holder.process.kill("SIGCONT");
      assertEquals(await holder.end(), { run: 1, cached: 0, values: ["0 by holder"] });
      assertEquals(await other.end(), { run: 0, cached: 1, values: ["0 by holder"] });
    },
  );
}

/** Storages on a server, whose claims hold for some seconds. */
const ON_SERVERS = {
  redis: {
    test: testWithRedis,
    async start(claimTtl: number) {
      const server = await RedisServer.start();
      return placeOf(server, { type: "redis", url: server.url, claimTtl });
    },
  },
  s3: {
    test: testWithS3,
    async start(claimTtl: number) {
      const server = await S3Server.start();
      return placeOf(server, { type: "s3", ...server.bucket(), claimTtl });
    },
  },
};
/** Nobody waits so long, in seconds. */
const FOR_EVER = 3600;

function placeOf(server: AsyncDisposable, storage: PluginSpec) {
  return { storage, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() };
}

for (const [name, { test, start }] of Object.entries(ON_SERVERS)) {
  test(`${name}: programs that want the same tasks run each once`, async () => {
    await using place = await scratch();
    await using server = await start(FOR_EVER);
    const { storage } = server;
    const shared = { storage, runner: "workers", trace: place.path("trace") };
    const { problems } = await runShared(shared, { programs: 3, tasks: 30, ms: 20 });
    assertEquals(problems, []);
  });

  test(`${name}: what a program that was killed computed is taken over on its machine`, async () => {
    await using place = await scratch();
    await using server = await start(FOR_EVER);
    const { storage } = server;
    await takeOver({ storage, runner: "async", trace: place.path("trace") });
  });

  test(`${name}: who was stopped and wakes up late replaces nothing, and has the new result`, async () => {
    await using place = await scratch();
    await using server = await start(1);
    const { storage } = server;
    const shared = { storage, runner: "workers", trace: place.path("trace") };
    const { heir, late, after } = await wakeLate(shared);
    assertEquals(heir, { run: 1, cached: 0, values: ["0 by heir"] });
    assertEquals(late, { run: 0, cached: 1, values: ["0 by heir"] });
    assertEquals(after, { run: 0, cached: 1, values: ["0 by heir"] });
  });
}

testWithRedis("tiered, redis: programs that want the same tasks run each once", async () => {
  await using place = await scratch();
  await using far = await ON_SERVERS.redis.start(FOR_EVER);
  const near = { type: "local", dir: place.path("near") };
  const storage = { type: "tiered", near, far: far.storage };
  const shared = { storage, runner: "workers", trace: place.path("trace") };
  const { problems } = await runShared(shared, { programs: 3, tasks: 30, ms: 20 });
  assertEquals(problems, []);
});

/** Counts how often it runs, and waits until it may end. */
const Counted = task(import.meta, {
  name: "SingleFlightCounted",
  async run({ n }: { n: number }, { context }) {
    const { counts, gate, failing } = context as unknown as Gate;
    counts.push(n);
    await gate;
    if (failing) throw new Error("told to fail");
    return n;
  },
});

interface Gate {
  readonly counts: number[];
  readonly gate: Promise<void>;
  readonly failing?: boolean;
}

function gate() {
  const { promise, resolve } = Promise.withResolvers<void>();
  const context = { counts: [] as number[], gate: promise };
  return { context, open: resolve };
}

const options = { runner: "async", maxWorkers: 4 };
const TASKS = [1, 2, 3].map((n) => Counted({ n }));

Deno.test("two Labs of one program count as two: each task runs once", async () => {
  const storage = new MemoryStorage();
  const { context, open } = gate();
  await using one = quietLab({ ...options, storage, context: { ...context } });
  await using two = quietLab({ ...options, storage, context: { ...context } });
  const runs = [one.runTasks(TASKS), two.runTasks(TASKS)];
  await until("all began", () => context.counts.length === 3);
  open();
  const [first, second] = await Promise.all(runs);
  assertEquals([first!.summary.run, second!.summary.run], [3, 0]);
  assertEquals([first!.summary.cached, second!.summary.cached], [0, 3]);
  assertEquals([...second!.values()], [1, 2, 3]);
  assertEquals(context.counts, [1, 2, 3]);
});

Deno.test("what fails elsewhere is computed by who waits for it", async () => {
  const storage = new MemoryStorage();
  const { context, open } = gate();
  await using one = quietLab({ ...options, storage, context: { ...context, failing: true } });
  await using two = quietLab({ ...options, storage, context: { ...context } });
  const failing = one.runTasks(TASKS).catch((error: Error) => error.message);
  await until("all began", () => context.counts.length === 3);
  const run = two.runTasks(TASKS);
  open();
  assertEquals((await run).summary.run, 3);
  assert(String(await failing).includes("told to fail"));
});

Deno.test("a run that is aborted gives its tasks to others, and one that waits ends", async () => {
  const storage = new MemoryStorage();
  const { context, open } = gate();
  const stop = [new AbortController(), new AbortController()] as const;
  await using one = quietLab({ ...options, storage, context: { ...context } });
  await using two = quietLab({ ...options, storage, context: { ...context } });
  const outcome = (lab: Lab, { signal }: AbortController) =>
    lab.runTasks(TASKS, { signal }).then(() => "done", () => "stopped");
  const first = outcome(one, stop[0]);
  await until("all began", () => context.counts.length === 3);
  const second = outcome(two, stop[1]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  stop[1].abort();
  assertEquals(await second, "stopped");
  stop[0].abort();
  assertEquals(await first, "stopped");
  open();
  await using three = quietLab({ ...options, storage, context: { ...context } });
  assertEquals((await three.runTasks(TASKS)).summary.run, 3);
});

Deno.test("runs that replace what is there wait for each other, and each computes anew", async () => {
  const storage = new MemoryStorage();
  const { context, open } = gate();
  open();
  await using one = quietLab({ ...options, storage, context: { ...context } });
  await using two = quietLab({ ...options, storage, context: { ...context } });
  await one.runTasks(TASKS);
  const bust = (lab: Lab) => lab.runTasks(TASKS, { bustCache: true });
  const results = await Promise.all([bust(one), bust(two)]);
  assertEquals(results.map(({ summary }) => summary.run), [3, 3]);
});

Deno.test("where single flight is off, nobody waits", async () => {
  const storage = new MemoryStorage();
  const { context, open } = gate();
  const labs = [1, 2].map(() =>
    quietLab({ ...options, storage, singleFlight: false, context: { ...context } })
  );
  const runs = labs.map((lab) => lab.runTasks(TASKS));
  await until("all began twice", () => context.counts.length === 6);
  open();
  assertEquals((await Promise.all(runs)).map(({ summary }) => summary.run), [3, 3]);
  for (const lab of labs) await lab[Symbol.asyncDispose]();
});
