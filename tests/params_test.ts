import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { runInNewContext } from "node:vm";
import { TaskError } from "../errors.ts";
import { canonicalParams, mapTasks, MAX_BIGINT_DIGITS, MAX_PARAM_DEPTH } from "../params.ts";
import { type Task, task } from "../task.ts";

type AnyParams = { readonly [name: string]: unknown };

const Node = task(import.meta, { name: "Node", run: (_: AnyParams) => 0 });

const HOLDS =
  "params cannot hold; they hold null, booleans, numbers, bigints, strings, Dates, arrays, plain " +
  "objects and tasks";

/** The message with which params are refused, without the name of the type. */
function refusal(params: unknown): string {
  const error = assertThrows(() => Node(params as AnyParams), TaskError);
  assert(error.message.startsWith("Task type Node: "), error.message);
  assert(error.cause instanceof TaskError);
  return error.message.slice("Task type Node: ".length);
}

class Forest {}

Deno.test("a value that params cannot hold is refused, by path and type", () => {
  const values: [unknown, string][] = [
    [() => 1, "the function (anonymous)"],
    [function grow() {}, "the function grow"],
    [Forest, "the class Forest"],
    [class {}, "the class (anonymous)"],
    [Node, "the function Node"],
    [new Forest(), "an instance of class Forest"],
    [Symbol("leaf"), "a symbol (Symbol(leaf))"],
    [new Map(), "an instance of class Map"],
    [new Set(), "an instance of class Set"],
    [new WeakMap(), "an instance of class WeakMap"],
    [/x/, "an instance of class RegExp"],
    [new Error("x"), "an instance of class Error"],
    [new URL("https://deno.com"), "an instance of class URL"],
    [new Uint8Array(1), "an instance of class Uint8Array"],
    [new ArrayBuffer(1), "an instance of class ArrayBuffer"],
    [Promise.resolve(1), "an instance of class Promise"],
    [Temporal.Instant.from("2026-01-01T00:00Z"), "an instance of class Instant"],
    [Object(1), "an instance of class Number"],
    [Object("x"), "an instance of class String"],
    [Object(1n), "an instance of class BigInt"],
    [globalThis, "an instance of class Window"],
    [Math, "an object with symbol keys"],
    [{ [Symbol("leaf")]: 1 }, "an object with symbol keys"],
    [Object.create({ inherited: 1 }), "an object with a prototype of its own"],
    [new (class extends Array {})(), "an object with a prototype of its own"],
    [new (class Trees extends Array {})(), "an instance of class Trees"],
    [new (class Noon extends Date {})(0), "an instance of class Noon"],
    [Object.create(Date.prototype), "an instance of class Date"],
    [new Proxy(new Date(0), {}), "an instance of class Date"],
    [Object.create(Node({})), "an instance of class Task"],
    [new Proxy(Node({}), {}), "an instance of class Task"],
  ];
  for (const [value, words] of values) {
    assertEquals(refusal({ x: value }), `params.x is ${words}, which ${HOLDS}`);
  }
});

Deno.test("the path of what is refused is written as in code", () => {
  const at = (params: unknown) => refusal(params).split(" is ")[0];
  const f = () => 0;
  assertEquals(at({ grid: [0, 1, 2, { model: f }] }), "params.grid[3].model");
  assertEquals(at({ $a_1: { ü: f } }), 'params.$a_1["ü"]');
  assertEquals(at({ "a-b": [[f]] }), 'params["a-b"][0][0]');
  assertEquals(at({ "": f }), 'params[""]');
  assertEquals(at({ 'q"\n': f }), String.raw`params["q\"\n"]`);
  assertEquals(at({ 7: f }), 'params["7"]');
  assertEquals(
    at(JSON.parse('{"__proto__":{"a":[]}}', (k, v) => k === "a" ? f : v)),
    "params.__proto__.a",
  );
});

Deno.test("params themselves are a plain object", () => {
  const got = (params: unknown) =>
    refusal(params).replace("Expected params to be a plain object, got ", "");
  assertEquals(got(null), "null");
  assertEquals(got(1), "1");
  assertEquals(got("text"), '"text"');
  assertEquals(got([]), "an array");
  assertEquals(got(new Date()), "an instance of class Date");
  assertEquals(got(new Forest()), "an instance of class Forest");
  assertEquals(got(Node({})), "an instance of class Task");
  assertEquals(got(() => 0), "the function (anonymous)");
  assertEquals(Node().id, Node({}).id);
  assertEquals(Node(undefined).id, Node({}).id);
});

Deno.test("params are copied: what was given can change, the task does not", () => {
  const date = new Date(0);
  const given = { list: [1, { deep: [2] }], object: { a: 1 }, date };
  const made = Node(given);
  const { id } = made;
  (given.list[1] as { deep: number[] }).deep.push(3);
  given.list.push(4);
  given.object.a = 5;
  date.setTime(6);
  assertEquals(made.params, { list: [1, { deep: [2] }], object: { a: 1 }, date: new Date(0) });
  assertEquals(Node(made.params).id, id);
});

