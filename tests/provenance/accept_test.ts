import { CacheError, task, TaskError } from "@labtech/lab";
import { verifyStorage } from "@labtech/lab/maintenance";
import { generateKey } from "@labtech/lab/signing";
import { MemoryStorage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { quietLab } from "../e2e/_lab.ts";
import { Random } from "../faults/_random.ts";
import { filesOf, put, STORAGES } from "../_signed_entries.ts";
import { large } from "./_large_tasks.ts";
import { graph, keysIn, onStorage, types } from "./_grown.ts";

const WHY = { why: "Only names changed" };
const NONE_LEFT = {
  ...{ otherVersion: 0, otherCode: 0, unknownType: 0, unusable: 0, untrusted: 0, meanwhile: 0 },
};

for (const name of Object.keys(STORAGES)) {
  Deno.test(`${name}: after accept everything loads and nothing runs, whatever was edited`, async () => {
    for (let seed = 1; seed <= (name === "memory" ? 12 : 3); seed++) {
      await using place = await onStorage(name);
      const { lab, storage } = place;
      await lab.runTasks(graph(types(), new Random(seed)));
      const before = await keysIn(storage);
      const random = new Random(seed);
      const edited = random.pick(["Leaf", "Mid", "Top"] as const, 1 + random.below(3));
      const now = types(Object.fromEntries(edited.map((type) => [type, "v2"])));
      const tasks = graph(now, new Random(seed));
      const report = await lab.accept(edited.map((type) => now[type] as never), WHY);
      assertEquals(report.left, NONE_LEFT);
      assertEquals(report.accepted, report.entries.length);
      const { summary } = await lab.runTasks(tasks);
      assertEquals([summary.run, summary.cached, now.ran()], [0, tasks.length, 0], `seed ${seed}`);
      const after = new Set(await keysIn(storage));
      assert(before.every((key) => after.has(key)), "the earlier entries are still there");
      assertEquals((await verifyStorage(storage)).problems, []);
      const again = await lab.accept(edited.map((type) => now[type] as never), WHY);
      assertEquals([again.accepted, again.present], [0, report.accepted]);
    }
  });

  Deno.test(`${name}: what is damaged is not taken over, small or large`, async () => {
    await using place = await onStorage(name);
    const { lab, storage } = place;
    const before = large("v1");
    const tasks = [1, 5, 11].map((n) => before({ n }));
    await lab.runTasks(tasks);
    for (const task of tasks.slice(0, 2)) {
      const key = await lab.keyOf(task);
      const files = await filesOf(storage, key);
      const result = [...files.keys()].find((file) => file.startsWith("result"))!;
      const bytes = files.get(result)!.slice();
      bytes[bytes.length - 1]! ^= 1;
      await put(storage, key, new Map(files).set(result, bytes));
    }
    const keys = await keysIn(storage);
    const Large = large("v2");
    const report = await lab.accept([Large], WHY);
    assertEquals([report.accepted, report.left], [1, { ...NONE_LEFT, unusable: 2 }]);
    assertEquals((await keysIn(storage)).length, keys.length + 1);
    assertEquals((await lab.runTasks([Large({ n: 11 })])).summary.cached, 1);
  });

  Deno.test(`${name}: two that accept the same at once take each entry over once`, async () => {
    await using place = await onStorage(name);
    const { lab, storage } = place;
    await lab.runTasks(graph(types(), new Random(7)));
    const now = types({ Leaf: "v2" });
    const reports = await Promise.all(
      [1, 2, 3].map(() => lab.accept([now.Leaf as never], WHY)),
    );
    const [first] = reports;
    const accepted = reports.reduce((sum, report) => sum + report.accepted, 0);
    assertEquals(accepted, first!.entries.length);
    assertEquals((await lab.runTasks(graph(now, new Random(7)))).summary.run, 0);
    assertEquals((await verifyStorage(storage)).problems, []);
  });
}

Deno.test("a preview tells what would be taken over, and changes nothing", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const before = types();
  const leaf = before.Leaf({ n: 1 });
  await lab.runTasks([before.Mid({ of: [leaf], n: 2 })]);
  const keys = await keysIn(storage);
  const now = types({ Leaf: "v2" });
  const report = await lab.accept([now.Leaf as never], { ...WHY, preview: true });
  assertEquals(report.accepted, 0);
  assertEquals(
    report.entries.map(({ task, changes }) => [task, changes]).sort(),
    [
      ["GrownLeaf(n=1)", [{ type: "GrownLeaf", from: null, to: "v2" }]],
      ["GrownMid(of=[GrownLeaf(n=1)], n=2)", [{ type: "GrownLeaf", from: null, to: "v2" }]],
    ],
  );
  assertEquals(report.entries.map(({ from }) => from).sort(), keys);
  const expected = [now.Leaf({ n: 1 }), now.Mid({ of: [now.Leaf({ n: 1 })], n: 2 })];
  assertEquals(
    report.entries.map(({ to }) => to).sort(),
    (await Promise.all(expected.map((task) => lab.keyOf(task)))).sort(),
  );
  assertEquals(
    report.versions.map(({ type, version, entries }) => [type, version, entries]),
    [["GrownLeaf", null, 2]],
  );
  assertEquals(await keysIn(storage), keys);
});

