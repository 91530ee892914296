import { assert, assertEquals } from "@std/assert";
import { type Lab, LabError, type Runner, type Task, type TaskResults } from "@labtech/lab";
import { AsyncRunner, SerialRunner, WorkersRunner } from "@labtech/lab/runners";
import type { Storage } from "@labtech/lab/storages";
import { quietLab } from "./_lab.ts";
import { linesOf, scratch } from "./_scratch.ts";
import { FreshNode, GraphNode } from "./tasks/random.ts";

/** Numbers that look random, and are the same in each run of the tests. */
function generator(seed: number): (below: number) => number {
  let state = seed * 2_654_435_761 >>> 0;
  return (below) => {
    state = state + 0x6d2b79f5 >>> 0;
    let t = Math.imul(state ^ state >>> 15, state | 1);
    t ^= t + Math.imul(t ^ t >>> 7, t | 61);
    return (t ^ t >>> 14) >>> 0 > 0 ? ((t ^ t >>> 14) >>> 0) % below : 0;
  };
}

interface Graph {
  readonly nodes: readonly Task<number>[];
  readonly edges: readonly (readonly number[])[];
  readonly kept: readonly boolean[];
}

function graphOf(random: (below: number) => number, size: number): Graph {
  const nodes: Task<number>[] = [];
  const edges: number[][] = [];
  const kept: boolean[] = [];
  for (let n = 0; n < size; n++) {
    const below = n === 0 ? [] : Array.from({ length: random(4) }, () => random(n));
    edges.push([...new Set(below)]);
    kept.push(random(4) > 0);
    const type = kept[n] ? GraphNode : FreshNode;
    nodes.push(type({ n, of: edges[n]!.map((at) => nodes[at]!) }));
  }
  return { nodes, edges, kept };
}

/** What each node gives; `undefined` when it, or what it needs, fails. */
function expected({ edges }: Graph, failing: readonly number[]): (number | undefined)[] {
  const values: (number | undefined)[] = [];
  for (const [n, below] of edges.entries()) {
    let value: number | undefined = failing.includes(n) ? undefined : n + 1;
    for (const at of below) {
      const other = values[at];
      value = value === undefined || other === undefined
        ? undefined
        : (value * 31 + other) % 1_000_003;
    }
    values.push(value);
  }
  return values;
}

async function damage(storage: Storage, key: string, how: number): Promise<void> {
  if (how === 0) return void await storage.delete(key);
  const entry = await storage.open(key);
  if (entry === undefined) return;
  await using draft = await storage.create(key);
  for (const file of entry.files.keys()) {
    const data = await entry.read(file);
    if (file.startsWith(how === 1 ? "result" : "metadata")) data[data.length >> 1]! ^= 255;
    await draft.write(file, data);
  }
  await draft.commit();
}

/** Runs some nodes, and checks every result. */
async function play(
  lab: Lab,
  graph: Graph,
  wanted: readonly number[],
  failing: readonly number[],
): Promise<void> {
  const tasks = wanted.map((n) => graph.nodes[n]!);
  const values = expected(graph, failing);
  let error: LabError | undefined;
  const results: TaskResults = await lab.runTasks(tasks).catch((thrown) => {
    if (!(thrown instanceof LabError)) throw thrown;
    error = thrown;
    return thrown.results!;
  });
  for (const n of wanted) {
    const task = graph.nodes[n]!;
    if (results.has(task)) {
      // What failed may be there from before.
      assertEquals(results.get(task), expected(graph, [])[n]);
    } else {assertEquals(
        values[n],
        undefined,
        `node ${n} is missing, though it can be made: ${error}`,
      );}
  }
  const told = new Set(
    [...error?.failures.keys() ?? [], ...error?.skipped.keys() ?? []].map(({ id }) => id),
  );
  for (const n of wanted) {
    const task = graph.nodes[n]!;
    assert(results.has(task) !== told.has(task.id), `what became of node ${n}?`);
  }
  const { tasks: all, run, cached, failed, skipped } = results.summary;
  assertEquals(all, run + cached + failed + skipped);
  assertEquals([failed, skipped], [error?.failures.size ?? 0, error?.skipped.size ?? 0]);
  for (const [task, cause] of error?.skipped ?? []) {
    assert(cause !== undefined && error!.failures.has(cause), `${task} has no root cause`);
  }
}

async function playAll(runner: Runner, seed: number) {
  await using place = await scratch();
  const random = generator(seed);
  const graph = graphOf(random, 25);
  const some = (count: number) => Array.from({ length: random(count) + 1 }, () => random(25));
  await using first = quietLab({
    runner: "serial",
    storage: seed % 3 === 0 ? place.path("results") : { type: "memory" },
  });
  const storage = first.storage!;
  for (let round = 0; round < 4; round++) {
    const trace = place.path(`trace-${round}`);
    const failing = random(2) ? [] : some(2);
    await using lab = quietLab({
      runner,
      maxWorkers: 1 + random(4),
      storage,
      context: { trace, failing },
    });
    const wanted = some(6);
    await play(lab, graph, wanted, failing);
    // What is not kept is made again where a lost result turns out to need it.
    const ran = linesOf(trace).map(Number).filter((n) => graph.kept[n]);
    assertEquals(ran.length, new Set(ran).size, `one ran twice in round ${round}: ${ran}`);
    for (const n of some(12)) {
      await damage(storage, await lab.keyOf(graph.nodes[n]!), random(3));
    }
  }
}

for (
  const { name, runner, seeds } of [
    { name: "serial", runner: new SerialRunner(), seeds: 50 },
    { name: "async", runner: new AsyncRunner(), seeds: 50 },
    { name: "workers", runner: new WorkersRunner(), seeds: 15 },
  ]
) {
  Deno.test(`${name}: random graphs, with failures and damage between runs, give what they should`, async () => {
    await using _ = runner;
    // The first ones, and those that once found something.
    for (const seed of [...Array(seeds).keys(), 61, 86, 345]) {
      try {
        await playAll(runner, seed);
      } catch (cause) {
        throw new Error(`seed ${seed}`, { cause });
      }
    }
  });
}
