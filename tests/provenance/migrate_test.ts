import { type LabOptions, type Task, task } from "@labtech/lab";
import { verifyStorage } from "@labtech/lab/maintenance";
import { generateKey } from "@labtech/lab/signing";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch } from "@std/assert";
import * as v from "valibot";
import { labError, quietLab } from "../e2e/_lab.ts";
import { filesOf, put, STORAGES } from "../_signed_entries.ts";
import { keysIn, onStorage } from "./_grown.ts";

interface Params {
  x: number;
  depth?: number;
  name?: string;
}

const counts = new Map<unknown, () => number>();

/** Defines a type of the tests, which may be defined again, and counts what runs. */
function fit(definition: object = {}, name = "MigratedFit") {
  let count = 0;
  const run = ({ x }: Params) => (count++, x * 10);
  const type = task(null, { name, codeVersion: "v1", ...definition, run });
  counts.set(type, () => count);
  return type;
}

/** How many tasks of a type ran. */
const ran = (type: unknown) => counts.get(type)!();

const deeper = {
  codeVersion: "v2",
  migrate: { from: "v1", params: (old: object) => ({ ...old, depth: 3 }) },
};

for (const name of Object.keys(STORAGES)) {
  Deno.test(`${name}: results of an earlier shape are those of the tasks as they are made now`, async () => {
    await using place = await onStorage(name);
    const { lab, storage } = place;
    const Old = fit();
    await lab.runTasks([1, 2, 3].map((x) => Old({ x })));
    const keys = await keysIn(storage);
    const Fit = fit(deeper);
    const tasks = [1, 2, 3, 4].map((x) => Fit({ x, depth: 3 }));
    assertEquals(await lab.isCached(tasks[0]!), false, "before a run asks for it");
    const results = await lab.runTasks([...tasks, Fit({ x: 1, depth: 4 })]);
    assertEquals([...results.values()], [10, 20, 30, 40, 10]);
    assertEquals([results.summary.run, results.summary.cached, ran(Fit)], [2, 3, 2]);
    assertEquals(await lab.isCached(tasks[0]!), true);
    const again = await lab.runTasks(tasks);
    assertEquals([again.summary.run, again.summary.cached], [0, 4]);
    const after = new Set(await keysIn(storage));
    assert(keys.every((key) => after.has(key)), "the earlier entries are still there");
    assertEquals((await verifyStorage(storage)).problems, []);
  });
}

Deno.test("the entry says which one it was taken over from; what it held is as it was", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const old = fit()({ x: 1 });
  await lab.runTask(old);
  const before = await metadataOf(storage, await lab.keyOf(old));
  const now = fit(deeper)({ x: 1, depth: 3 });
  await lab.runTask(now);
  const key = await lab.keyOf(now);
  const { migrated, ...rest } = await metadataOf(storage, key);
  const { at, ...from } = migrated[0];
  assertEquals(from, { key: before.key, id: old.id, task: "MigratedFit(x=1)" });
  assertEquals(new Date(at).toISOString(), at);
  const params = { x: 1, depth: 3 };
  const table = {
    id: now.id,
    tasks: { [now.id]: { name: "MigratedFit", codeVersion: "v2", params } },
  };
  assertEquals(rest, { ...before, key, task: table });
});

Deno.test("a chain of migrations leads from each of its versions to that of now", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const none = fit({ codeVersion: undefined });
  const v1 = fit();
  await lab.runTasks([none({ x: 1 }), none({ x: 9 })]);
  await lab.runTask(v1({ x: 2, depth: 2 }));
  await lab.runTask(fit({ codeVersion: "v2" })({ x: 3, depth: 3, name: "c" }));
  const Fit = fit({
    codeVersion: "v3",
    migrate: [
      { params: ({ x }: Params) => ({ x, depth: x }) },
      { from: "v1", params: (old: Params) => ({ ...old, name: "abc"[old.x - 1] }) },
      {
        from: "v2",
        to: "v3",
        params: ({ depth, ...old }: Params) => ({ ...old, depth: depth! * 2 }),
      },
    ],
  });
  const results = await lab.runTasks(
    [1, 2, 3].map((x) => Fit({ x, depth: 2 * x, name: "abc"[x - 1] })),
  );
  assertEquals([...results.values()], [10, 20, 30]);
  assertEquals(results.summary.cached, 3);
});

