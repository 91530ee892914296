import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { Lab, task } from "@labtech/lab";
import { collectGarbage, type GarbageProgress } from "@labtech/lab/maintenance";
import { StorageError } from "../../errors.ts";
import { runKey } from "../../runs/run_key.ts";
import { LocalStorage, MemoryStorage, type Storage } from "../../storages/mod.ts";
import { keysOf, noise, rejection, save } from "../../testing/_storage_scene.ts";
import { scratch } from "../storages/_scratch.ts";

const DAY = 86_400_000;

const Part = task(import.meta, {
  name: "GarbagePart",
  codeVersion: "v1",
  run: ({ n }: { n: number }) => noise(n),
});
const Whole = task(import.meta, {
  name: "GarbageWhole",
  run: ({ of }: { of: ReturnType<typeof Part> }) => of.result.length,
});

async function fill(storage: Storage): Promise<{ part: string; whole: string }> {
  await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
  const of = Part({ n: 5000 });
  await lab.runTasks([Whole({ of })]);
  return { part: await lab.keyOf(of), whole: await lab.keyOf(Whole({ of })) };
}

/** Changes when an entry was computed, and how long that took, as if its task had run so. */
async function rewrite(
  storage: Storage,
  key: string,
  { age = 0, duration = 1 }: { age?: number; duration?: number },
): Promise<void> {
  const entry = (await storage.open(key))!;
  const files = Object.fromEntries(
    await Promise.all([...entry.files.keys()].map(async (file) => [file, await entry.read(file)])),
  );
  const metadata = JSON.parse(new TextDecoder().decode(files["metadata.json"]));
  const start = new Date(Date.now() - age - duration).toISOString();
  const text = JSON.stringify({ ...metadata, start, duration });
  await save(storage, key, { ...files, "metadata.json": text });
}

Deno.test("without criteria only leftovers are garbage, and nothing goes before the plan is carried out", async () => {
  await using place = await scratch();
  await using storage = new LocalStorage(place.dir);
  const { part, whole } = await fill(storage);
  Deno.mkdirSync(`${place.dir}/dead`);
  Deno.writeTextFileSync(`${place.dir}/dead/deadbeef-1-0-a.txt`, "12345");
  Deno.writeTextFileSync(`${place.dir}/notes`, "foreign");
  await storage.setAside(part);
  assertEquals((await collectGarbage(storage)).leftovers.map(({ kind }) => kind), ["aside"]);
  const plan = await collectGarbage(storage, { grace: 0 });
  assertEquals(plan.leftovers.map(({ kind }) => kind).sort(), ["aside", "draft"]);
  assertEquals([plan.entries, plan.duration, plan.kept], [[], 0, undefined]);
  assert(plan.bytes > 5005);
  const seen: GarbageProgress[] = [];
  const removed = await plan.carryOut({ onProgress: (progress) => seen.push(progress) });
  assertEquals(removed, { entries: 0, leftovers: 2, bytes: plan.bytes, spared: 0 });
  assertEquals(seen, [{ done: 1, of: 2 }, { done: 2, of: 2 }]);
  assertEquals((await collectGarbage(storage, { grace: 0 })).leftovers, []);
  assertEquals(await keysOf(storage), [whole]);
  assertEquals(Deno.readTextFileSync(`${place.dir}/notes`), "foreign");
});

Deno.test("entries go by age, and only of the types that may go", async () => {
  const storage = new MemoryStorage();
  const { part, whole } = await fill(storage);
  await rewrite(storage, part, { age: 31 * DAY, duration: 7000 });
  await rewrite(storage, whole, { age: 29 * DAY });
  const criteria = { olderThan: 30 * DAY };
  const plan = await collectGarbage(storage, criteria);
  assertEquals(plan.entries.map(({ key, reason }) => [key, reason]), [[part, "old"]]);
  assertEquals([plan.duration, plan.kept?.entries], [7000, 1]);
  assertEquals((await collectGarbage(storage, { ...criteria, types: ["Other"] })).entries, []);
  assertEquals((await plan.carryOut()).entries, 1);
  assertEquals(await keysOf(storage), [whole]);
});

Deno.test("an entry is stale when its code version, or that of a nested task, is another one now", async () => {
  const storage = new MemoryStorage();
  const { part, whole } = await fill(storage);
  const stale = async (...types: { taskName: string; codeVersion: string | undefined }[]) =>
    (await collectGarbage(storage, { stale: types })).entries.map(({ key }) => key).sort();
  assertEquals(await stale(Part, Whole), []);
  assertEquals(await stale({ taskName: "GarbagePart", codeVersion: "v2" }), [part, whole].sort());
  assertEquals(await stale({ taskName: "GarbageWhole", codeVersion: "v1" }), [whole]);
  assertEquals(await stale({ taskName: "Other", codeVersion: "v1" }), []);
});

