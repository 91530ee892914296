import {
  type Cache,
  type Explanation,
  type Lab,
  StorageError,
  type Task,
  task,
  TaskError,
} from "@labtech/lab";
import { JsonCache } from "@labtech/lab/caches";
import { generateKey } from "@labtech/lab/signing";
import { type Entry, MemoryStorage, type Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { createTask, type TaskTypeInfo } from "../../task.ts";
import { labError, quietLab } from "../e2e/_lab.ts";
import { filesOf, put, save, STORAGES } from "../_signed_entries.ts";
import { keysIn, onStorage } from "./_grown.ts";

interface Model {
  kind: string;
  depth: number;
}
interface FitParams {
  model: Model;
  fold: number;
  split: Task<number>;
}

/** The types of the tests, of some code versions. Without a module they may be defined again. */
function types({ split, fit, rank }: { split?: string; fit?: string; rank?: string } = {}) {
  const Split = task(null, {
    name: "ExplainSplit",
    codeVersion: split,
    run: ({ seed }: { seed: number }) => seed,
  });
  const Fit = task(null, {
    name: "ExplainFit",
    codeVersion: fit,
    run: ({ model, fold }: FitParams) => {
      if (model.depth === 13) throw new RangeError("unlucky\u001b[2J");
      return model.depth + fold;
    },
  });
  const Rank = task(null, {
    name: "ExplainRank",
    codeVersion: rank,
    run: ({ of }: { of: Task<number>[] }) => of.length,
  });
  return { Split, Fit, Rank };
}

/** A study of some depths on some folds. */
function study(
  { Split, Fit, Rank }: ReturnType<typeof types>,
  { depths = [1, 2, 3], folds = 2, seed = 2020 } = {},
) {
  const split = Split({ seed });
  const fits = depths.flatMap((depth) =>
    Array.from(
      { length: folds },
      (_, fold) => Fit({ model: { kind: "tree", depth }, fold, split }),
    )
  );
  return { split, fits, rank: Rank({ of: fits }) };
}

const told = ({ reason, cached }: Explanation) => [reason, cached];
const asText = (explanation: Explanation) => String(explanation).split("\n");
const paramsOf = ({ nearest }: Explanation) =>
  nearest?.params.map(({ type, path, before, after, places }) =>
    `${type} ${path} ${before} → ${after} ×${places}`
  );

for (const name of Object.keys(STORAGES)) {
  Deno.test(`${name}: a task is explained before it runs, when it is cached, and when it is removed`, async () => {
    await using place = await onStorage(name, { records: true });
    const { lab } = place;
    const { fits: [fit] } = study(types());
    const before = await lab.explain(fit!);
    assertEquals(told(before), ["absent", false]);
    assertEquals(
      before.verdict,
      `${fit} is not cached: never run: the storage is empty`,
    );
    await lab.runTask(study(types()).split);
    assertMatch((await lab.explain(fit!)).verdict, / the storage has no results of ExplainFit$/);
    await lab.runTask(fit!);
    const { key, entry, run, ...there } = await lab.explain(fit!);
    assertEquals([there.reason, there.nearest, there.looked], ["cached", undefined, undefined]);
    assertEquals([key, entry!.key], [await lab.keyOf(fit!), key]);
    assertEquals([entry!.task, run!.state, run!.same], [String(fit), "run", true]);
    await lab.uncacheTasks([fit!]);
    const after = await lab.explain(fit!);
    assertEquals([told(after), after.run!.key], [["removed", false], run!.key]);
  });

  Deno.test(`${name}: params that differ are told by their paths, those of nested tasks once`, async () => {
    await using place = await onStorage(name);
    const { lab } = place;
    const all = types();
    await lab.runTask(study(all).rank);
    const near = await lab.explain(all.Fit({
      model: { kind: "tree", depth: 4 },
      fold: 1,
      split: all.Split({ seed: 2020 }),
    }));
    assertEquals(told(near), ["params", false]);
    assertEquals(paramsOf(near), ["ExplainFit params.model.depth 3 → 4 ×1"]);
    assertEquals(near.looked, { entries: 8, results: 6, unusable: 0, untrusted: 0, passedOver: 0 });

    const reseeded = await lab.explain(study(all, { seed: 2021 }).rank);
    assertEquals(paramsOf(reseeded), ["ExplainSplit params.seed 2020 → 2021 ×6"]);
    assertMatch(String(reseeded), /ExplainSplit params\.seed: 2020 → 2021, in 6 places/);
    const grown = await lab.explain(study(all, { depths: [1, 2, 9, 3] }).rank);
    assertEquals(grown.nearest!.params.map(({ path, before, after }) => [path, before, after]), [
      ["params.of[4]", undefined, String(study(all, { depths: [9] }).fits[0])],
      ["params.of[5]", undefined, String(study(all, { depths: [9] }).fits[1])],
    ]);
    const other = await lab.explain(study(all, { depths: [1, 5, 3] }).rank);
    assertEquals(paramsOf(other), ["ExplainFit params.model.depth 2 → 5 ×2"]);
  });

  Deno.test(`${name}: code that changed is told by type, the task's own or nested`, async () => {
    await using place = await onStorage(name);
    const { lab } = place;
    await lab.runTask(study(types({ fit: "v1" })).rank);
    const now = study(types({ fit: "v2" }));
    const own = await lab.explain(now.fits[0]!);
    assertEquals(told(own), ["code", false]);
    assertEquals(own.nearest!.code, [{ type: "ExplainFit", from: "v1", to: "v2", tasks: 1 }]);
    const nested = await lab.explain(now.rank);
    assertEquals(told(nested), ["nested-code", false]);
    assertEquals(nested.nearest!.code, [{ type: "ExplainFit", from: "v1", to: "v2", tasks: 6 }]);
    assertEquals(nested.nearest!.params, []);
    assertMatch(
      nested.verdict,
      / is not cached: the code of ExplainFit, nested in it, has changed since it ran, \d{4}-/,
    );
    assertMatch(asText(nested).at(-1)!, /lab accept <module> --types ExplainFit --why/);
    const both = await lab.explain(
      study(types({ fit: "v2" }), { seed: 7 }).fits[0]!,
    );
    assertEquals(told(both), ["params", false]);
    assertEquals(both.nearest!.code.length, 1);
    assertMatch(
      both.verdict,
      /; the nearest of 6 results of ExplainFit differs in ExplainSplit params\.seed, and is of other code$/,
    );
  });
}

Deno.test("the latest result of other code is the nearest, whatever lies beside it", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  for (const version of ["v1", "v2", "v3"]) {
    await lab.runTask(study(types({ fit: version })).fits[0]!);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
  const { nearest } = await lab.explain(study(types({ fit: "v4" })).fits[0]!);
  assertEquals(nearest!.code, [{ type: "ExplainFit", from: "v3", to: "v4", tasks: 1 }]);
});

Deno.test("records tell how it failed, and because of what it was skipped", async () => {
  await using place = await onStorage("memory", { records: true });
  const { lab } = place;
  const { fits, rank } = study(types(), { depths: [12, 13], folds: 1 });
  await labError(lab.runTask(rank));
  const failed = await lab.explain(fits[1]!);
  assertEquals(told(failed), ["failed", false]);
  assertEquals(failed.run!.error!.name, "RangeError");
  assert(!(String(failed) + failed.run!.error!.message).includes("\u001b"), "safe to print");
  const skipped = await lab.explain(rank);
  assertEquals([skipped.reason, skipped.run!.cause], ["skipped", String(fits[1])]);
  assertMatch(
    String(skipped),
    /It was skipped in run [0-9a-f]{8} of .*, because ExplainFit\(.*\) failed/,
  );
  await lab.uncacheTasks(fits);
  const gone = await lab.explain(study(types({ fit: "v2" }), { depths: [12], folds: 1 }).fits[0]!);
  assertEquals([gone.reason, gone.run!.same, gone.nearest], ["code", false, undefined]);
  assertEquals(gone.run!.code, { type: "ExplainFit", from: undefined, to: "v2", tasks: 1 });
  await lab.runTask(study(types({ fit: "v2" }), { depths: [11], folds: 1 }).fits[0]!);
  const other = await lab.explain(study(types({ fit: "v2" }), { depths: [12], folds: 1 }).fits[0]!);
  assertEquals([other.reason, other.nearest!.params.length], ["code", 1]);
  assertMatch(asText(other)[0]!, /the code of ExplainFit has changed since it ran, \d{4}-/);
  assertEquals(asText(other).at(-1), "  A run computes it");
});

Deno.test("without a storage, or a cache, that is the reason", async () => {
  await using none = quietLab({ storage: null, runner: "serial" });
  assertEquals(told(await none.explain(study(types()).rank)), ["no-storage", false]);
  const Unkept = task(null, { name: "ExplainUnkept", cache: null, run: () => 1 });
  await using place = await onStorage("memory");
  assertEquals(told(await place.lab.explain(Unkept())), ["no-cache", false]);
  await assertRejects(() => none.explain("Fit" as never), TaskError, "Expected a task to explain");
});

Deno.test("results in another cache, of another format, damaged or foreign are told as such", async () => {
  const storage = new MemoryStorage();
  const { fits: [fit] } = study(types());
  await using json = quietLab({ storage, runner: "serial", cache: "json", records: false });
  await json.runTask(fit!);
  await using lab = quietLab({ storage, runner: "serial", records: false });
  const other = await lab.explain(fit!);
  assertEquals([other.reason, other.nearest!.cache.name], ["cache", "json"]);

  const key = await json.keyOf(fit!);
  const files = await filesOf(storage, key);
  const metadata = JSON.parse(new TextDecoder().decode(files.get("metadata.json")!));
  const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  const cases: [string, RegExp, Iterable<[string, Uint8Array]>][] = [
    ["foreign", /format 7/, [
      ...files,
      ["metadata.json", bytes({ ...metadata, cache: { name: "json", version: 7 } })],
    ]],
    ["damaged", /no metadata\.json/, [["other.txt", bytes("")]]],
    ["damaged", /no readable metadata\.json/, [["metadata.json", bytes({})]]],
    ["damaged", /its size differs/, [
      ["metadata.json", files.get("metadata.json")!],
      ...Object.keys(metadata.files).map((
        file,
      ): [string, Uint8Array] => [file, bytes("x".repeat(99))]),
    ]],
  ];
  for (const [reason, problem, entry] of cases) {
    await put(storage, key, new Map(entry));
    const explanation = await json.explain(fit!);
    assertEquals(told(explanation), [reason, false]);
    assertMatch(explanation.problem!, problem);
    assertEquals(await json.runTasks([fit!]).then(({ summary }) => summary.run), 1, "it runs");
  }
});

Deno.test("a local entry whose record is torn is told as damaged", async () => {
  await using place = await onStorage("local");
  const { lab, dir } = place;
  const { fits: [fit] } = study(types());
  await lab.runTask(fit!);
  const key = await lab.keyOf(fit!);
  for await (const { name } of Deno.readDir(`${dir}/results`)) {
    if (!name.startsWith(key)) continue;
    await Deno.writeTextFile(`${dir}/results/${name}/metadata.json`, "torn");
  }
  assertEquals(told(await lab.explain(fit!)), ["damaged", false]);
});

Deno.test("what is not trusted is refused under the own key, and is not the nearest", async () => {
  const storage = new MemoryStorage();
  const all = types();
  await using stranger = quietLab({ storage, runner: "serial", records: false });
  const { privateKey, publicKey } = await generateKey();
  await using lab = quietLab({
    ...{ storage, runner: "serial", records: false },
    signing: { key: privateKey, trust: [publicKey] },
  });
  const { fits } = study(all);
  await stranger.runTask(fits[0]!);
  const refused = await lab.explain(fits[0]!);
  assertEquals(told(refused), ["refused", false]);
  assertEquals([refused.problem, refused.entry], ["It has no signature", undefined]);
  const alone = await lab.explain(fits[1]!);
  assertEquals([alone.reason, alone.nearest, alone.looked!.untrusted], ["absent", undefined, 1]);
  await lab.runTask(fits[4]!);
  const trusted = await lab.explain(fits[1]!);
  assertEquals([trusted.nearest!.key, trusted.looked!.untrusted], [await lab.keyOf(fits[4]!), 1]);
});

Deno.test("a type that was renamed, with formerly or without, is told with its earlier name", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial", cache: "json", records: false });
  const gone: TaskTypeInfo = {
    ...{ taskName: "ExplainGone", codeVersion: "v1", cache: undefined },
    ...{ maxParallel: Infinity, module: undefined },
  };
  await save(storage, createTask(gone, { x: 1 }, "v1"), undefined, { value: 1 });
  const run = ({ x }: { x: number }) => x;
  const Heir = task(null, { name: "ExplainHeir", codeVersion: "v1", run });
  const renamed = await lab.explain(Heir({ x: 1 }));
  assertEquals([renamed.reason, renamed.nearest!.renamedFrom], ["renamed", "ExplainGone"]);
  assertMatch(String(renamed), /formerly: \["ExplainGone"\]/);
  assertEquals(told(await lab.explain(Heir({ x: 2 }))), ["absent", false]);

  const formerly = ["ExplainGone"];
  const Known = task(null, { name: "ExplainHeir", codeVersion: "v1", formerly, run });
  const taken = await lab.explain(Known({ x: 1 }));
  assertEquals([...told(taken), taken.entry!.task], ["migrated", true, "ExplainGone(x=1)"]);
  assertEquals((await lab.runTasks([Known({ x: 1 })])).summary.run, 0);
  const there = await lab.explain(Known({ x: 1 }));
  assertEquals([there.reason, there.entry!.migrated.length], ["cached", 1]);
});