Deno.test("the entry says what was accepted, and why; all else in it is as it was", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const leaf = types({ Leaf: "v1" }).Leaf({ n: 1 });
  await lab.runTask(leaf);
  const old = JSON.parse(await metadataOf(storage, await lab.keyOf(leaf)));
  await lab.accept([types({ Leaf: "v2" }).Leaf as never], { why: " first " });
  const now = types({ Leaf: "v3" });
  await lab.accept([now.Leaf as never], { why: "second" });
  const key = await lab.keyOf(now.Leaf({ n: 1 }));
  const { accepted, ...rest } = JSON.parse(await metadataOf(storage, key));
  old.task.tasks[leaf.id].codeVersion = "v3";
  assertEquals(rest, { ...old, key });
  assertEquals(
    accepted.map(({ at: _, ...change }: Record<string, string>) => change),
    [
      { type: "GrownLeaf", from: "v1", to: "v2", why: "first" },
      { type: "GrownLeaf", from: "v2", to: "v3", why: "second" },
    ],
  );
  for (const { at } of accepted) assertEquals(new Date(at).toISOString(), at);
});

Deno.test("of several earlier versions the one in use last is taken; from chooses another", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const run = async (version: string | undefined, ...numbers: number[]) => {
    const { Leaf } = types({ Leaf: version });
    await lab.runTasks(numbers.map((n) => Leaf({ n })));
    // Clocks may not tell results apart that come within the same ms.
    await later();
  };
  await run(undefined, 1);
  await run("v2", 1, 2, 3);
  await run("v1", 4);
  const now = types({ Leaf: "v3" });
  const accept = async (from?: string | null) =>
    await lab.accept([now.Leaf as never], { ...WHY, from, preview: true });
  const latest = await accept();
  assertEquals(latest.entries.map(({ task }) => task), ["GrownLeaf(n=4)"]);
  assertEquals(latest.left.otherVersion, 4);
  assertEquals(latest.versions.map(({ version }) => version), ["v1", "v2", null]);
  assertEquals((await accept("v2")).entries.length, 3);
  assertEquals((await accept(null)).entries.map(({ task }) => task), ["GrownLeaf(n=1)"]);
  assertEquals((await accept("v9")).entries, []);
  // What was accepted counts from then on as in use.
  await lab.accept([now.Leaf as never], { ...WHY, from: null });
  const next = await lab.accept([types({ Leaf: "v4" }).Leaf as never], { ...WHY, preview: true });
  assertEquals(next.entries.map(({ changes }) => changes[0]!.from), ["v3"]);
  assertEquals((await keysIn(storage)).length, 6);
});

Deno.test("what depends on other code that has changed stays, unless that is named too", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const before = types({ Leaf: "v1", Mid: "v1" });
  await lab.runTask(before.Mid({ of: [before.Leaf({ n: 1 })], n: 2 }));
  const now = types({ Leaf: "v2", Mid: "v2" });
  const leaf = await lab.accept([now.Leaf as never], { ...WHY, preview: true });
  assertEquals([leaf.entries.length, leaf.left], [1, { ...NONE_LEFT, otherCode: 1 }]);
  const both = await lab.accept([now.Leaf, now.Mid] as never, WHY);
  assertEquals([both.accepted, both.left], [2, NONE_LEFT]);
  const mid = both.entries.find(({ task }) => task.startsWith("GrownMid"))!;
  assertEquals(mid.changes, [
    { type: "GrownMid", from: "v1", to: "v2" },
    { type: "GrownLeaf", from: "v1", to: "v2" },
  ]);
});

