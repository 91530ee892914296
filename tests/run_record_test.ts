import {
  type Lab,
  LabError,
  type RecordedTask,
  type RunRecord,
  StorageError,
  type Task,
  task,
} from "@labtech/lab";
import { verifyStorage } from "@labtech/lab/maintenance";
import { generateKey } from "@labtech/lab/signing";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { isRunKey, runKey } from "../runs/run_key.ts";
import { LocalStorage, MemoryStorage, SqliteStorage, type Storage } from "../storages/mod.ts";
import { keysOf, save } from "../testing/_storage_scene.ts";
import { quietLab } from "./e2e/_lab.ts";
import { scratch } from "./e2e/_scratch.ts";

const Number_ = task(import.meta, {
  name: "RecordNumber",
  codeVersion: "v1",
  run: ({ n }: { n: number }) => n,
});
const Broken = task(import.meta, {
  name: "RecordBroken",
  cache: "json",
  run: (_: { why: string }): number => {
    throw new RangeError("out of range ".repeat(100));
  },
});
const Sum = task(import.meta, {
  name: "RecordSum",
  run: ({ of }: { of: Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
});
const Unkept = task(import.meta, {
  name: "RecordUnkept",
  cache: null,
  run: ({ n }: { n: number }) => n,
});
const Stopping = task(import.meta, {
  name: "RecordStopping",
  run: (_: { n: number }, { context }) => (context.stop as () => void)(),
});

function lab(storage: Storage | null, more: object = {}): Lab & { readonly lines: string[] } {
  return quietLab({ storage, runner: "serial", ...more });
}

async function latest(lab: Lab): Promise<RunRecord> {
  const [run] = await lab.runs();
  return (await run!.load())!;
}

const runKeys = async (storage: Storage) => (await keysOf(storage)).filter(isRunKey);

Deno.test("a run leaves a record of what ran, failed, was skipped, and came from the cache", async () => {
  await using place = await scratch();
  for (const storage of [new MemoryStorage(), new LocalStorage(place.dir), sqlite(place)]) {
    await using _ = storage;
    await using it = lab(storage, { logs: place.path("log") });
    const [one, two] = [Number_({ n: 1 }), Number_({ n: 2 })];
    await it.runTask(one);
    const broken = Broken({ why: "test" });
    const sum = Sum({ of: [one, broken] });
    const before = Date.now();
    await assertRejects(() => it.runTasks([sum, two, Unkept({ n: 3 })]), LabError);

    const { tasks: load, task, summary, start, ...record } = await latest(it);
    assert(start.getTime() >= before && start.getTime() <= Date.now());
    assertEquals(record.ending, "incomplete");
    assertEquals(record.leftOut, 0);
    assertEquals(record.environment.deno, Deno.version.deno);
    const { tasks, run, cached, failed, skipped, slowest } = summary;
    assertEquals([tasks, run, cached, failed, skipped], [5, 2, 1, 1, 1]);
    assertEquals(slowest!.length, 2);
    const found = await load();
    assertEquals(found.map(({ state, type }) => `${state} ${type}`), [
      "failed RecordBroken",
      "skipped RecordSum",
      "run RecordUnkept",
      "run RecordNumber",
      "cached RecordNumber",
    ]);
    assertEquals(found.map(({ id }) => id), [
      ...[broken.id, sum.id, Unkept({ n: 3 }).id, two.id, one.id],
    ]);
    for (const { id, key } of found) {
      const given = [one, two, broken, sum, Unkept({ n: 3 })].find((task) => task.id === id)!;
      assertEquals(key, await it.keyOf(given));
    }
    const [{ id, key }] = found as [RecordedTask];
    const other = `${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`;
    for (const named of [{ id, key }, { id: "?", key }, { id, key: other }]) {
      assertEquals(await task(named), found[0]);
    }
    assertEquals(await task({ id: Number_({ n: 9 }).id, key: other }), undefined);
    const [failure, after, , ran] = found;
    assertEquals(failure!.text, 'RecordBroken(why="test")');
    assertEquals(failure!.error!.name, "RangeError");
    assertMatch(failure!.error!.message, /^(out of range )+.*…$/);
    assertEquals(failure!.error!.message.length, 300);
    assertEquals(after!.cause, broken.id);
    assertEquals([ran!.codeVersion, typeof ran!.duration], ["v1", "number"]);

    const logged = Deno.readTextFileSync(place.path("log")).trimEnd().split("\n");
    assertEquals(JSON.parse(logged.at(-1)!).run, record.id, "a log names the run alike");
  }
});

Deno.test("runs are found newest first, by their keys alone", async () => {
  const storage = new MemoryStorage();
  await using it = lab(storage);
  for (const n of [1, 2, 3]) {
    await it.runTask(Number_({ n }));
    await new Promise((resolve) => setTimeout(resolve, 2)); // starts are told apart by ms
  }
  storage.open = () => Promise.reject(new Error("Nothing is to be opened"));
  const runs = await it.runs();
  assertEquals(runs.length, 3);
  assertEquals(runs.map(({ key }) => key), runs.map(({ key }) => key).toSorted().toReversed());
  assert(runs[0]!.start > runs[2]!.start);
  assertEquals(runKey(runs[0]!.start, runs[0]!.key.slice(-8)), runs[0]!.key);
  await assertRejects(() => it.runs({ signal: AbortSignal.abort(new Error("no")) }), Error, "no");
});

Deno.test("no record is left where nothing ran, nothing is kept, or none is wanted", async () => {
  const storage = new MemoryStorage();
  await using unwanted = lab(storage, { records: false });
  await unwanted.runTask(Number_({ n: 1 }));
  await using it = lab(storage);
  await it.runTask(Number_({ n: 1 }));
  await it.runTasks([]);
  await it.runTask(Unkept({ n: 1 }));
  assertEquals(await runKeys(storage), []);
  await using nowhere = lab(null);
  await nowhere.runTask(Number_({ n: 1 }));
  assertEquals(await nowhere.runs(), []);
});

Deno.test("a run that was stopped leaves a record", async () => {
  const controller = new AbortController();
  const stop = () => controller.abort(new DOMException("Enough", "AbortError"));
  const storage = new MemoryStorage();
  await using it = lab(storage, { context: { stop }, runner: "async", maxWorkers: 1 });
  const tasks = [Number_({ n: 1 }), Stopping({ n: 1 }), Number_({ n: 2 })];
  await assertRejects(() => it.runTasks(tasks, { signal: controller.signal }), LabError);
  const { ending, error, summary } = await latest(it);
  assertEquals([ending, error], ["stopped", { name: "AbortError", message: "Enough" }]);
  assertEquals(summary.run, 1);
  assert(summary.skipped >= 1);
});

Deno.test("a record that cannot be written costs a warning, never the run", async () => {
  const storage = new MemoryStorage();
  const create = storage.create.bind(storage);
  storage.create = (key, options) => {
    if (isRunKey(key)) throw new StorageError("The disk is full");
    return create(key, options);
  };
  await using it = lab(storage);
  assertEquals(await it.runTask(Number_({ n: 1 })), 1);
  assertEquals(it.lines.length, 1);
  assertMatch(it.lines[0]!, /The record of this run cannot be kept \(The disk is full\)/);
  assertEquals((await keysOf(storage)).length, 1);
});

Deno.test("records are no results: listing them finds none, and verification finds them whole", async () => {
  const storage = new MemoryStorage();
  await using it = lab(storage);
  await it.runTask(Number_({ n: 1 }));
  const warn = console.warn;
  const warnings: unknown[] = [];
  console.warn = (text: unknown) => warnings.push(text);
  try {
    assertEquals((await it.cachedTasks([Number_])).length, 1);
  } finally {
    console.warn = warn;
  }
  assertEquals(warnings, []);
  const { entries, problems } = await verifyStorage(storage);
  assertEquals([entries, problems], [2, []]);
});

Deno.test("a record that is damaged, foreign or of another key counts as not there", async () => {
  const storage = new MemoryStorage();
  await using it = lab(storage);
  await it.runTask(Number_({ n: 1 }));
  const [key] = await runKeys(storage);
  const entry = (await storage.open(key!))!;
  const text = async (name: string) => new TextDecoder().decode(await entry.read(name));
  const [head, tasks] = [await text("run.json"), await text("tasks.json")];
  const damaged: Record<string, Record<string, string>> = {
    "of another key": {
      "run.json": head.replace(key!, runKey(new Date(0), "00000000")),
      "tasks.json": tasks,
    },
    "no JSON": { "run.json": head.slice(5), "tasks.json": tasks },
    "another format": {
      "run.json": head.replace('"format": 1', '"format": 2'),
      "tasks.json": tasks,
    },
    "no such start": {
      "run.json": head.replace(/"start": "[^"]*"/, '"start": "today"'),
      "tasks.json": tasks,
    },
    "deep": { "run.json": "[".repeat(1000), "tasks.json": tasks },
    "huge": { "run.json": head + " ".repeat(2 ** 20), "tasks.json": tasks },
    "no head": { "tasks.json": tasks },
  };
  for (const [what, files] of Object.entries(damaged)) {
    await save(storage, key!, files);
    assertEquals(await (await it.runs())[0]!.load(), undefined, what);
    const [problem] = (await verifyStorage(storage)).problems;
    assertEquals([problem?.kind, problem?.key], ["foreign", key], what);
  }
  await save(storage, key!, { "run.json": head, "tasks.json": tasks.replace("v1", "v2") });
  const record = await latest(it);
  await assertRejects(() => record.tasks(), Error, "not as it was saved");
  const [problem] = (await verifyStorage(storage)).problems;
  assertEquals([problem?.kind, problem?.key], ["torn", key]);
  await storage.delete(key!);
  assertEquals((await it.runs()).length, 0);
});

Deno.test("a Lab that signs signs its records too, and believes no others", async () => {
  const storage = new MemoryStorage();
  const { privateKey, publicKey } = await generateKey();
  await using it = lab(storage, { signing: { key: privateKey } });
  await it.runTask(Number_({ n: 1 }));
  assertEquals((await latest(it)).summary.run, 1);
  await using reader = lab(storage, { signing: { trust: [publicKey] } });
  assertEquals((await latest(reader)).summary.run, 1);
  const { publicKey: other } = await generateKey();
  await using stranger = lab(storage, { signing: { trust: [other] } });
  assertEquals(await (await stranger.runs())[0]!.load(), undefined);
  const { problems } = await verifyStorage(storage, { signing: stranger.signing });
  assertEquals(problems.map(({ kind }) => kind), ["untrusted", "untrusted"]);
  assertEquals((await verifyStorage(storage, { signing: it.signing })).problems, []);
});

Deno.test("a record names 20,000 tasks at most, and counts the others", async () => {
  const storage = new MemoryStorage();
  const many = Array.from({ length: 20_010 }, (_, n) => Unkept({ n }));
  await using it = lab(storage);
  const broken = Broken({ why: "first" });
  await assertRejects(() => it.runTasks([...many, broken]), LabError);
  const record = await latest(it);
  assertEquals([record.summary.run, record.leftOut], [20_010, 11]);
  const tasks = await record.tasks();
  assertEquals(tasks.length, 20_000);
  assertEquals(tasks[0]!.id, broken.id, "what failed is named first");
  assert(record.bytes < 2.5e6, `${record.bytes} bytes`);
});

function sqlite(place: { path(name: string): string }): SqliteStorage {
  return new SqliteStorage(place.path("results.db"));
}