Deno.test("results that were accepted say so", async () => {
  await using place = await onStorage("memory");
  const { lab } = place;
  await lab.runTask(study(types({ fit: "v1" })).fits[0]!);
  const { fits: [fit] } = study(types({ fit: "v2" }));
  await lab.accept([fit!], { why: "Only names" });
  const { reason, entry } = await lab.explain(fit!);
  assertEquals([reason, entry!.accepted[0]!.why], ["cached", "Only names"]);
});

/** Entries of the type that are not what they should be. */
function hostileTables(id: string): unknown[] {
  const name = "ExplainFit";
  const deep = JSON.parse(`${"[".repeat(5000)}${"]".repeat(5000)}`);
  const nested = (params: unknown) => ({ id: "a", tasks: { a: { name, params } } });
  return [
    { id, tasks: {} },
    { id: "__proto__", tasks: { a: { name, params: {} } } },
    { id: "a", tasks: { a: null } },
    { id: "a", tasks: { a: { name: 7, params: {} } } },
    { id: "a", tasks: { a: { name, params: [] } } },
    nested({ model: deep }),
    nested({ split: { $task: "a" } }),
    nested({ split: { $task: "gone" }, model: { $task: "a" } }),
    nested({ split: { $task: 7 }, model: { $date: "x" }, fold: { $bigint: "9".repeat(500_000) } }),
    nested(JSON.parse('{ "__proto__": { "polluted": 1 }, "constructor": 1, "fold\\u001b[2J": 1 }')),
    {
      id: "a",
      tasks: {
        a: { name, params: { split: { $task: "b" } } },
        b: { name: "ExplainSplit", params: { seed: { $task: "a" } } },
      },
    },
  ];
}