Deno.test("params are frozen at every depth, Dates too", () => {
  const { params } = Node({
    list: [[1], { a: 1 }],
    object: { b: {} },
    date: new Date(7),
    nested: [new Date(8)],
  });
  // deno-lint-ignore no-explicit-any
  const loose = params as any;
  for (
    const change of [
      () => loose.list = 1,
      () => loose.more = 1,
      () => delete loose.list,
      () => loose.list.push(1),
      () => loose.list[0].push(1),
      () => loose.list[0][0] = 2,
      () => loose.list.length = 0,
      () => loose.list[1].a = 2,
      () => loose.object.b.c = 1,
      () => loose.date.extra = 1,
      () => Object.setPrototypeOf(loose.object, {}),
    ]
  ) assertThrows(change, TypeError);
  const setters = Object.getOwnPropertyNames(Date.prototype).filter((name) =>
    name.startsWith("set")
  );
  assert(setters.length >= 15);
  for (const name of setters) {
    for (const date of [loose.date, loose.nested[0]]) {
      assertThrows(() => date[name](0), TypeError, "copy the Date before you change it");
    }
  }
  assertEquals([loose.date.getTime(), loose.nested[0].getTime()], [7, 8]);
});

Deno.test("a frozen Date is a Date in all else", () => {
  const { date } = Node({ date: new Date(7) }).params as { date: Date };
  assertEquals(date, new Date(7));
  assertEquals(structuredClone(date), new Date(7));
  assertEquals(JSON.stringify(date), JSON.stringify(new Date(7)));
  assertEquals(Object.keys(date), []);
  const copy = new Date(date);
  copy.setTime(9);
  assertEquals(copy.getTime(), 9);
  assertEquals(Node({ date }).id, Node({ date: new Date(7) }).id);
});

Deno.test("a Date's own methods cannot make it show another time", () => {
  const date = Object.assign(new Date(1), { getTime: () => 2, valueOf: () => 3 });
  const made = Node({ date });
  assertEquals(made.id, Node({ date: new Date(1) }).id);
  assertEquals(made.params.date, new Date(1));
});

Deno.test("getters are read once, and what they throw comes through", () => {
  let reads = 0;
  const made = Node({
    get x() {
      return ++reads;
    },
  });
  assertEquals([made.params.x, made.id, reads], [1, Node({ x: 1 }).id, 1]);
  assertEquals(Object.getOwnPropertyDescriptor(made.params, "x")?.value, 1);
  const bad = {
    get x(): number {
      throw new RangeError("not now");
    },
  };
  assertThrows(() => Node(bad), RangeError, "not now");
});

Deno.test("proxies of plain objects and arrays are read as what they show", () => {
  const made = Node(new Proxy({ list: new Proxy([1, 2], {}), o: new Proxy({ a: 1 }, {}) }, {}));
  assertEquals(made.params, { list: [1, 2], o: { a: 1 } });
  assertEquals(made.id, Node({ list: [1, 2], o: { a: 1 } }).id);
  let turn = 0;
  const unsteady = new Proxy([0, 0], {
    get: (list, key) => key === "1" ? ++turn : Reflect.get(list, key),
  });
  const { params, id } = Node({ unsteady });
  assertEquals(id, Node(params).id);
});

Deno.test("what is not enumerable or inherited is no param", () => {
  const params = Object.defineProperty({ a: 1 }, "hidden", { value: () => 0, enumerable: false });
  assertEquals(Node(params).id, Node({ a: 1 }).id);
});

Deno.test("undefined is absent as a property, and a value in an array", () => {
  const made = Node({ a: undefined, b: { c: undefined }, d: [undefined] });
  assertEquals(Object.keys(made.params), ["b", "d"]);
  assertEquals(Object.keys(made.params.b as object), []);
  assertEquals(made.params.d, [undefined]);
  assertEquals(made.id, Node({ b: {}, d: [undefined] }).id);
});

Deno.test("holes and properties of arrays besides the elements are refused", () => {
  // deno-lint-ignore no-sparse-arrays
  assertEquals(
    refusal({ x: [1, , 3] }),
    "params.x[1] is a hole in an array; put null or undefined there",
  );
  assertEquals(refusal({ x: new Array(2 ** 32 - 1) }).split(" is ")[0], "params.x[0]");
  const lost = (name: string) =>
    `params.x is an array with a property ${name} besides its elements, which would be lost; give ` +
    "both in a plain object";
  assertEquals(refusal({ x: Object.assign([1], { unit: "m" }) }), lost('"unit"'));
  assertEquals(
    refusal({ x: Object.assign([1], { [Symbol("unit")]: "m" }) }),
    lost("a symbol (Symbol(unit))"),
  );
  assertEquals(refusal({ x: /b/.exec("abc") }), lost('"index"'));
});

