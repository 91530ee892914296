import { task } from "@labtech/lab";
import { collectGarbage, verifyStorage } from "@labtech/lab/maintenance";
import { generateKey } from "@labtech/lab/signing";
import { MemoryStorage } from "@labtech/lab/storages";
import { assert, assertEquals } from "@std/assert";
import { codeKey, isCodeKey } from "../../code_version/code_key.ts";
import {
  CODE_FILE,
  decodeCodeRecord,
  encodeCodeRecord,
  loadCode,
} from "../../code_version/code_record.ts";
import { CodeKeeper } from "../../code_version/keep_code.ts";
import type { TaskCode } from "../../code_version/task_code.ts";
import { partDifferences } from "../../provenance/_code_differences.ts";
import { quietLab } from "../e2e/_lab.ts";
import { filesOf, put } from "../_signed_entries.ts";
import { keysIn } from "../provenance/_grown.ts";
import { Kept, Manual } from "./_kept_tasks.ts";

const VERSION = `auto:${"0123456789".repeat(4)}`;
const KEY = codeKey(VERSION)!;
const DAY = 86_400_000;
const record = (parts: Record<string, string>, kept = new Date()) =>
  encodeCodeRecord({ version: VERSION, type: "Fit", kept, parts: new Map(Object.entries(parts)) })!;
let looked: { readonly storage: MemoryStorage; seen: string[] } | undefined;
const Looking = task(import.meta, {
  name: "KeptLooking",
  codeVersion: "auto",
  run: async () => void looked!.seen.push(...await codeKeys(looked!.storage)),
});
const codeKeys = async (storage: MemoryStorage) => (await keysIn(storage)).filter(isCodeKey);

Deno.test("a run keeps the code of its types beside the results, once for each version", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial" });
  await lab.runTasks([Kept({ x: 1 }), Manual()]);
  const keys = await codeKeys(storage);
  assertEquals(keys, [codeKey((await lab.codeVersionOf(Kept))!)]);
  const code = await loadCode(storage, keys[0]!);
  assertEquals(code!.parts, (await lab.codeOf(Kept))!.parts);
  assertEquals([...code!.parts.keys()], ["_kept_tasks.ts Kept", "_kept_tasks.ts half"]);
  const before = await filesOf(storage, keys[0]!);
  await using other = quietLab({ storage, runner: "serial" });
  await other.runTasks([Kept({ x: 2 })]);
  assertEquals(await filesOf(storage, keys[0]!), before);
  assertEquals((await verifyStorage(storage)).problems, []);
});

Deno.test("it is there before the first task runs, so that it is whatever ends the program", async () => {
  const storage = new MemoryStorage();
  looked = { storage, seen: [] };
  await using lab = quietLab({ storage, runner: "serial" });
  await lab.runTask(Looking());
  assertEquals(looked.seen, [codeKey((await lab.codeVersionOf(Looking))!)]);
});

Deno.test("without records, or a key to sign by, none is kept; a storage that fails costs a warning", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial", records: false });
  await lab.runTasks([Kept({ x: 1 })]);
  assertEquals(await codeKeys(storage), []);
  const code: TaskCode = {
    ...{ version: VERSION, parts: new Map([["a.ts f", "1"]]), program: "" },
    ...{ sources: [], included: [], unseen: [] },
  };
  const warnings: string[] = [];
  const warn = (text: string) => void warnings.push(text);
  class Full extends MemoryStorage {
    override create(): never {
      throw new Error("The disk is full");
    }
  }
  const keeper = new CodeKeeper(() => Promise.resolve(code));
  await keeper.keep([Kept], { storage: new Full(), signing: undefined, warn });
  assertEquals(warnings.length, 1);
  assert(warnings[0]!.includes("(The disk is full)"), warnings[0]);
  const aborted = AbortSignal.abort(new Error("enough"));
  await keeper.keep([Kept], { storage: new Full(), signing: undefined, warn, signal: aborted });
  assertEquals(warnings.length, 1);
  await keeper.keep([Kept], { storage, signing: undefined, warn });
  assertEquals(await codeKeys(storage), [KEY]);
});

Deno.test("records are signed with the results, and those of strangers are not believed", async () => {
  const storage = new MemoryStorage();
  const { privateKey, publicKey } = await generateKey();
  await using lab = quietLab({ storage, runner: "serial", signing: { key: privateKey } });
  await lab.runTasks([Kept({ x: 1 })]);
  const [key] = await codeKeys(storage);
  const signing = lab.signing!;
  assert(await loadCode(storage, key!, { signing }));
  assertEquals((await verifyStorage(storage, { signing })).problems, []);
  await put(storage, KEY, [[CODE_FILE, record({ "a.ts f": "1" })]]);
  assert(await loadCode(storage, KEY));
  await using trusting = quietLab({ storage, signing: { trust: [publicKey] }, runner: "serial" });
  await trusting.isCached(Kept({ x: 1 })); // its keys are loaded
  assertEquals(await loadCode(storage, KEY, { signing: trusting.signing }), undefined);
});