Deno.test("nothing that lies in the storage makes it fail, or prints what a terminal would obey", async () => {
  await using place = await onStorage("memory");
  const { lab, storage } = place;
  const { fits: [fit] } = study(types());
  await lab.runTask(fit!);
  const good = await filesOf(storage, await lab.keyOf(fit!));
  const metadata = JSON.parse(new TextDecoder().decode(good.get("metadata.json")!));
  await lab.uncacheTasks([fit!]);
  const stem = (await lab.keyOf(fit!)).slice(0, -40);
  for (const [n, table] of [...hostileTables(fit!.id).entries()]) {
    const key = `${stem}${String(n).padStart(40, "0")}`;
    const json = JSON.stringify({ ...metadata, key, task: table });
    await put(storage, key, new Map([["metadata.json", new TextEncoder().encode(json)]]));
    const explanation = await lab.explain(fit!);
    assert(["absent", "params", "code"].includes(explanation.reason), explanation.reason);
    // deno-lint-ignore no-control-regex
    assert(!/[\u0000-\u0009\u000b-\u001f]/.test(String(explanation)));
    JSON.stringify(explanation);
    await storage.delete(key);
  }
  assertEquals(({} as { polluted?: number }).polluted, undefined);
});

/** A storage whose listing, or reading, fails. */
class Failing extends MemoryStorage {
  override async *findKeys(options?: { prefix?: string }): AsyncGenerator<string> {
    yield* super.findKeys(options);
    if (options?.prefix === undefined) throw new StorageError("The disk is gone");
  }
}

