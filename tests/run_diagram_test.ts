import { type Lab, LabError, type Task, task, TaskError } from "@labtech/lab";
import { buildRunDiagram } from "@labtech/lab/diagram";
import { MemoryStorage, type Storage } from "@labtech/lab/storages";
import { assert, assertEquals, assertRejects } from "@std/assert";
import { isRunKey } from "../runs/run_key.ts";
import { keysOf, save } from "../testing/_storage_scene.ts";
import { decoded, parse } from "./_in_mermaid.ts";
import { quietLab } from "./e2e/_lab.ts";

const Load = task(import.meta, { name: "DrawLoad", run: ({ n }: { n: number }) => n });
const Broken = task(import.meta, {
  name: "DrawBroken",
  run: ({ of }: { of: Task<number> }): number => {
    throw new Error(`no ${of.result}`);
  },
});
const Sum = task(import.meta, {
  name: "DrawSum",
  run: ({ of }: { of: Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
});
const Unkept = task(import.meta, { name: "DrawUnkept", cache: null, run: () => 1 });
const Any = task(import.meta, { name: "DrawAny", run: (_: Record<string, unknown>) => 1 });

function lab(storage: Storage | null): Lab {
  return quietLab({ storage, runner: "serial" });
}

Deno.test("a diagram of a run shows each task with its state, and what it depends on", async () => {
  await using it = lab(new MemoryStorage());
  const [one, two, three] = [1, 2, 3].map((n) => Load({ n })) as [Task<number>, ...Task<number>[]];
  await it.runTask(one);
  const broken = Broken({ of: one });
  const sum = Sum({ of: [broken, two!] });
  await assertRejects(() => it.runTasks([sum, Unkept({})]), LabError);
  const wanted = `flowchart BT
    n0["DrawSum(of=#91;DrawBroken(of=DrawLoad(…)), DrawLoad(n=2)#93;)<br/>skipped"]:::skipped
    n1["DrawUnkept()<br/>ran"]:::run
    n2["DrawLoad(n=3)<br/>not run"]:::none
    n3["DrawBroken(of=DrawLoad(n=1))<br/>failed"]:::failed
    n4["DrawLoad(n=2)<br/>ran"]:::run
    n5["DrawLoad(n=1)<br/>cached"]:::cached
    n3 --> n0
    n4 --> n0
    n5 --> n3
`;
  const drawn = await buildRunDiagram([sum, Unkept({}), three!], it);
  assertEquals(drawn.split("    classDef")[0], wanted);
  assertEquals(drawn.match(/classDef (\w+)/g)!.length, 5);

  // What is in the storage counts more than what a record says; what is not there did not come to stay.
  await it.uncacheTasks([two!]);
  await save(it.storage!, await it.keyOf(broken), await filesOf(it.storage!, await it.keyOf(one)));
  const later = await buildRunDiagram([sum], it, { direction: "LR" });
  assertEquals(later.split("\n")[0], "flowchart LR");
  assertEquals(stateOf(later, "DrawLoad(n=2)"), "none");
});

Deno.test("the latest record that names a task counts, and one of no use is passed over", async () => {
  const storage = new MemoryStorage();
  await using it = lab(storage);
  const one = Load({ n: 1 });
  await it.runTask(one);
  assertEquals(stateOf(await buildRunDiagram([one], it), "DrawLoad(n=1)"), "run");
  await new Promise((resolve) => setTimeout(resolve, 2));
  await it.runTasks([one, Load({ n: 2 })]);
  assertEquals(stateOf(await buildRunDiagram([one], it), "DrawLoad(n=1)"), "cached");
  for (const key of (await keysOf(storage)).filter(isRunKey)) {
    await save(storage, key, { "run.json": "{}" });
  }
  assertEquals(stateOf(await buildRunDiagram([one], it), "DrawLoad(n=1)"), "cached");
  await using nowhere = lab(null);
  assertEquals(stateOf(await buildRunDiagram([one], nowhere), "DrawLoad(n=1)"), "none");
});

Deno.test("no more is drawn than is asked for, or than Mermaid takes, and a box says so", async () => {
  await using it = lab(null);
  const many = Array.from({ length: 1000 }, (_, n) => Load({ n }));
  const counts = (text: string) => ({
    boxes: text.match(/^ {4}n\d+\[/gm)?.length ?? 0,
    arrows: text.match(/-->/g)?.length ?? 0,
    more: /more\["and (\d+) more tasks?"\]/.exec(text)?.[1],
  });
  const plain = await buildRunDiagram([Sum({ of: many })], it);
  assertEquals(counts(plain), { boxes: 200, arrows: 199, more: "801" });
  const few = await buildRunDiagram(many.slice(0, 3), it, { limit: 2 });
  assertEquals(counts(few), { boxes: 2, arrows: 0, more: "1" });
  const dense = Array.from({ length: 50 }, (_, n) => Any({ n, of: many.slice(0, 50) }));
  const arrows = await buildRunDiagram(dense, it, { limit: 1000 });
  assert(counts(arrows).arrows <= 500 && counts(arrows).boxes > 50);
  const long = many.map((_, n) => Any({ n, text: "“”".repeat(50) }));
  const wordy = await buildRunDiagram(long, it, { limit: 1000 });
  assert(wordy.length <= 50_000 && counts(wordy).boxes > 50, `${wordy.length} characters`);
});

Deno.test("what is no task, and options that make no sense, are refused", async () => {
  await using it = lab(new MemoryStorage());
  assertEquals(await buildRunDiagram([], it), "flowchart BT\n");
  await assertRejects(() => buildRunDiagram([7 as unknown as Task], it), TaskError, "got 7");
  await assertRejects(() => buildRunDiagram([], it, { direction: "up" as "BT" }), TypeError);
  await assertRejects(() => buildRunDiagram([], it, { limit: 0 }), TypeError);
  const signal = AbortSignal.abort(new Error("enough"));
  await assertRejects(() => buildRunDiagram([Load({ n: 1 })], it, { signal }), Error, "enough");
});

interface Found {
  readonly direction: string;
  readonly nodes: { id: string; text: string; classes: string[] }[];
  readonly edges: [string, string][];
  readonly styled: string[];
}

const ODD = [
  ...['"', "`x`", "**x**", "#35;", "&amp;", "<b>x</b>", "<script>", "a;b", "%%{init: {}}%%", "end"],
  ...[
    "]",
    '"]:::failed',
    "a\nb",
    "\u202e",
    "größe",
    "数",
    "😀",
    "\\",
    "{x}",
    "|x|",
    "$$x$$",
    "@{x}",
  ],
];
const run = await Deno.permissions.query({ name: "run", command: Deno.execPath() });
const skip = run.state !== "granted";
Deno.test({
  name: `Mermaid's parser reads what was drawn of a run${
    skip ? " (skipped: needs --allow-run)" : ""
  }`,
  ignore: skip,
  async fn() {
    await using it = lab(new MemoryStorage());
    const one = Load({ n: 1 });
    await it.runTask(one);
    await assertRejects(() => it.runTasks([Sum({ of: [Broken({ of: one })] })]), LabError);
    const given = [Sum({ of: [Broken({ of: one })] }), ...ODD.map((text) => Any({ text }))];
    const dense = Array.from({ length: 50 }, (_, n) => Any({ n, of: ODD.map((t) => Any({ t })) }));
    const texts = [await buildRunDiagram(given, it), await buildRunDiagram(dense, it)];
    const found = await parse<Found>(texts);
    if (found === undefined) return;
    const [drawn, full] = found as [Found, Found];
    assertEquals(drawn.direction, "BT");
    assertEquals(drawn.nodes.length, given.length + 2);
    const words = drawn.nodes.map(({ text }) => decoded(text));
    assertEquals(words[0], "DrawSum(of=[DrawBroken(of=DrawLoad(…))])<br/>skipped");
    assert(words.includes('DrawAny(text="#35;")<br/>not run'), words.join("\n"));
    assertEquals(drawn.nodes.map(({ classes }) => classes).slice(0, 2), [["skipped"], ["none"]]);
    const ids = new Map(drawn.nodes.map(({ id, text }) => [decoded(text).split("(")[0], id]));
    const [sum, broken, load] = ["DrawSum", "DrawBroken", "DrawLoad"].map((name) => ids.get(name)!);
    assertEquals(drawn.edges, [[broken, sum], [load, broken]] as [string, string][]);
    assertEquals(drawn.styled.sort(), ["cached", "failed", "none", "skipped"]);
    assert(full.edges.length > 300);
  },
});

function stateOf(diagram: string, task: string): string | undefined {
  const line = diagram.split("\n").find((each) => each.includes(`["${task}<br/>`));
  return line?.split(":::")[1];
}

async function filesOf(storage: Storage, key: string): Promise<Record<string, Uint8Array>> {
  const entry = (await storage.open(key))!;
  const files = await Promise.all(
    [...entry.files.keys()].map(async (file) => [file, await entry.read(file)]),
  );
  return Object.fromEntries(files);
}
