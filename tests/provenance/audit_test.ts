import { type AuditReport, type LabOptions, type Task, task, TaskError } from "@labtech/lab";
import { generateKey } from "@labtech/lab/signing";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { quietLab, RUNNERS } from "../e2e/_lab.ts";
import { filesOf, put, STORAGES } from "../_signed_entries.ts";
import { Random, Steady, Stream, Text } from "./_audited_tasks.ts";
import { onStorage, types } from "./_grown.ts";

const ALL = { sample: "100%" } as const;
const verdicts = ({ tasks }: AuditReport) =>
  Object.fromEntries(tasks.map(({ task, verdict }) => [String(task), verdict]));

/** All that lies in a storage. */
async function contentOf(storage: Storage): Promise<Map<string, unknown>> {
  const content = new Map<string, unknown>();
  for await (const key of storage.findKeys()) content.set(key, await filesOf(storage, key));
  return content;
}

for (const name of Object.keys(STORAGES)) {
  Deno.test(`${name}: tasks that give something else are found, those that depend on them are not blamed`, async () => {
    await using place = await onStorage(name, { records: true });
    const { lab, storage } = place;
    await lab.runTasks([1, 2].map((n) => Steady({ of: Random({ n }) })));
    const before = await contentOf(storage);
    const report = await lab.audit({ ...ALL, types: [Random, Steady] });
    assertEquals(verdicts(report), {
      "AuditedRandom(n=1)": "different",
      "AuditedRandom(n=2)": "different",
      "AuditedSteady(of=AuditedRandom(n=1))": "same",
      "AuditedSteady(of=AuditedRandom(n=2))": "same",
    });
    assertEquals([report.passed, report.candidates, report.passedOver], [false, 4, 0]);
    const found = report.tasks.find(({ verdict }) => verdict === "different")!;
    assertEquals(found.differences.map(({ path }) => path), ["result.at[1]"]);
    assertMatch(found.differences[0]!.before!, /^"[\da-f-]{36}"$/);
    assert(found.stored!.start <= new Date() && found.duration! >= 0);
    assertEquals(found.key, await lab.keyOf(found.task));
    assertEquals(await contentOf(storage), before, "the storage is as it was");
  });
}

for (const runner of RUNNERS) {
  Deno.test(`${runner}: tasks are audited in the Lab's runner; streams and texts by their bytes`, async () => {
    await using place = await onStorage("local", { runner, maxWorkers: 2 });
    const { lab } = place;
    const tasks = [
      Steady({ of: Random({ n: 1 }) }),
      Stream({ drifts: true }),
      Stream({ drifts: false }),
    ];
    for await (const [, value] of await lab.runTasks(tasks)) {
      if (value instanceof ReadableStream) await value.cancel();
    }
    const report = await lab.audit({ ...ALL, tasks });
    assertEquals(verdicts(report), {
      "AuditedSteady(of=AuditedRandom(n=1))": "same",
      "AuditedStream(drifts=true)": "different",
      "AuditedStream(drifts=false)": "same",
    });
    const { path } = report.tasks.find(({ verdict }) => verdict === "different")!.differences[0]!;
    const at = Number(/^result\[(\d+)\]$/.exec(path)![1]);
    assert(at >= 100_000 && at < 100_008, path);
  });
}

Deno.test("texts are told apart where they part", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTask(Text({ n: 5 }));
  const { tasks: [found] } = await lab.audit({ types: [Text] });
  assertEquals(found!.differences, [
    { path: "result", before: '"call 5 1"', after: '"call 5 2"' },
  ]);
});

Deno.test("numbers within the tolerance pass, and are told apart from the same", async () => {
  let drift = 0;
  const Drift = task(null, {
    name: "AuditedDrift",
    run: ({ by }: { by: number }) => ({ scores: new Float64Array([1, 1 + by * drift]) }),
  });
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTasks([0, 1e-10, 0.5].map((by) => Drift({ by })));
  drift = 1;
  const report = await lab.audit({ types: [Drift], tolerance: 1e-9 });
  assertEquals(verdicts(report), {
    "AuditedDrift(by=0)": "same",
    "AuditedDrift(by=1e-10)": "close",
    "AuditedDrift(by=0.5)": "different",
  });
  assertEquals((await lab.audit({ types: [Drift], tolerance: { relative: 0.5 } })).passed, true);
  assertEquals(
    (await lab.audit({ types: [Drift] })).tasks.filter(({ verdict }) => verdict === "different")
      .length,
    2,
  );
});

Deno.test("what fails now, or lacks what it depends on, is told as such", async () => {
  let fails = false;
  const made = (name: string) =>
    task(null, {
      name,
      run: ({ n, of }: { n: number; of?: Task<number> }) => {
        if (fails && n === 2) throw new RangeError("not today");
        return n + (of?.result ?? 0);
      },
    });
  const [Shaky, Above] = [made("AuditedShaky"), made("AuditedAbove")];
  const above = (of: Task<number>) => Above({ n: 1, of });
  await using place = await onStorage("memory", { continueOnFailure: false });
  const { lab } = place;
  const tasks = [1, 2, 3].map((n) => Shaky({ n }));
  await lab.runTasks([...tasks, above(tasks[1]!)]);
  fails = true;
  const report = await lab.audit({ tasks: [...tasks, above(tasks[1]!)] });
  assertEquals(Object.values(verdicts(report)).sort(), ["failed", "same", "same", "same"]);
  const { error } = report.tasks.find(({ verdict }) => verdict === "failed")!;
  assertEquals((error!.cause as Error).message, "not today");
  await lab.uncacheTasks([tasks[1]!]);
  assertEquals(verdicts(await lab.audit({ tasks: [above(tasks[1]!)] })), {
    "AuditedAbove(n=1, of=AuditedShaky(n=2))": "skipped",
  });
});

