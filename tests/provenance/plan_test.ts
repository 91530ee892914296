import { type Lab, LabError, type Task, task, TaskError } from "@labtech/lab";
import { generateKey } from "@labtech/lab/signing";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { labError, quietLab } from "../e2e/_lab.ts";
import { scratch } from "../e2e/_scratch.ts";
import { Random } from "../faults/_random.ts";
import { filesOf, put, STORAGES } from "../_signed_entries.ts";
import { type Damage, doneBy, nodesOf, nodeTypes, shapeOf, spoil } from "./_planned_graph.ts";

const ROUNDS = 40;

/** Plans and runs tasks of a random graph over and over, with other code, options and damage. */
async function playPlans(storage: Storage, seed: number): Promise<number> {
  await using lab = quietLab({ storage, runner: "async", maxWorkers: 4 });
  const random = new Random(seed);
  const size = 3 + random.below(15);
  const shape = shapeOf(random, size);
  let loaded = 0;
  for (let round = 0; round < 4; round++) {
    const nodes = nodesOf(shape, nodeTypes(random));
    const some = () => random.pick(nodes, 1 + random.below(4));
    if (round % 2 === 0) await lab.runTasks(some());
    const kinds: Damage[] = ["removed", "metadata", "result", "swapped"];
    for (const node of some()) {
      await spoil(lab, storage, node, random.pick(kinds, 1)[0]!, some()[0]!);
    }
    const tasks = [...some(), ...some()];
    const bustCache = random.below(8) === 0;
    const plan = await lab.plan(tasks, { bustCache, verify: true });
    const again = await lab.plan(tasks, { bustCache, verify: true });
    assertEquals(JSON.stringify(again), JSON.stringify(plan), `seed ${seed}: it changes nothing`);
    const planned = (action: string) =>
      plan.steps.filter((step) => step.action === action).map(({ task }) => task.id).sort();
    const done = await doneBy(lab, tasks, { bustCache });
    assertEquals([plan.run, plan.load], done.counts, `seed ${seed}, round ${round}`);
    if (done.named) assertEquals({ run: planned("run"), load: planned("load") }, done.named);
    const asked = plan.steps.filter(({ asked }) => asked).map(({ task }) => task.id);
    assertEquals(asked, [...new Set(tasks.map(({ id }) => id))]);
    loaded += plan.load;
  }
  return loaded;
}

Deno.test("what a plan says would run and be loaded is what the run then does, whatever graph, code and damage", async () => {
  let loaded = 0;
  for (let seed = 1; seed <= ROUNDS; seed++) loaded += await playPlans(new MemoryStorage(), seed);
  assert(loaded > ROUNDS, `only ${loaded} results were loaded`);
});

for (const name of ["local", "sqlite"]) {
  Deno.test(`${name}: plans are what the runs then do`, async () => {
    for (const seed of [101, 102, 103]) {
      await using place = await scratch();
      await using storage = STORAGES[name]!(place.dir);
      await playPlans(storage, seed);
    }
  });
}

Deno.test("of many tasks of which most are not cached, those that are do not get lost", async () => {
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "async" });
  const tasks = Array.from({ length: 300 }, (_, n) => Leaf({ n }));
  const some = tasks.filter((_, n) => n > 150 && n % 3 === 0 || n === 7);
  await lab.runTasks(some);
  const plan = await lab.plan(tasks);
  const loaded = plan.steps.filter(({ action }) => action === "load").map(({ task }) => task.id);
  assertEquals(loaded, some.map(({ id }) => id));
  const { run, cached } = (await lab.runTasks(tasks)).summary;
  assertEquals([plan.run, plan.load], [run, cached]);
});

const Leaf = task(import.meta, {
  name: "PlanLeaf",
  run: ({ n }: { n: number }) => n,
});
const Pair = task(import.meta, {
  name: "PlanPair",
  run: ({ of }: { of: readonly Task<number>[] }) => of.map(({ result }) => result),
});

/** A storage that tells what was opened, and refuses to be changed. */
class Watched extends MemoryStorage {
  readonly opened: string[] = [];
  sealed = false;

  override async open(...args: Parameters<MemoryStorage["open"]>) {
    this.opened.push(args[0]);
    return await super.open(...args);
  }
  override create(...args: Parameters<MemoryStorage["create"]>) {
    assert(!this.sealed, "a plan writes nothing");
    return super.create(...args);
  }
  override delete(...args: Parameters<MemoryStorage["delete"]>) {
    assert(!this.sealed, "a plan removes nothing");
    return super.delete(...args);
  }
}