Deno.test("a migration that leads to another version than that of now does nothing", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTask(fit()({ x: 1 }));
  const params = (old: object) => ({ ...old, depth: 3 });
  for (
    const migrate of [
      { from: "v1", to: "v2", params },
      [{ from: "v1", to: "v9", params }, { from: "v2", params }],
      { from: "v0", params },
    ]
  ) {
    const Fit = fit({ codeVersion: "v3", migrate });
    assertEquals((await lab.runTasks([Fit({ x: 1, depth: 3 })])).summary.run, 1);
    await lab.uncacheTasks([Fit({ x: 1, depth: 3 })]);
  }
});

Deno.test("a type that was renamed keeps its results, and those of what it is nested in", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const Sum = task(null, {
    name: "MigratedSum",
    run: ({ of }: { of: { fit: Task<number> }[] }) =>
      of.reduce((sum, { fit }) => sum + fit.result, 0),
  });
  const Old = fit({}, "MigratedOld");
  const sum = (Fit: (params: Params) => Task<number>) =>
    Sum({ of: [1, 2].map((x) => ({ fit: Fit({ x }) })) });
  await lab.runTasks([sum(Old), Sum({ of: [{ fit: sum(Old) }] })]);
  const New = fit({ formerly: ["MigratedElder", "MigratedOld"] }, "MigratedNew");
  const above = await lab.runTasks([Sum({ of: [{ fit: sum(New) }] })]);
  assertEquals([above.summary.run, above.summary.cached], [0, 1]);
  const below = await lab.runTasks([sum(New), New({ x: 1 }), New({ x: 2 })]);
  assertEquals([below.summary.run, below.summary.cached, ran(New)], [0, 3, 0]);
});

Deno.test("tasks nested in params are migrated by their own types, at any depth", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  const chain = (link: (of: Task<number>) => Task<number>, leaf: Task<number>) => {
    let top = leaf;
    for (let depth = 0; depth < 120; depth++) top = link(top);
    return top;
  };
  const link = (definition: object, name: string) =>
    task(null, {
      name,
      ...definition,
      run: ({ of }: { of: Task<number>; plus?: number }) => of.result,
    });
  const OldLink = link({ codeVersion: "a" }, "MigratedLink");
  const old = chain((of) => OldLink({ of }), fit()({ x: 1 }));
  await lab.runTask(old);
  const Link = link({
    codeVersion: "b",
    migrate: { from: "a", params: (old: object) => ({ ...old, plus: 0 }) },
  }, "MigratedLink");
  const Fit = fit(deeper);
  const now = chain((of) => Link({ of, plus: 0 }), Fit({ x: 1, depth: 3 }));
  const { summary } = await lab.runTasks([now]);
  assertEquals([summary.run, summary.cached, ran(Fit)], [0, 1, 0]);
});