Deno.test("cycles are refused, equal parts are not", () => {
  const cyclic: Record<string, unknown> = { a: [{}] };
  (cyclic.a as unknown[]).push({ back: cyclic });
  assertEquals(
    refusal(cyclic),
    "params.a[1].back refers back to an object that holds it; params cannot be cyclic",
  );
  const list: unknown[] = [];
  list.push(list);
  assertEquals(
    refusal({ list }),
    "params.list[0] refers back to an array that holds it; params cannot be cyclic",
  );
  const shared = { a: [1] };
  assertEquals(
    Node({ x: shared, y: [shared, shared] }).id,
    Node({ x: { a: [1] }, y: [{ a: [1] }, { a: [1] }] }).id,
  );
});

Deno.test(`objects and arrays nest ${MAX_PARAM_DEPTH} deep, and no deeper`, () => {
  const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
    let value: unknown = 1;
    for (let i = 0; i < depth; i++) value = wrap(value);
    return value;
  };
  for (const wrap of [(x: unknown) => [x], (x: unknown) => ({ x })]) {
    Node({ x: nested(MAX_PARAM_DEPTH - 1, wrap) });
    const message = refusal({ x: nested(MAX_PARAM_DEPTH, wrap) });
    assert(message.endsWith(` is nested deeper than ${MAX_PARAM_DEPTH} levels`), message);
    refusal({ x: nested(1_000_000, wrap) });
  }
});

Deno.test("bigints have a greatest length, since reading longer ones back takes too long", () => {
  const longest = 10n ** BigInt(MAX_BIGINT_DIGITS - 1);
  Node({ x: longest });
  assertEquals(
    refusal({ x: [longest * 10n] }),
    "params.x[0] is a bigint of more than 100000 digits",
  );
});

Deno.test("objects without prototype and of other realms are plain objects", () => {
  const bare = Object.assign(Object.create(null), { a: Object.create(null) });
  assertEquals(Node(bare).id, Node({ a: {} }).id);
  assertStrictEquals(Object.getPrototypeOf(Node(bare).params.a), Object.prototype);
  const foreign = runInNewContext("({ a: [1, { b: null }] })");
  assertEquals(Node(foreign).params, { a: [1, { b: null }] });
  assertEquals(Node(foreign).id, Node({ a: [1, { b: null }] }).id);
  assertEquals(
    refusal({ x: runInNewContext("new Map()") }).slice(0, 34),
    "params.x is an instance of class M",
  );
});

Deno.test("exotic keys are keys like any other", () => {
  const params = JSON.parse(
    '{"__proto__":{"polluted":true},"constructor":1,"toString":2,"hasOwnProperty":3,"":4,"length":5,"10":6,"2":7}',
  );
  const made = Node(params);
  assertEquals(Object.keys(made.params), Object.keys(params));
  assertEquals(Object.hasOwn(made.params, "__proto__"), true);
  assertEquals(Object.getPrototypeOf(made.params), Object.prototype);
  assertEquals(({} as Record<string, unknown>).polluted, undefined);
  assertEquals((made.params as Record<string, unknown>).polluted, undefined);
});

Deno.test("huge arrays and texts are params too", () => {
  const numbers = Array.from({ length: 300_000 }, (_, i) => i);
  const made = Node({ numbers, text: "x".repeat(3_000_000) });
  assertEquals((made.params.numbers as number[]).length, 300_000);
  assertNotStrictEquals(made.params.numbers, numbers);
});

Deno.test("nested tasks are kept as they are, and found once each, in canonical order", () => {
  const [a, b, c] = [Node({ i: 1 }), Node({ i: 2 }), Node({ i: 3 })];
  const made = Node({ z: [a, { deep: b }], y: a, x: c, w: Node({ i: 1 }) });
  assertStrictEquals((made.params.z as Task[])[0], a);
  assertEquals(made.dependencies.map(({ id }) => id), [a.id, c.id, b.id]);
  assert(Object.isFrozen(made.dependencies));
  assertEquals(canonicalParams({ y: a, x: [c] }).dependencies as Task[], [c, a]);
  assertEquals(canonicalParams({ a: 1 }).dependencies, []);
});

Deno.test("replacing nested tasks copies only what holds them", () => {
  const [a, b] = [Node({ i: 1 }), Node({ i: 2 })];
  const { params } = Node({ plain: { list: [1, new Date(0)] }, tasks: [a, { a }], one: a });
  const mapped = mapTasks(params, () => b) as typeof params;
  assertStrictEquals(mapped.plain, params.plain);
  assertEquals(mapped.tasks, [b, { a: b }]);
  assertStrictEquals(mapped.one, b);
  assert(Object.isFrozen(mapped) && Object.isFrozen(mapped.tasks));
  assertStrictEquals(params.one, a);
  assertStrictEquals(mapTasks(params, (same) => same), params);
});