Deno.test("a stored result that is damaged is unreadable", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const random = Random({ n: 1 });
  await lab.runTasks([random, Stream({ drifts: true })]);
  for (const task of [random, Stream({ drifts: true })]) {
    const files = await filesOf(storage, await lab.keyOf(task));
    const result = [...files.keys()].find((file) => file.startsWith("result"))!;
    const bytes = files.get(result)!.slice();
    bytes[2]! ^= 1;
    await put(storage, await lab.keyOf(task), new Map(files).set(result, bytes));
  }
  const report = await lab.audit({ tasks: [random, Stream({ drifts: true })] });
  assertEquals(verdicts(report)["AuditedRandom(n=1)"], "unreadable");
  assertEquals(report.passed, false);
});

Deno.test("only results of the code of now are looked at; others are counted", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const before = types({ Leaf: "v1" });
  await lab.runTasks([
    before.Mid({ of: [before.Leaf({ n: 1 })], n: 2 }),
    before.Top({ of: [], n: 1 }),
  ]);
  const now = types({ Leaf: "v2" });
  await lab.runTask(now.Leaf({ n: 5 }));
  const all = [now.Leaf, now.Mid, now.Top] as never[];
  const report = await lab.audit({ types: all });
  assertEquals(verdicts(report), {
    "GrownTop(of=[], n=1)": "same",
    "GrownLeaf(n=5)": "same",
  });
  assertEquals([report.candidates, report.passedOver], [2, 2]);
  const given = await lab.audit({
    tasks: [now.Leaf({ n: 5 }), now.Leaf({ n: 6 }), now.Leaf({ n: 5 })],
  });
  assertEquals([given.candidates, given.passedOver, given.passed], [1, 1, true]);
  assertEquals(
    (await lab.audit({ tasks: [now.Leaf({ n: 5 })], types: [now.Mid as never] })).candidates,
    0,
  );
});

Deno.test("results that were accepted can be checked so", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const made = (codeVersion: string, factor: number) =>
    task(null, { name: "AuditedEdit", codeVersion, run: ({ n }: { n: number }) => n * factor });
  await lab.runTask(made("v1", 2)({ n: 4 }));
  const Edit = made("v2", 3);
  await lab.accept([Edit], { why: "a mistake" });
  const { tasks: [found] } = await lab.audit({ types: [Edit] });
  assertEquals(found!.differences, [{ path: "result", before: "8", after: "12" }]);
});

Deno.test("who only reads may audit; what is not trusted is passed over", async () => {
  const storage = new MemoryStorage();
  const [ours, theirs] = [await generateKey(), await generateKey()];
  const labOf = (signing: LabOptions["signing"]) => quietLab({ runner: "async", storage, signing });
  await using own = labOf({ key: ours.privateKey });
  await own.runTask(Steady({ of: Random({ n: 1 }) }));
  await using strangers = labOf({ key: theirs.privateKey });
  await strangers.runTask(Random({ n: 2 }));
  await using reader = labOf({ trust: [ours.publicKey] });
  const before = await contentOf(storage);
  const report = await reader.audit({ ...ALL, types: [Random, Steady] });
  assertEquals(verdicts(report), {
    "AuditedRandom(n=1)": "different",
    "AuditedSteady(of=AuditedRandom(n=1))": "same",
  });
  assertEquals(report.passedOver, 1);
  assertEquals(await contentOf(storage), before);
});

Deno.test("it tells how far it is, and stops when it is told to", async () => {
  await using place = await onStorage("memory", { maxWorkers: 1 });
  const { lab } = place;
  const { Leaf } = types();
  await lab.runTasks([1, 2, 3, 4, 5].map((n) => Leaf({ n })));
  const told: string[] = [];
  const report = await lab.audit({
    types: [Leaf as never],
    sample: 5,
    onProgress: ({ done, of }) => told.push(`${done} of ${of}`),
  });
  assertEquals([report.tasks.length, told], [5, ["2 of 5", "4 of 5", "5 of 5"]]);
  const stop = new AbortController();
  const stopping = lab.audit({
    types: [Leaf as never],
    signal: stop.signal,
    onProgress: () => stop.abort(new Error("enough")),
  });
  await assertRejects(() => stopping, Error, "enough");
});

Deno.test("an empty storage, and none, pass; what makes no sense is refused", async () => {
  await using place = await onStorage("memory");
  assertEquals(await place.lab.audit(), { passed: true, tasks: [], candidates: 0, passedOver: 0 });
  await using nowhere = quietLab({ storage: null, runner: "async" });
  assertEquals((await nowhere.audit()).candidates, 0);
  const refused = async (options: object, message: string) =>
    void await assertRejects(() => place.lab.audit(options), TaskError, message);
  await refused({ sample: 0 }, "Expected sample");
  await refused({ tolerance: -1 }, "Expected tolerance");
  await refused({ tolerance: { relative: NaN } }, "Expected tolerance");
  await refused({ differences: 0 }, "Expected differences");
  await refused({ seed: {} }, "Expected seed");
  await refused({ types: ["a"] }, "Expected task types");
  await refused({ tasks: ["a"] }, "Expected tasks to audit");
});
