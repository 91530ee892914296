import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { SerializationError, TaskError } from "../errors.ts";
import { canonicalParams, TaskNode } from "../params.ts";
import {
  keyDigest,
  nestedIds,
  paramsFromJson,
  resultKey,
  taskFromJson,
  type TaskTableJson,
  taskTableToJson,
  taskToJson,
} from "../serialize.ts";
import { createTask, findTaskType, type Task, task } from "../task.ts";
import { summarize } from "../summary.ts";
import { CASES, Plain } from "./_id_cases.ts";
import { paramValues, same, SEED, shuffled } from "./_random_params.ts";

type AnyParams = { readonly [name: string]: unknown };

const Other = task(import.meta, { name: "Other", codeVersion: "v1", run: (_: AnyParams) => 0 });

function make(name: string, codeVersion: string | undefined, params: object): Task | undefined {
  const type = findTaskType(name);
  return type && createTask(type, params, codeVersion);
}

function throughText(table: TaskTableJson): TaskTableJson {
  return JSON.parse(JSON.stringify(table));
}

const anyTask = fc.dictionary(
  fc.string(),
  paramValues((params) => Object.keys(params).length % 2 ? Other(params) : Plain(params)),
  { maxKeys: 4 },
).map((params) => Plain(params));

Deno.test("a task written as JSON text and rebuilt is the same", () => {
  const check = (original: Task) => {
    const rebuilt = taskFromJson(throughText(taskTableToJson(original)), make)!;
    assertEquals(rebuilt.id, original.id);
    assert(same(rebuilt, original));
    assertEquals(resultKey("", rebuilt), resultKey("", original));
    assertEquals(Object.keys(rebuilt.params), Object.keys(original.params));
  };
  for (const make of Object.values(CASES)) check(make());
  fc.assert(fc.property(anyTask, check), { ...SEED, numRuns: 2000 });
});

Deno.test("params are equal exactly when ids are", () => {
  const values = paramValues((params) => Plain(params));
  fc.assert(
    fc.property(values, values, (a, b) => {
      const equal = same({ x: a }, { x: b });
      assertEquals(Plain({ x: a }).id === Plain({ x: b }).id, equal);
    }),
    { ...SEED, numRuns: 3000 },
  );
  const seen = new Map<string, unknown>();
  for (const value of fc.sample(values, { ...SEED, numRuns: 5000 })) {
    const { id } = Plain({ x: value });
    if (seen.has(id)) assert(same({ x: seen.get(id) }, { x: value }), id);
    else seen.set(id, value);
  }
  console.log(`${seen.size} of 5000 values are distinct`);
});

Deno.test("equal params in another order and built anew give the same id and key", () => {
  const values = paramValues((params) => Plain(params));
  fc.assert(
    fc.property(values, (value) => {
      const [one, other] = [Plain({ x: value }), Plain(shuffled({ x: value }) as AnyParams)];
      assertEquals(other.id, one.id);
      assertEquals(resultKey("", other), resultKey("", one));
      assertEquals(canonicalParams(one.params).text, canonicalParams(other.params).text);
    }),
    { ...SEED, numRuns: 1000 },
  );
});

Deno.test("no two distinct values have one canonical text", () => {
  const texts = new Map<string, unknown>();
  const values = fc.sample(paramValues((params) => Plain(params)), { ...SEED, numRuns: 5000 });
  for (const value of values) {
    const { text } = canonicalParams({ x: value });
    if (texts.has(text)) assert(same({ x: texts.get(text) }, { x: value }), text);
    texts.set(text, value);
  }
});

Deno.test("a table holds each task once, however often it is nested", () => {
  const leaf = Plain({ i: 1 });
  const top = Plain({ a: leaf, b: [Other({ leaf }), Plain({ i: 1 })], c: { leaf } });
  const table = taskTableToJson(top);
  assertEquals(Object.keys(table.tasks).length, 3);
  assertEquals(table.tasks[leaf.id], { name: "Plain", params: { i: 1 } });
  const other = table.tasks[Other({ leaf }).id];
  assertEquals(other, { name: "Other", codeVersion: "v1", params: { leaf: { $task: leaf.id } } });
  const rebuilt = taskFromJson(throughText(table), make)!;
  const { a, c } = rebuilt.params as { a: Task; c: { leaf: Task } };
  assertStrictEquals(a, c.leaf);
});

Deno.test("a rebuilt task keeps the code version that it was written with", () => {
  const old = createTask(Other, { n: 1 }, "v0");
  const rebuilt = taskFromJson(throughText(taskTableToJson(Plain({ old }))), make)!;
  assertEquals(rebuilt.dependencies[0]!.codeVersion, "v0");
  assertEquals(taskToJson(createTask(Other, {}, undefined)), { name: "Other", params: {} });
});