Deno.test("a plan runs and writes nothing, and looks at nothing below what is cached", async () => {
  const storage = new Watched();
  await using lab = quietLab({ storage, runner: "serial" });
  const leaves = [1, 2, 3].map((n) => Leaf({ n }));
  const [low, high] = [Pair({ of: leaves.slice(0, 2) }), Pair({ of: leaves })];
  await lab.runTasks([low, ...leaves]);
  storage.sealed = true;
  storage.opened.length = 0;
  const plan = await lab.plan([low, low]);
  assertEquals(storage.opened, [await lab.keyOf(low)]);
  assertEquals([plan.run, plan.load, plan.untouched], [0, 1, 2]);
  assertEquals(plan.summary, "0 tasks to run, 1 to load, 2 not needed");
  assertEquals(plan.get(leaves[0]!), undefined);

  const more = await lab.plan([high]);
  assertEquals(more.get(high)!.action, "run");
  const others = more.steps.filter(({ asked }) => !asked);
  assertEquals(others.map(({ task, action }) => `${action} ${task}`), [
    ...leaves.map((leaf) => `load ${leaf}`),
  ]);
  assertEquals(more.get(leaves[2]!)!.asked, false);
});

/** The reason of each step. */
async function reasonsOf(lab: Lab, tasks: Task[], options = {}): Promise<unknown[]> {
  const { steps } = await lab.plan(tasks, options);
  return steps.map(({ action, reason }) => [action, reason]);
}

Deno.test("each step says why: what is kept, forced, and what the records of runs tell", async () => {
  const fit = (codeVersion: string | undefined, more: object = {}) =>
    task(null, { name: "PlanFit", codeVersion, ...more, run: ({ n }: { n: number }) => n });
  const failing = task(null, {
    name: "PlanFailing",
    run: ({ n }: { n: number }): number => {
      throw new RangeError(`no ${n}\u001b[2J`);
    },
  });
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial" });
  const one = fit("v1")({ n: 1 });
  const above = Pair({ of: [one] });
  assertEquals(await reasonsOf(lab, [above]), [["run", "absent"], ["run", "absent"]]);
  await labError(lab.runTasks([above, failing({ n: 7 })]));
  const { start } = (await lab.runs())[0]!;
  assertEquals(await reasonsOf(lab, [above]), [["load", "cached"]]);
  assertEquals(await reasonsOf(lab, [one], { bustCache: true }), [["run", "forced"]]);
  const [failed] = (await lab.plan([failing({ n: 7 })])).steps;
  assertEquals(failed!.reason, "failed");
  assertEquals(failed!.why.includes("\u001b"), false);
  assertMatch(failed!.why, /RangeError: no 7/);

  const now = fit("v2")({ n: 1 });
  const { steps } = await lab.plan([Pair({ of: [now] })]);
  assertEquals(steps.map(({ reason, why }) => [reason, why]), [
    [
      "nested-code",
      `The code of PlanFit, nested in it, has changed since the run of ${start.toISOString()}`,
    ],
    [
      "code",
      `The code of its type has changed since the run of ${start.toISOString()} (v1 → v2)`,
    ],
  ]);
  assertEquals(await reasonsOf(lab, [fit("v1", { cache: "json" })({ n: 1 })]), [["run", "cache"]]);
  assertEquals(await reasonsOf(lab, [fit("v1", { cache: null })({ n: 1 })]), [["run", "no-cache"]]);
  await lab.uncacheTasks([fit("v1")({ n: 1 })]);
  assertEquals(await reasonsOf(lab, [fit("v1")({ n: 1 })]), [["run", "removed"]]);
  await using nowhere = quietLab({ storage: null, runner: "serial" });
  assertEquals(await reasonsOf(nowhere, [Leaf({ n: 1 })]), [["run", "no-storage"]]);
});