Deno.test("what is no record of its version is not read, and verify tells of it", async () => {
  const storage = new MemoryStorage();
  const good = JSON.parse(new TextDecoder().decode(record({ "a.ts f": "1" })));
  const bytes = (json: unknown) => new TextEncoder().encode(JSON.stringify(json));
  const { code } = good;
  const bad = [
    new Uint8Array(),
    new Uint8Array(5 * 2 ** 20),
    bytes({ ...good, key: codeKey(VERSION.replaceAll("1", "2")) }),
    bytes({ ...good, code: { ...code, version: VERSION.replaceAll("1", "2") } }),
    bytes({ ...good, code: { ...code, format: 2 } }),
    bytes({ ...good, code: { ...code, kept: "never" } }),
    bytes({ ...good, code: { ...code, parts: { f: "1" } } }),
    bytes({ ...good, code: { ...code, parts: [["f", "1", "2"]] } }),
    bytes({ ...good, code: { ...code, parts: [["f".repeat(5000), "1"]] } }),
    new TextEncoder().encode(`{"key":${"[".repeat(50)}${"]".repeat(50)}}`),
  ];
  for (const [n, data] of bad.entries()) {
    await put(storage, KEY, [[CODE_FILE, data]]);
    assertEquals(await loadCode(storage, KEY), undefined, `case ${n}`);
    const { problems } = await verifyStorage(storage);
    assertEquals(problems.map(({ kind }) => kind), ["foreign"], `case ${n}`);
  }
  await put(storage, KEY, [["metadata.json", bytes({})]]);
  assertEquals(await loadCode(storage, KEY), undefined);
  await put(storage, KEY, [[CODE_FILE, bytes(good)]]);
  assertEquals((await verifyStorage(storage)).problems, []);
  const proto = new Map([["__proto__", "1"]]);
  const own = encodeCodeRecord({ version: VERSION, type: "Fit", kept: new Date(), parts: proto })!;
  assertEquals(decodeCodeRecord(own)!.code.parts, proto);
});

Deno.test("keys stand for versions that follow the code, and for nothing else", () => {
  assert(isCodeKey(KEY));
  for (
    const version of ["v1", "auto", "auto:", `${VERSION}0`, `auto:${"A".repeat(40)}`, "auto:../x"]
  ) {
    assertEquals(codeKey(version), undefined, version);
  }
  assert(!isCodeKey(`code__${"0".repeat(40)}`), "the key of a task whose type is named code");
});

Deno.test("gc removes the records of versions that no entry has any more, but for new ones", async () => {
  const storage = new MemoryStorage();
  await using lab = quietLab({ storage, runner: "serial" });
  await lab.runTasks([Kept({ x: 1 })]);
  const [inUse] = await codeKeys(storage);
  const age = async (days: number) => {
    await put(storage, KEY, [[CODE_FILE, record({}, new Date(Date.now() - days * DAY))]]);
  };
  const planned = async (criteria: Parameters<typeof collectGarbage>[1]) =>
    (await collectGarbage(storage, criteria)).entries.map(({ key }) => key);
  await age(0.5);
  assertEquals(await planned({ stale: [] }), []);
  await age(2);
  assertEquals(await planned({}), [], "entries are not looked at");
  assertEquals(await planned({ stale: [], types: ["Other"] }), []);
  assertEquals(await planned({ stale: [{ taskName: "Fit", codeVersion: VERSION }] }), []);
  const plan = await collectGarbage(storage, { stale: [] });
  assertEquals(plan.entries.map(({ key, task, reason }) => [key, task, reason]), [
    [KEY, "code of Fit", "stale"],
  ]);
  await age(3);
  assertEquals((await plan.carryOut()).spared, 1, "it is another one by now");
  const again = await collectGarbage(storage, { stale: [] });
  assertEquals((await again.carryOut()).entries, 1);
  assertEquals(await codeKeys(storage), [inUse]);
  // Results that go take their version out of use.
  const cheap = await planned({ downTo: 0, grace: 0 });
  assert(cheap.includes(inUse!), cheap.join());
});

Deno.test("parts that differ are changed, added, removed or moved", () => {
  const before = new Map([
    ["a.ts same", "1"],
    ["a.ts edited", "2"],
    ["a.ts moving", "3"],
    ["a.ts gone", "4"],
    ["npm:d3", "1.0.0 abc"],
    ["npm:below", "2.0.0 abc"],
  ]);
  const after = new Map([
    ["a.ts same", "1"],
    ["a.ts edited", "5"],
    ["b.ts moving", "3"],
    ["b.ts fresh\u001b[2J", "6"],
    ["npm:d3", "1.1.0 abd"],
    ["npm:below", "2.0.0 abd"],
  ]);
  const differences = partDifferences(before, after);
  assertEquals(differences.map(({ part, ...rest }) => [part.slice(0, 10), rest]), [
    ["a.ts edite", { change: "changed" }],
    ["npm:d3", { change: "changed", from: "1.0.0", to: "1.1.0" }],
    ["npm:below", { change: "changed" }],
    ["b.ts fresh", { change: "added" }],
    ["a.ts gone", { change: "removed" }],
    ["b.ts movin", { change: "moved", from: "a.ts moving" }],
  ]);
  assert(!JSON.stringify(differences).includes("\\u001b"));
});