Deno.test("single tasks may be accepted, and what depends on them", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const tasks = ({ Leaf, Mid }: ReturnType<typeof types>) =>
    [1, 2].flatMap((n) => [Leaf({ n }), Mid({ of: [Leaf({ n })], n })]);
  await lab.runTasks(tasks(types({ Leaf: "v1" })));
  const now = types({ Leaf: "v2" });
  const report = await lab.accept([now.Leaf({ n: 1 })], WHY);
  assertEquals(report.entries.map(({ task }) => task).sort(), [
    "GrownLeaf(n=1)",
    "GrownMid(of=[GrownLeaf(n=1)], n=1)",
  ]);
  assertEquals((await lab.runTasks(tasks(now))).summary.run, 2);
});

Deno.test("a result of the code of now is never replaced", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  await lab.runTask(types({ Leaf: "v1" }).Leaf({ n: 1 }));
  const now = types({ Leaf: "v2" });
  const leaf = now.Leaf({ n: 1 });
  await lab.runTask(leaf);
  const key = await lab.keyOf(leaf);
  const files = await filesOf(storage, key);
  const report = await lab.accept([now.Leaf as never], WHY);
  assertEquals([report.accepted, report.present], [0, 1]);
  assertEquals(await filesOf(storage, key), files);
});

Deno.test("what somebody computes just now is left to them", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  await lab.runTask(types({ Leaf: "v1" }).Leaf({ n: 1 }));
  const now = types({ Leaf: "v2" });
  await using _claim = await storage.claim!(await lab.keyOf(now.Leaf({ n: 1 })));
  const report = await lab.accept([now.Leaf as never], WHY);
  assertEquals([report.accepted, report.left.meanwhile], [0, 1]);
});

Deno.test("torn, foreign and unknown entries are passed over and counted; what is damaged is not taken over", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const before = types({ Leaf: "v1" });
  const Gone = task(null, {
    name: "GrownGone",
    run: ({ of }: { of: ReturnType<typeof before.Leaf> }) => of.result,
  });
  const [damaged, foreign] = [before.Leaf({ n: 2 }), before.Leaf({ n: 3 })];
  await lab.runTasks([
    before.Leaf({ n: 1 }),
    Gone({ of: before.Leaf({ n: 1 }) }),
    damaged,
    foreign,
  ]);
  const files = await filesOf(storage, await lab.keyOf(damaged));
  const [result] = [...files.keys()].filter((file) => file.startsWith("result"));
  await put(
    storage,
    await lab.keyOf(damaged),
    new Map(files).set(result!, files.get(result!)!.map((byte) => byte ^ 1)),
  );
  const others = new Map(await filesOf(storage, await lab.keyOf(foreign)));
  const text = new TextDecoder().decode(others.get("metadata.json"));
  const bytes = new TextEncoder().encode(text.replace('"n": 3', '"n": 4'));
  await put(storage, await lab.keyOf(foreign), others.set("metadata.json", bytes));
  await put(storage, "other", new Map([["a.txt", new Uint8Array(3)]]));
  const hostile = JSON.parse(text);
  const [id] = Object.keys(hostile.task.tasks);
  for (const [at, json] of [null, 5, [], { name: 5 }, { name: "a", codeVersion: 5 }].entries()) {
    const key = `hostile-${at}`;
    const tasks = { ...hostile.task.tasks, "GrownLeaf__x": json };
    const metadata = JSON.stringify({ ...hostile, key, task: { id, tasks } });
    await put(storage, key, new Map([["metadata.json", new TextEncoder().encode(metadata)]]));
  }
  const now = types({ Leaf: "v2" });
  const report = await lab.accept([now.Leaf as never], WHY);
  // A type that was defined stays defined, so that only what was never defined is unknown.
  assertEquals(report.accepted, 2);
  assertEquals(report.left, { ...NONE_LEFT, unusable: 8 });
  assertEquals(await lab.isCached(now.Leaf({ n: 2 })), false);
  const unknown = new Map(await filesOf(storage, await lab.keyOf(before.Leaf({ n: 1 }))));
  const renamed = new TextDecoder().decode(unknown.get("metadata.json"))
    .replaceAll("GrownLeaf__", "GrownNever__").replace('"GrownLeaf"', '"GrownNever"')
    .replace(
      '"tasks": {',
      `"tasks": {"${
        before.Leaf({ n: 1 }).id
      }": {"name": "GrownLeaf", "codeVersion": "v1", "params": {"n": 1}},`,
    );
  const key = (await lab.keyOf(before.Leaf({ n: 1 }))).replace("GrownLeaf", "GrownNever");
  await put(storage, key, unknown.set("metadata.json", new TextEncoder().encode(renamed)));
  const later = await lab.accept([now.Leaf as never], WHY);
  assertEquals(later.left, { ...NONE_LEFT, unusable: 8, unknownType: 1 });
});