Deno.test("entries that are damaged or of something else are told as such, by their metadata or, to verify, whole", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial", cache: "json" });
  const [one, two, three, four] = [1, 2, 3, 4].map((n) => Leaf({ n }));
  await lab.runTasks([one!, two!, three!, four!]);
  await spoil(lab, storage, one!, "metadata", two!);
  await spoil(lab, storage, two!, "result", one!);
  const key = await lab.keyOf(three!);
  const files = await filesOf(storage, key);
  files.set("result.json", new Uint8Array(100));
  await put(storage, key, files);
  await using other = quietLab({ storage, runner: "serial" });
  await put(storage, await other.keyOf(four!), await filesOf(storage, await lab.keyOf(four!)));

  const tasks = [one!, two!, three!];
  const plain = await lab.plan(tasks);
  assertEquals(plain.steps.map(({ reason }) => reason), ["damaged", "cached", "damaged"]);
  const verified = await lab.plan(tasks, { verify: true });
  assertEquals(verified.steps.map(({ reason }) => reason), ["damaged", "damaged", "damaged"]);
  assertMatch(verified.get(two!)!.why, /not as it was saved/);
  assertEquals((await lab.runTasks(tasks)).summary.run, 3);
  assertEquals(await reasonsOf(other, [four!]), [["run", "damaged"]]);
});

Deno.test("entries that are not trusted would be run anew, and a Lab that cannot sign would not begin", async () => {
  const [key, another] = [await generateKey(), await generateKey()];
  const storage = new MemoryStorage();
  const labWith = (signing?: object) => quietLab({ storage, runner: "serial", signing });
  const tasks = [1, 2, 3].map((n) => Leaf({ n }));
  await using plain = labWith();
  await plain.runTasks([tasks[0]!]);
  await using writer = labWith({ key: key.privateKey });
  await writer.runTasks([tasks[1]!]);
  await using stranger = labWith({ key: another.privateKey });
  await stranger.runTasks([tasks[2]!]);

  await using reader = labWith({ trust: [key.publicKey] });
  const plan = await reader.plan(tasks);
  assertEquals(plan.steps.map(({ action, reason }) => [action, reason]), [
    ["run", "refused"],
    ["load", "cached"],
    ["run", "refused"],
  ]);
  assertMatch(plan.steps[0]!.why, /no signature/);
  assertMatch(plan.steps[2]!.why, /signed by a key that is not among those to trust/);
  const error = await assertRejects(() => reader.runTasks(tasks), LabError);
  assertEquals(plan.obstacle, error.message);
  assertMatch(String(plan), /It would not begin: No trusted result of PlanLeaf\(n=1\) and 1 more/);
  assertEquals((await reader.plan([tasks[1]!])).obstacle, undefined);
  const own = await writer.plan(tasks);
  assertEquals([own.run, own.load, own.obstacle], [2, 1, undefined]);
  assertEquals((await writer.runTasks(tasks)).summary.run, 2);
});

Deno.test("results of earlier shapes that the run would take over are planned to be loaded, and stay where they are", async () => {
  const run = ({ x }: { x: number; depth?: number }) => x;
  const old = task(null, { name: "PlanOld", codeVersion: "v1", run });
  const storage = new Watched();
  await using lab = quietLab({ storage, runner: "serial" });
  await lab.runTasks([1, 2, 3, 9].map((x) => old({ x })));
  await spoil(lab, storage, old({ x: 2 }), "result", old({ x: 1 }));
  const fit = task(null, {
    name: "PlanNew",
    codeVersion: "v2",
    formerly: ["PlanOld"],
    migrate: {
      from: "v1",
      params: ({ x }) => {
        if (x === 9) throw new RangeError("nine");
        return { x: x as number, depth: 3 };
      },
    },
    run,
  });
  const tasks = [1, 2, 3].map((x) => fit({ x, depth: 3 }));
  const above = [Pair({ of: tasks }), fit({ x: 4, depth: 3 })];
  storage.sealed = true;
  const plan = await lab.plan([...tasks, ...above], { verify: true });
  storage.sealed = false;
  assertEquals(plan.steps.map(({ reason }) => reason), [
    ...["migrated", "absent", "migrated"],
    ...["absent", "absent"],
  ]);
  assertMatch(plan.steps[0]!.why, /taken over: PlanOld\(x=1\)/);
  assertEquals(plan.warnings.length, 1);
  assertMatch(plan.warnings[0]!, /^Of PlanNew, 1 earlier result could not be taken over: .*nine/);
  const { summary } = await lab.runTasks([...tasks, ...above]);
  assertEquals([plan.run, plan.load], [summary.run, summary.cached]);
});