Deno.test("down to a size, what took the fewest seconds a byte goes first", async () => {
  const storage = new MemoryStorage();
  await using lab = new Lab({ storage, runner: "serial", progress: false, records: false });
  const durations = [90_000, 10, 5000, 0];
  const keys: string[] = [];
  for (const [n, duration] of durations.entries()) {
    const part = Part({ n: 10_000 + n });
    await lab.runTasks([part]);
    keys.push(await lab.keyOf(part));
    await rewrite(storage, keys[n]!, { duration });
  }
  const gone = async (downTo: number) =>
    (await collectGarbage(storage, { downTo })).entries.map(({ key }) => keys.indexOf(key));
  assertEquals(await gone(100_000), []);
  assertEquals(await gone(35_000), [3]);
  assertEquals(await gone(25_000), [3, 1]);
  assertEquals(await gone(0), [3, 1, 2, 0]);
  const plan = await collectGarbage(storage, { downTo: 25_000 });
  assert(plan.entries.every(({ reason }) => reason === "cheap"));
  assertEquals(plan.kept!.entries, 2);
  assert(plan.kept!.bytes <= 25_000);
});

Deno.test("an entry that was replaced since the plan stays", async () => {
  const local = await scratch();
  await using _place = local;
  for (const storage of [new MemoryStorage(), new LocalStorage(local.dir)]) {
    await using held = storage;
    const { part, whole } = await fill(held);
    const plan = await collectGarbage(held, { olderThan: 0 });
    assertEquals(plan.entries.length, 2);
    await rewrite(held, part, {});
    const removed = await plan.carryOut();
    assertEquals([removed.entries, removed.spared], [1, 1]);
    assertEquals([await keysOf(held), await held.exists(whole)], [[part], false]);
  }
});

Deno.test("torn and foreign entries are counted, and stay", async () => {
  const storage = new MemoryStorage();
  await fill(storage);
  await save(storage, "foreign", { "a.txt": "a" });
  const plan = await collectGarbage(storage, { downTo: 0 });
  assertEquals([plan.entries.length, plan.passedOver], [2, 1]);
  await plan.carryOut();
  assertEquals(await keysOf(storage), ["foreign"]);
});

Deno.test("records of runs go by age alone, where no types are named", async () => {
  const storage = new MemoryStorage();
  await using lab = new Lab({ storage, runner: "serial", progress: false });
  await lab.runTasks([Part({ n: 10 })]);
  const [run] = await lab.runs();
  const entry = (await storage.open(run!.key))!;
  const text = new TextDecoder().decode(await entry.read("run.json"));
  const old = runKey(new Date(Date.now() - 2 * DAY), "01234567");
  const files = {
    "run.json": text.replace(run!.key, old),
    "tasks.json": await entry.read("tasks.json"),
  };
  await save(storage, old, files);
  await save(storage, runKey(new Date(0), "00000000"), { "run.json": "{}" });
  const stale = [{ taskName: "GarbagePart", codeVersion: "v1" }];
  for (const criteria of [{ stale }, { downTo: 1e6 }, { olderThan: DAY, types: ["GarbagePart"] }]) {
    const { entries, kept } = await collectGarbage(storage, criteria);
    assertEquals([entries, kept!.entries], [[], 1]);
  }
  const plan = await collectGarbage(storage, { olderThan: DAY });
  const chosen = plan.entries.map((
    { key, task, reason, duration },
  ) => [key, task, reason, duration]);
  assertEquals(chosen, [[old, "run of 1 task", "old", 0]]);
  assertEquals(plan.passedOver, 1, "what is no record stays");
  assertEquals((await plan.carryOut()).entries, 1);
  assertEquals((await lab.runs()).map(({ key }) => key).includes(old), false);

  const all = await collectGarbage(storage, { olderThan: 0 });
  await save(storage, run!.key, { "run.json": "{}" });
  assertEquals((await all.carryOut()).spared, 1, "what came in its place stays");
});

Deno.test("criteria that make no sense are refused; a plan ends with the reason of its signal", async () => {
  const storage = new MemoryStorage();
  for (const criteria of [{ olderThan: -1 }, { downTo: NaN }, { grace: -5 }]) {
    assertInstanceOf(await rejection(collectGarbage(storage, criteria)), StorageError);
  }
  await fill(storage);
  const signal = AbortSignal.abort(new Error("enough"));
  assertEquals(await rejection(collectGarbage(storage, { signal })), signal.reason);
  const plan = await collectGarbage(storage, { olderThan: 0 });
  assertEquals(await rejection(plan.carryOut({ signal })), signal.reason);
  assertEquals((await keysOf(storage)).length, 2);
});