Deno.test("a Lab that signs signs what it accepts; what it does not trust it leaves", async () => {
  const storage = new MemoryStorage();
  const [ours, theirs] = [await generateKey(), await generateKey()];
  const labOf = (signing?: object) =>
    quietLab({ runner: "async", storage, records: false, signing });
  const before = types({ Leaf: "v1" });
  await using own = labOf({ key: ours.privateKey, trust: [] });
  await own.runTask(before.Leaf({ n: 1 }));
  await using strangers = labOf({ key: theirs.privateKey });
  await strangers.runTask(before.Leaf({ n: 2 }));
  const now = types({ Leaf: "v2" });
  await using reader = labOf({ trust: [ours.publicKey] });
  const error = await assertRejects(() => reader.accept([now.Leaf as never], WHY), CacheError);
  assertMatch(error.message, /no key to sign results by/);
  assertEquals(
    (await reader.accept([now.Leaf as never], { ...WHY, preview: true })).entries.length,
    1,
  );
  await using bare = labOf();
  assertEquals((await bare.accept([now.Leaf as never], WHY)).left.untrusted, 2);
  const report = await own.accept([now.Leaf as never], WHY);
  assertEquals([report.accepted, report.left], [1, { ...NONE_LEFT, untrusted: 1 }]);
  assertEquals((await reader.runTasks([now.Leaf({ n: 1 })])).summary.cached, 1);
});

Deno.test("what makes no sense is refused, and nothing is done", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  await lab.runTask(types({ Leaf: "v1" }).Leaf({ n: 1 }));
  const { Leaf } = types({ Leaf: "v2" });
  const refusal = async (what: unknown, options: unknown) =>
    (await assertRejects(() => lab.accept(what as never, options as never), TaskError)).message;
  assertMatch(await refusal([Leaf], {}), /^Expected why, .* got undefined$/);
  assertMatch(await refusal([Leaf], undefined), /^Expected why, /);
  assertMatch(await refusal([Leaf], { why: " " }), /^Expected why, /);
  assertMatch(await refusal([Leaf], { why: "a".repeat(1001) }), /^Expected why, /);
  assertMatch(await refusal([Leaf], { ...WHY, from: "" }), /^Expected from to be a code version, /);
  assertMatch(await refusal(["GrownLeaf"], WHY), /^Expected task types or tasks to accept, /);
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => lab.accept([Leaf as never], { ...WHY, signal }), Error, "enough");

  assertEquals((await keysIn(storage)).length, 1);
  await using nowhere = quietLab({ storage: null, runner: "async" });
  assertEquals((await nowhere.accept([Leaf as never], WHY)).entries, []);
});

async function metadataOf(storage: MemoryStorage | Parameters<typeof filesOf>[0], key: string) {
  return new TextDecoder().decode((await filesOf(storage, key)).get("metadata.json"));
}

/** Waits until the clock has moved on. */
async function later(): Promise<void> {
  const start = Date.now();
  while (Date.now() === start) await new Promise((resolve) => setTimeout(resolve, 1));
}