Deno.test("of earlier results, those that are signed are taken over by who can sign, and none where an entry is there", async () => {
  const run = ({ x }: { x: number }) => x;
  const key = await generateKey();
  const storage = new MemoryStorage();
  const old = task(null, { name: "PlanSigned", codeVersion: "v1", run });
  const labWith = (signing?: object) => quietLab({ storage, runner: "serial", signing });
  await using writer = labWith({ key: key.privateKey });
  await using plain = labWith();
  await using reader = labWith({ trust: [key.publicKey] });
  await writer.runTasks([1, 2].map((x) => old({ x })));
  await plain.runTask(old({ x: 3 }));
  const now = task(null, {
    name: "PlanSigned",
    codeVersion: "v2",
    migrate: { from: "v1", params: ({ x }) => ({ x: (x as number) + 10 }) },
    run,
  });
  const tasks = [11, 12, 13].map((x) => now({ x }));
  // Something is under the key already, and of no use.
  await saveAs(plain, tasks[1]!, 1);
  await spoil(plain, storage, tasks[1]!, "metadata", tasks[0]!);
  const plans = async (lab: Lab) =>
    (await lab.plan(tasks)).steps.map(({ action, reason }) => `${action} ${reason}`);
  assertEquals(await plans(reader), ["run absent", "run refused", "run absent"]);
  assertEquals(await plans(writer), ["load migrated", "run refused", "run absent"]);
  assertEquals(await plans(plain), ["run absent", "run damaged", "load migrated"]);
  const { run: ran, cached } = (await plain.runTasks(tasks)).summary;
  assertEquals([ran, cached], [2, 1]);
});

Deno.test("an entry of another format version, or that says it is of another task, is of something else", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial" });
  const [one, two] = [Leaf({ n: 1 }), Leaf({ n: 2 })];
  await lab.runTasks([one, two]);
  const revise = async (task: Task, change: (metadata: Record<string, unknown>) => object) => {
    const key = await lab.keyOf(task);
    const files = await filesOf(storage, key);
    const metadata = JSON.parse(new TextDecoder().decode(files.get("metadata.json")));
    const text = JSON.stringify({ ...metadata, ...change(metadata) });
    await put(storage, key, files.set("metadata.json", new TextEncoder().encode(text)));
  };
  await revise(one, ({ cache }) => ({ cache: { ...cache as object, version: 99 } }));
  await revise(two, ({ task }) => ({ task: { ...task as object, id: one.id } }));
  const { steps } = await lab.plan([one, two]);
  assertEquals(steps.map(({ reason }) => reason), ["foreign", "foreign"]);
  assertEquals((await lab.runTasks([one, two])).summary.run, 2);
});

/** Puts a result into a storage that took so long. */
async function saveAs(lab: Lab, task: Task, duration: number): Promise<void> {
  const result = { value: 0, meta: { start: new Date(), duration } };
  await lab.cacheOf(task.type)!.save(lab.storage!, await lab.keyOf(task), task, result);
}

const Grid = task(import.meta, {
  name: "PlanGrid",
  run: ({ size }: { size: number; kind: string }) => size,
});
const Alone = task(import.meta, {
  name: "PlanAlone",
  maxParallel: 1,
  run: ({ n }: { n: number }) => n,
});
const Unknown = task(import.meta, {
  name: "PlanUnknown",
  run: ({ of }: { of: Task<number> }) => of.result,
});

Deno.test("times are those of the three results with the nearest params, or of the task itself", async () => {
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "serial" });
  for (const size of [1, 2, 3, 100]) await saveAs(lab, Grid({ size, kind: "a" }), size * 1000);
  for (const size of [1, 2, 3]) await saveAs(lab, Grid({ size, kind: "b" }), 7);
  const near = await lab.plan([Grid({ size: 4, kind: "a" })]);
  assertEquals(near.steps[0]!.duration, 2000);
  assertEquals(near.estimate, {
    ...{ duration: 2000, work: 2000, workers: 1, unknown: [] },
    ...{ same: 0, nearest: 1, typical: 0 },
  });
  assertEquals((await lab.plan([Grid({ size: 4, kind: "b" })])).estimate.duration, 7);
  const same = await lab.plan([Grid({ size: 100, kind: "a" })], { bustCache: true });
  assertEquals([same.estimate.duration, same.estimate.same], [100_000, 1]);
});

