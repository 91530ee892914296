import { type Lab, type Task, task } from "@labtech/lab";
import type { Storage } from "@labtech/lab/storages";
import type { Random } from "../faults/_random.ts";
import { filesOf, put } from "../_signed_entries.ts";

interface NodeParams {
  readonly n: number;
  readonly of: readonly Task<number>[];
}

const run = ({ n, of }: NodeParams) => of.reduce((sum, { result }) => sum + result, n);

/** Kinds of types: with the Lab's cache, another one, none. */
const KINDS = {
  Kept: {},
  Json: { cache: "json" },
  Unkept: { cache: null },
  Few: { maxParallel: 1 },
};

/** Types of nodes of graphs, with code versions. Without a module they may be defined again. */
export type NodeTypes = Readonly<
  Record<keyof typeof KINDS, (params: NodeParams) => Task<number, NodeParams>>
>;

/** Defines the types; each of some code version, or none. */
export function nodeTypes(random: Random): NodeTypes {
  const types = Object.entries(KINDS).map(([name, more]) => {
    const codeVersion = ["v1", "v2", undefined][random.below(3)];
    return [name, task(null, { name: `Planned${name}`, ...more, codeVersion, run })];
  });
  return Object.fromEntries(types);
}

/** The shape of a graph: of what kind each node is, and what it depends on. */
export type Shape = readonly { readonly kind: keyof NodeTypes; readonly of: readonly number[] }[];

/** A shape at random. */
export function shapeOf(random: Random, size: number): Shape {
  return Array.from({ length: size }, (_, n) => ({
    kind: random.pick(Object.keys(KINDS) as (keyof NodeTypes)[], 1)[0]!,
    of: n === 0 ? [] : [...new Set(Array.from({ length: random.below(4) }, () => random.below(n)))],
  }));
}

/** The tasks of a graph. */
export function nodesOf(shape: Shape, types: NodeTypes): Task<number>[] {
  const nodes: Task<number>[] = [];
  for (const [n, { kind, of }] of shape.entries()) {
    nodes.push(types[kind]({ n, of: of.map((at) => nodes[at]!) }));
  }
  return nodes;
}

/** Ways to spoil an entry: it goes, its metadata or its result is changed, another one's is put there. */
export type Damage = "removed" | "metadata" | "result" | "swapped";

/** Spoils the entry of a task, if there is one. */
export async function spoil(
  lab: Lab,
  storage: Storage,
  task: Task,
  how: Damage,
  other: Task,
): Promise<void> {
  const key = await lab.keyOf(task);
  if (!await storage.exists(key)) return;
  if (how === "removed") return void await storage.delete(key);
  const from = how === "swapped" ? await lab.keyOf(other) : key;
  if (!await storage.exists(from)) return;
  const files = await filesOf(storage, from);
  if (how === "swapped") return await put(storage, key, files);
  const name = [...files.keys()].find((name) => name.startsWith(how))!;
  files.get(name)![files.get(name)!.length >> 1]! ^= 255;
  await put(storage, key, files);
}

/** What a run did: how many ran and were loaded, and, where the run left a record, their ids. */
export async function doneBy(
  lab: Lab,
  tasks: readonly Task[],
  options: { readonly bustCache?: boolean },
): Promise<{ readonly counts: number[]; readonly named?: Record<"run" | "load", string[]> }> {
  const before = new Set((await lab.runs()).map(({ key }) => key));
  const { summary } = await lab.runTasks(tasks, options);
  const record = (await lab.runs()).find(({ key }) => !before.has(key));
  const named = await (await record?.load())?.tasks();
  const inState = (state: string) =>
    named!.filter((each) => each.state === state).map(({ id }) => id).sort();
  return {
    counts: [summary.run, summary.cached],
    ...(named && { named: { run: inState("run"), load: inState("cached") } }),
  };
}