Deno.test("what lies below a task that runs is migrated too", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTasks([fit()({ x: 1 }), fit()({ x: 2 })]);
  const Fit = fit(deeper);
  const Sum = task(null, {
    name: "MigratedFresh",
    run: ({ of }: { of: Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
  });
  const results = await lab.runTasks([Sum({ of: [1, 2].map((x) => Fit({ x, depth: 3 })) })]);
  assertEquals([[...results.values()], results.summary.run, ran(Fit)], [[30], 1, 0]);
});

Deno.test("the params are validated as those of any task; what throws or is no params is passed over and told", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTasks([1, 2, 3, 4, 5].map((x) => fit()({ x })));
  const Fit = fit({
    codeVersion: "v2",
    params: v.object({ x: v.number(), depth: v.pipe(v.optional(v.number(), 3), v.maxValue(9)) }),
    migrate: {
      from: "v1",
      params: ({ x }: Params) => {
        if (x === 2) throw new RangeError("no \u001b[2Jtwo");
        return x === 3
          ? undefined
          : x === 4
          ? Promise.reject("late")
          : { x, ...x === 5 && { depth: 10 } };
      },
    },
  });
  const { summary } = await lab.runTasks([1, 2, 3, 4, 5].map((x) => Fit({ x })));
  assertEquals([summary.run, summary.cached], [4, 1]);
  const lines = (lab as unknown as { lines: string[] }).lines.join("\n");
  assertMatch(
    lines,
    /Of MigratedFit, 1 earlier result could not be taken over: RangeError: no \u241b\[2Jtwo/,
  );
  assertMatch(lines, /Expected params as a plain object from migrate, got undefined/);
  assertMatch(lines, /got an instance of class Promise/);
  assertMatch(lines, /params\.depth: Invalid value/);
});

Deno.test("of two earlier results the later one is taken, and one that is there is never replaced", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const once = (value: string) =>
    task(null, {
      name: "MigratedOnce",
      codeVersion: value,
      run: (_: { x: number; y?: number }) => value,
    });
  await lab.runTask(once("v1")({ x: 1 }));
  const start = Date.now();
  while (Date.now() < start + 2) await new Promise((resolve) => setTimeout(resolve, 1));
  await lab.runTask(once("v2")({ x: 1, y: 1 }));
  const Once = task(null, {
    name: "MigratedOnce",
    codeVersion: "v3",
    run: (_: { x: number }) => "v3",
    migrate: [
      { from: "v1", params: (old) => old },
      { from: "v2", params: ({ x }) => ({ x }) },
    ],
  });
  assertEquals(await lab.runTask(Once({ x: 1 })), "v2");
  await lab.runTask(Once({ x: 1 }), { bustCache: true });
  const files = await filesOf(storage, await lab.keyOf(Once({ x: 1 })));
  assertEquals(await lab.runTask(Once({ x: 1 })), "v3");
  assertEquals(await filesOf(storage, await lab.keyOf(Once({ x: 1 }))), files);
});

Deno.test("damaged and foreign entries are no earlier results; their tasks run", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const Old = fit();
  const tasks = [1, 2, 3].map((x) => Old({ x }));
  await lab.runTasks(tasks);
  const keys = await Promise.all(tasks.map((task) => lab.keyOf(task)));
  const damaged = await filesOf(storage, keys[0]!);
  const result = [...damaged.keys()].find((file) => file.startsWith("result"))!;
  await put(
    storage,
    keys[0]!,
    new Map(damaged).set(result, damaged.get(result)!.map((byte) => byte ^ 1)),
  );
  const foreign = await filesOf(storage, keys[1]!);
  const text = new TextDecoder().decode(foreign.get("metadata.json")).replace('"x": 2', '"x": 3');
  await put(
    storage,
    keys[1]!,
    new Map(foreign).set("metadata.json", new TextEncoder().encode(text)),
  );
  await put(
    storage,
    `structured__MigratedFit__${"0".repeat(40)}`,
    new Map([["a", new Uint8Array(1)]]),
  );
  const Fit = fit(deeper);
  const results = await lab.runTasks([1, 2, 3].map((x) => Fit({ x, depth: 3 })));
  assertEquals([[...results.values()], results.summary.run], [[10, 20, 30], 2]);
});