Deno.test("a storage that fails is a failure, and a signal ends it", async () => {
  await using lab = quietLab({ storage: new Failing(), runner: "serial", records: false });
  await assertRejects(() => lab.explain(study(types()).rank), StorageError, "The disk is gone");
  const reason = new Error("enough");
  await using other = quietLab({ storage: new MemoryStorage(), runner: "serial" });
  const signal = AbortSignal.abort(reason);
  assertEquals(await assertRejects(() => other.explain(study(types()).rank, { signal })), reason);
});

/** A storage that is only read, and only metadata of it. */
class ReadOnly extends MemoryStorage {
  isClosed = false;
  readonly read: string[] = [];
  override async open(key: string): Promise<Entry | undefined> {
    const entry = await super.open(key);
    return entry && {
      ...{ key, files: entry.files, version: entry.version },
      stream: (file, options) => entry.stream(file, options),
      read: (file, options) => {
        this.read.push(file);
        return entry.read(file, options);
      },
    };
  }
  override create(key: string): ReturnType<Storage["create"]> {
    return this.isClosed ? Promise.reject(new Error("It is written to")) : super.create(key);
  }
}

Deno.test("only metadata and records are read, and nothing is changed", async () => {
  const storage = new ReadOnly();
  await using lab: Lab = quietLab({ storage, runner: "serial" });
  await lab.runTask(study(types()).rank);
  const keys = await keysIn(storage);
  storage.isClosed = true;
  storage.read.length = 0;
  await lab.explain(study(types({ split: "v2" }), { seed: 3 }).rank);
  await lab.explain(study(types()).rank);
  const files = new Set(storage.read);
  assertEquals([...files].sort(), ["metadata.json", "run.json", "tasks.json"]);
  assertEquals(await keysIn(storage), keys);
});

Deno.test("caches of one's own that keep no metadata are taken at their word", async () => {
  const inner = new JsonCache();
  class Own implements Cache {
    readonly name = "own";
    readonly keyPrefix = "own__";
    readonly save = inner.save.bind(inner);
    readonly load = inner.load.bind(inner);
    readonly loadTask = inner.loadTask.bind(inner);
    readonly delete = inner.delete.bind(inner);
    isCached(storage: Storage, key: string): Promise<boolean> {
      return storage.exists(key);
    }
  }
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, cache: new Own(), runner: "serial", records: false });
  const { fits: [fit] } = study(types());
  await put(storage, await lab.keyOf(fit!), [["data", new Uint8Array(3)]]);
  const explanation = await lab.explain(fit!);
  assertEquals([...told(explanation), explanation.entry], ["cached", true, undefined]);
});