Deno.test("a task of a type that is not known cannot be rebuilt, nor what it is nested in", () => {
  const table = throughText(taskTableToJson(Plain({ of: [Plain({ of: Other({ n: 1 }) })] })));
  const known = new Set<string>();
  const rebuilt = taskFromJson(table, (name, version, params) => {
    if (name === "Other") return undefined;
    known.add(name);
    return make(name, version, params);
  });
  assertEquals(rebuilt, undefined);
  assertEquals(known.size, 0);
});

Deno.test("a malformed table is refused", () => {
  const leaf = Plain({ i: 1 });
  const top = Plain({ leaf });
  const good = throughText(taskTableToJson(top));
  const spoilt = (id: string, entry: unknown): unknown => ({
    id: top.id,
    tasks: { ...good.tasks, [id]: entry },
  });
  const leafJson = { name: "Plain", params: { i: 1 } };
  const cases: [unknown, string][] = [
    [
      { id: top.id, tasks: { [top.id]: good.tasks[top.id] } },
      `Task ${leaf.id} is missing from its table`,
    ],
    [{ id: "toString", tasks: {} }, "Task toString is missing"],
    [{ id: top.id, tasks: [] }, "is missing from its table, or malformed"],
    [{ id: top.id }, "is missing from its table, or malformed"],
    [{ tasks: good.tasks }, "is missing from its table, or malformed"],
    [spoilt(leaf.id, null), "is missing from its table, or malformed"],
    [spoilt(leaf.id, { ...leafJson, name: 1 }), "is missing from its table, or malformed"],
    [spoilt(leaf.id, { ...leafJson, params: [] }), "is missing from its table, or malformed"],
    [spoilt(leaf.id, { ...leafJson, params: null }), "is missing from its table, or malformed"],
    [spoilt(leaf.id, { ...leafJson, codeVersion: 1 }), "is missing from its table, or malformed"],
    [
      spoilt(leaf.id, { ...leafJson, params: { i: 2 } }),
      "does not have the params that its id stands for",
    ],
    [
      spoilt(leaf.id, { ...leafJson, name: "Other" }),
      "does not have the params that its id stands for",
    ],
    [
      spoilt(leaf.id, { ...leafJson, params: { of: { $task: leaf.id } } }),
      `Task ${leaf.id} depends on itself`,
    ],
    [spoilt(leaf.id, { ...leafJson, params: { of: { $task: top.id } } }), "depends on itself"],
    [
      spoilt(leaf.id, { ...leafJson, params: { x: { $date: "now" } } }),
      'Params hold an unknown $date: "now"',
    ],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $bigint: "1.5" } } }), "unknown $bigint"],
    [
      spoilt(leaf.id, { ...leafJson, params: { x: { $bigint: "9".repeat(100_001) } } }),
      "unknown $bigint",
    ],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $bigint: 1 } } }), "unknown $bigint"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $number: "1" } } }), "unknown $number"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $number: "__proto__" } } }), "unknown $number"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $number: "toString" } } }), "unknown $number"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $task: 1 } } }), "unknown $task"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $: 1 } } }), "unknown $: 1"],
    [spoilt(leaf.id, { ...leafJson, params: { x: { $map: [] } } }), "unknown $map"],
  ];
  for (const [table, message] of cases) {
    assertThrows(() => taskFromJson(table as TaskTableJson, make), SerializationError, message);
  }
});

Deno.test("params in JSON that stand for no plain object make no task", () => {
  for (const params of [{ $date: 0 }, { $undefined: true }, { $number: "NaN" }]) {
    const table = { id: "Plain__x", tasks: { Plain__x: { name: "Plain", params } } };
    assertThrows(() => taskFromJson(table, make), Error);
  }
});

Deno.test("JSON nested too deep is refused before it fills the stack", () => {
  let deep: unknown = 1;
  for (let i = 0; i < 100_000; i++) deep = [deep];
  assertThrows(() => paramsFromJson({ deep }, () => undefined), SerializationError, "too deep");
  assertEquals(nestedIds({ deep }), new Set());
});

Deno.test("params nested as deep as they may be are rebuilt", () => {
  for (const leaf of [1, 1n, new Date(0), NaN, Other({ n: 1 })]) {
    let value: unknown = leaf;
    for (let i = 0; i < 127; i++) value = { of: [value] };
    const original = Plain({ value: [value] });
    assertThrows(() => Plain({ value: [[value]] }), TaskError, "deeper");
    assertEquals(taskFromJson(throughText(taskTableToJson(original)), make)?.id, original.id);
  }
});

Deno.test("stored params cannot reach a prototype", () => {
  const table = throughText(taskTableToJson(CASES["__proto__ within"]!()));
  const { x } = taskFromJson(table, make)!.params as { x: { a?: unknown } };
  assertEquals(Object.getPrototypeOf(x), Object.prototype);
  assertEquals(x.a, undefined);
});