Deno.test("the time of a run is that of its schedule: workers, limits of types, and what waits for what", async () => {
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "async", maxWorkers: 2 });
  await saveAs(lab, Grid({ size: 0, kind: "a" }), 1000);
  await saveAs(lab, Alone({ n: 0 }), 1000);
  const grids = [1, 2, 3, 4].map((size) => Grid({ size, kind: "a" }));
  assertEquals((await lab.plan(grids)).estimate.duration, 2000);
  const alone = [1, 2, 3].map((n) => Alone({ n }));
  assertEquals((await lab.plan(alone)).estimate.duration, 3000);
  const both = await lab.plan([...alone, ...grids]);
  assertEquals([both.estimate.duration, both.estimate.work], [4000, 7000]);
  assertEquals(both.summary, "7 tasks to run, 0 to load; about 4.0 s on 2 workers");

  const plan = await lab.plan([Unknown({ of: alone[0]! }), ...alone]);
  assertEquals([plan.estimate.duration, plan.estimate.unknown], [3000, ["PlanUnknown"]]);
  assertEquals(plan.summary, "4 tasks to run, 0 to load; at least 3.0 s on 2 workers");
  const nothing = await lab.plan([Leaf({ n: 1 })]);
  assertEquals(nothing.summary, "1 task to run, 0 to load; how long that takes is not known");
});

Deno.test("where results are not kept, the records of runs tell how long tasks take", async () => {
  const fresh = task(null, {
    name: "PlanFresh",
    cache: null,
    run: ({ n }: { n: number }) => n,
  });
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "serial" });
  await lab.runTasks([fresh({ n: 1 }), Leaf({ n: 1 })]);
  const tasks = await (await (await lab.runs())[0]!.load())!.tasks();
  const took = tasks.find(({ type }) => type === "PlanFresh")!.duration;
  const { estimate } = await lab.plan([fresh({ n: 1 }), fresh({ n: 2 })]);
  assertEquals([estimate.same, estimate.typical, estimate.work], [1, 1, 2 * took!]);
});

Deno.test("a plan reads well, and is JSON with tasks in words", async () => {
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "serial" });
  await saveAs(lab, Grid({ size: 1, kind: "a" }), 1500);
  const tasks = [1, 2].map((size) => Grid({ size, kind: "a" }));
  const plan = await lab.plan([...tasks, Leaf({ n: 1 })]);
  assertEquals(Deno.inspect(plan).split("\n"), [
    "TYPE      RUN  LOAD   TIME  WHY",
    "PlanLeaf    1     0      ?  not cached 1",
    "PlanGrid    1     1  1.5 s  cached 1, not cached 1",
    "2 tasks to run, 1 to load; at least 1.5 s on 1 worker",
    "Nothing is known of how long tasks of PlanLeaf take: not counted",
  ]);
  const json = JSON.parse(JSON.stringify(plan));
  assertEquals([json.run, json.load, json.obstacle, json.estimate.work], [2, 1, null, 1500]);
  const { bytes, ...step } = json.steps[0];
  assert(bytes > 0);
  assertEquals(step, {
    ...{ task: 'PlanGrid(size=1, kind="a")', type: "PlanGrid", id: tasks[0]!.id },
    ...{ key: await lab.keyOf(tasks[0]!), action: "load", asked: true, reason: "cached" },
    ...{ why: "Its result is in the storage", duration: 1500 },
  });
});

Deno.test("what cannot be planned is refused as the run refuses it", async () => {
  const make = (codeVersion: string) =>
    task(null, { name: "PlanMoved", codeVersion, run: ({ n }: { n: number }) => n });
  await using lab = quietLab({ storage: new MemoryStorage(), runner: "serial" });
  const Moved = make("v1");
  await lab.runTask(Moved({ n: 1 }));
  const Now = make("v2");
  const [stale] = await lab.cachedTasks([Now]);
  const refusal = await labError(lab.runTasks([stale!]));
  assertEquals((await labError(lab.plan([stale!]))).message, refusal.message);
  await assertRejects(
    () => lab.plan([7 as unknown as Task]),
    TaskError,
    "Expected tasks to plan, got 7",
  );
  const reason = new Error("enough");
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => lab.plan([Now({ n: 1 })], { signal })), reason);
});