Deno.test("storages are not listed where no type says a word, or nothing is missing", async () => {
  const storage = new Listed();
  const lab = (options: LabOptions = {}) =>
    quietLab({ runner: "async", storage, records: false, ...options });
  await using first = lab();
  await first.runTasks([1, 2].map((x) => fit()({ x })));
  assertEquals(storage.lists, 0);
  const Fit = fit(deeper);
  const Other = task(null, { name: "MigratedNothing", run: ({ x }: { x: number }) => x });
  await first.runTasks([Other({ x: 1 })]);
  assertEquals(storage.lists, 0, "no type of these tasks says anything");
  await first.runTasks([1, 2].map((x) => Fit({ x, depth: 3 })));
  assertEquals(storage.lists, 1, "once, for both");
  await first.runTasks([1, 2].map((x) => Fit({ x, depth: 3 })));
  assertEquals(storage.lists, 1, "nothing is missing");
  await first.runTasks([Fit({ x: 1, depth: 3 })], { bustCache: true });
  assertEquals([storage.lists, ran(Fit)], [1, 1]);
});

Deno.test("who signs signs what is taken over; who only reads, or cannot sign, takes nothing over", async () => {
  const storage = new MemoryStorage();
  const [ours, theirs] = [await generateKey(), await generateKey()];
  const labOf = (signing?: LabOptions["signing"]) =>
    quietLab({ runner: "async", storage, records: false, signing });
  await using own = labOf({ key: ours.privateKey });
  await using strangers = labOf({ key: theirs.privateKey });
  await own.runTask(fit()({ x: 1 }));
  await strangers.runTask(fit()({ x: 2 }));
  await using bare = labOf();
  const Fit = fit(deeper);
  assertEquals((await bare.runTasks([Fit({ x: 1, depth: 3 })])).summary.run, 1);
  assertMatch(
    bare.lines.join("\n"),
    /the entry is signed, and the Lab has no key to sign it anew by/,
  );
  await bare.uncacheTasks([Fit({ x: 1, depth: 3 })]);
  const { summary } = await own.runTasks([1, 2].map((x) => Fit({ x, depth: 3 })));
  assertEquals([summary.run, summary.cached, summary.untrusted], [1, 1, 1]);
  await using reader = labOf({ trust: [ours.publicKey] });
  assertEquals((await reader.runTasks([Fit({ x: 1, depth: 3 })])).summary.cached, 1);
});

Deno.test("programs that take over at once give each result once", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTasks(Array.from({ length: 20 }, (_, x) => fit()({ x })));
  const Fit = fit(deeper);
  const runs = await Promise.all(
    [1, 2, 3].map(() => lab.runTasks(Array.from({ length: 20 }, (_, x) => Fit({ x, depth: 3 })))),
  );
  assertEquals(runs.map(({ summary }) => summary.run), [0, 0, 0]);
});

Deno.test("where nothing can be written, the run goes on without what is earlier, and tells why", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ runner: "async", storage, records: false });
  await lab.runTask(fit()({ x: 1 }));
  const entry = (await storage.open(await lab.keyOf(fit()({ x: 1 }))))!;
  const bytes = [...entry.files.values()].reduce((sum, size) => sum + size, 0);
  const full = new MemoryStorage({ maxBytes: bytes });
  await put(full, entry.key, await filesOf(storage, entry.key));
  await using other = quietLab({ runner: "async", storage: full, records: false });
  const error = await labError(other.runTasks([fit(deeper)({ x: 1, depth: 3 })]));
  assertEquals(error.failures.size, 1, "its own result finds no room either");
  assertMatch(other.lines.join("\n"), /1 earlier result could not be taken over: .*maxBytes is/);
});

class Listed extends MemoryStorage {
  lists = 0;

  override findKeys(options?: Parameters<MemoryStorage["findKeys"]>[0]): AsyncGenerator<string> {
    this.lists++;
    return super.findKeys(options);
  }
}

async function metadataOf(storage: Storage, key: string) {
  return JSON.parse(new TextDecoder().decode((await filesOf(storage, key)).get("metadata.json")));
}