/** A task that counts how often its params and dependencies are looked at. */
class CountingNode extends TaskNode {
  static looks = 0;
  readonly taskName = "Counting";
  readonly codeVersion = undefined;
  readonly id: string;
  readonly #params: object;
  readonly #dependencies: readonly TaskNode[];

  constructor(i: number, dependencies: readonly TaskNode[]) {
    super();
    this.id = `Counting__${i}`;
    this.#dependencies = dependencies;
    this.#params = { i, left: dependencies[0], right: dependencies[1] ?? dependencies[0] };
  }

  get params(): object {
    CountingNode.looks++;
    return this.#params;
  }

  get dependencies(): readonly TaskNode[] {
    CountingNode.looks++;
    return this.#dependencies;
  }
}

function looks(work: () => unknown): number {
  CountingNode.looks = 0;
  work();
  return CountingNode.looks;
}

/** `depth` floors of two tasks, each over both of the floor below. */
function diamonds(depth: number): CountingNode {
  let [left, right]: CountingNode[] = [];
  for (let i = 0; i < depth; i++) {
    const below: CountingNode[] = left && right ? [left, right] : [];
    [left, right] = [new CountingNode(2 * i, below), new CountingNode(2 * i + 1, below)];
  }
  return left!;
}

Deno.test("keys, tables and words take steps in proportion to the tasks of a diamond graph", () => {
  for (const depth of [10, 1000]) {
    const top = diamonds(depth);
    const tasks = 2 * depth - 1;
    const inKey = looks(() => keyDigest(top, new WeakMap()));
    assert(inKey <= 4 * tasks, `${inKey} looks for a key over ${tasks} tasks`);
    const inTable = looks(() => taskTableToJson(top));
    assert(inTable <= 2 * tasks, `${inTable} looks for a table of ${tasks} tasks`);
    const inWords = looks(() => summarize(top));
    assert(inWords < 50);
  }
});

Deno.test("a memo of digests is used, so that the next task costs one step", () => {
  const top = diamonds(1000);
  const memo = new WeakMap<TaskNode, string>();
  keyDigest(top, memo);
  assertEquals(looks(() => keyDigest(top, memo)), 0);
  assert(looks(() => keyDigest(new CountingNode(-1, [top]), memo)) <= 3);
  assertEquals(keyDigest(top, new WeakMap()), keyDigest(top, memo));
});

Deno.test("ids are made from own params alone: the text does not grow with the graph", () => {
  let top: Task = Plain({ i: 0 });
  for (let i = 1; i <= 1000; i++) top = Plain({ i, left: top, right: Plain({ of: top }) });
  assert(canonicalParams(top.params).text.length < 200);
  assert(JSON.stringify(taskToJson(top)).length < 250);
});

Deno.test("rebuilding makes each task once, with steps in proportion to the graph", () => {
  let top: Task = Plain({ i: 0 });
  for (let i = 1; i <= 1000; i++) top = Plain({ i, left: top, right: Other({ of: top }) });
  const { id, tasks } = throughText(taskTableToJson(top));
  let reads = 0;
  const counted = new Proxy(tasks, {
    get(target, key) {
      reads++;
      return Reflect.get(target, key);
    },
  });
  let made = 0;
  const rebuilt = taskFromJson({ id, tasks: counted }, (...parts) => {
    made++;
    return make(...parts);
  });
  assertEquals(rebuilt?.id, id);
  assertEquals(made, 2001);
  assert(reads <= 2 * 2001, `${reads} reads`);
});

Deno.test("a chain of 100,000 tasks is made, keyed, written, rebuilt and shown", () => {
  let top: Task = Plain({ i: 0 });
  for (let i = 1; i <= 100_000; i++) top = Plain({ of: top });
  const key = resultKey("", top);
  const table = throughText(taskTableToJson(top));
  assertEquals(Object.keys(table.tasks).length, 100_001);
  const rebuilt = taskFromJson(table, make)!;
  assertEquals(rebuilt.id, top.id);
  assertEquals(resultKey("", rebuilt), key);
  assertEquals(String(rebuilt), "Plain(of=Plain(of=Plain(of=Plain(…))))");
});

Deno.test("a task over 150,000 others is made, keyed, written, rebuilt and shown", () => {
  const top = Plain({ of: Array.from({ length: 150_000 }, (_, i) => Plain({ i })) });
  assertEquals(top.dependencies.length, 150_000);
  const rebuilt = taskFromJson(throughText(taskTableToJson(top)), make)!;
  assertEquals(rebuilt.id, top.id);
  assertEquals(resultKey("", rebuilt), resultKey("", top));
  assertEquals(String(rebuilt).length, 200);
});
