import {
  assert,
  assertEquals,
  assertNotStrictEquals,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import { z } from "zod";
import { JsonCache } from "../caches/mod.ts";
import { TaskError } from "../errors.ts";
import type { StandardResult, StandardSchema } from "../plugin.ts";
import {
  bindResults,
  createTask,
  definitionOf,
  findTaskType,
  isTask,
  isTaskType,
  keepResult,
  type Task,
  task,
  type TaskResult,
  taskTypeNames,
} from "../task.ts";

const Square = task(import.meta, {
  name: "Square",
  run: ({ base }: { base: number }) => base ** 2,
});
const Scaled = task(import.meta, {
  name: "Scaled",
  codeVersion: "v2",
  maxParallel: 4,
  cache: "json",
  run: ({ square, by }: { square: Task<number>; by: number }) => square.result * by,
});

let count = 0;
/** A name that no other type has. */
function fresh(): string {
  return `Type${++count}`;
}

/** The message with which a definition is refused. */
function refusal(definition: unknown, meta: unknown = import.meta): string {
  const before = taskTypeNames();
  const error = assertThrows(() => task(meta as ImportMeta, definition as never), TaskError);
  assertEquals(taskTypeNames(), before, "nothing is registered");
  return error.message;
}

const meta = { start: new Date(0), duration: 1 };

Deno.test("a task type tells what it was defined with, and cannot be changed", () => {
  const { taskName, codeVersion, cache, maxParallel, module, name } = Scaled;
  assertEquals([taskName, codeVersion, cache, maxParallel, name], [
    "Scaled",
    "v2",
    "json",
    4,
    "Scaled",
  ]);
  assertEquals(module, import.meta.url);
  assertEquals(
    [Square.codeVersion, Square.cache, Square.maxParallel],
    [undefined, undefined, Infinity],
  );
  assertThrows(() => (Square as { codeVersion?: string }).codeVersion = "v9", TypeError);
  assertEquals(definitionOf(Scaled).name, "Scaled");
});

Deno.test("a task tells its type, params, id, version and the tasks nested in it", () => {
  const square = Square({ base: 42 });
  const scaled = Scaled({ square, by: 2 });
  assertEquals(scaled.params, { square, by: 2 });
  assertEquals([scaled.taskName, scaled.codeVersion], ["Scaled", "v2"]);
  assertEquals(scaled.dependencies, [square]);
  assertStrictEquals(scaled.type as unknown, Scaled);
  assertEquals(String(scaled), "Scaled(square=Square(base=42), by=2)");
  assertEquals(scaled.id, Scaled({ by: 2, square: Square({ base: 42 }) }).id);
});

Deno.test("the code version is that of the type, and no part of the id", () => {
  const old = createTask(Scaled, { by: 2 }, "v1");
  const now = createTask(Scaled, { by: 2 }, Scaled.codeVersion);
  assertEquals([old.codeVersion, now.codeVersion], ["v1", "v2"]);
  assertEquals(old.id, now.id);
});

Deno.test("tasks and task types are told from what looks like them", () => {
  const square = Square({ base: 1 });
  assert(isTask(square) && isTaskType(Square));
  for (
    const other of [
      undefined,
      null,
      1,
      "Square",
      {},
      Square,
      Object.create(square),
      new Proxy(square, {}),
      { ...square },
    ]
  ) assert(!isTask(other));
  for (
    const other of [
      undefined,
      null,
      square,
      () => square,
      Object.assign(() => 0, { taskName: "Square" }),
    ]
  ) {
    assert(!isTaskType(other));
  }
});

Deno.test("types are found by name", () => {
  assertStrictEquals(findTaskType("Square") as unknown, Square);
  assert(taskTypeNames().includes("Scaled"));
  assertEquals(findTaskType("toString"), undefined);
  assertEquals(findTaskType("Nobody"), undefined);
});

Deno.test("a result that is not in memory is not to be had, and the error tells where it is", () => {
  const square = Square({ base: 1 });
  for (const read of [() => square.result, () => square.resultMeta]) {
    assertThrows(
      read,
      TaskError,
      "The result of Square(base=1) is not in memory; get it from lab.runTask(task), or, within run, " +
        "only from tasks in your own params",
    );
  }
  keepResult(square, { value: undefined, meta });
  assertEquals([square.result, square.resultMeta], [undefined, meta]);
  keepResult(square, undefined);
  assertThrows(() => square.result, TaskError);
});

Deno.test("results are bound to a copy of a task, at every depth of its params; it stays free of them", () => {
  const [one, two] = [Square({ base: 1 }), Square({ base: 2 })];
  const Many = task(import.meta, { name: fresh(), run: (_: { of: unknown; also: unknown }) => 0 });
  const many = Many({ of: [one, { deep: [two, Square({ base: 1 })] }], also: [1] });
  const results = new Map<string, TaskResult>([[one.id, { value: 1, meta }], [two.id, {
    value: 4,
    meta,
  }]]);
  const bound = bindResults(many, results);
  const { of, also } = bound.params as { of: [Task, { deep: [Task, Task] }]; also: unknown };
  assertEquals([of[0].result, of[1].deep[0].result, of[1].deep[1].result], [1, 4, 1]);
  assertStrictEquals(of[0], of[1].deep[1], "equal tasks are one");
  assertStrictEquals(also, many.params.also);
  assertEquals([bound.id, bound.codeVersion, String(bound)], [
    many.id,
    many.codeVersion,
    String(many),
  ]);
  assertNotStrictEquals(bound, many);
  assertThrows(() => one.result, TaskError);
  assertStrictEquals(bindResults(one, results), one, "nothing to bind");
  const partly = bindResults(many, new Map([[one.id, { value: 1, meta }]]));
  const { of: [, { deep }] } = partly.params as { of: [Task, { deep: [Task, Task] }] };
  assertThrows(() => deep[0].result, TaskError);
});

Deno.test("a name has 1 to 64 letters, digits, underscores and hyphens", () => {
  const run = () => 0;
  for (
    const [name, shown] of [
      ["", '""'],
      ["a b", '"a b"'],
      ["a.b", '"a.b"'],
      ["a/b", '"a/b"'],
      ["größe", '"größe"'],
      ["name\n", String.raw`"name\n"`],
      ["x".repeat(65), `"${"x".repeat(40)}"…`],
      [undefined, "undefined"],
      [5, "5"],
      [Symbol("s"), "a symbol (Symbol(s))"],
    ] as const
  ) {
    assertEquals(
      refusal({ name, run }),
      `Expected a task name of 1 to 64 letters, digits, "_" and "-", got ${shown}`,
    );
  }
  for (const name of ["x".repeat(64), "-", "_", "0", "a__b", "constructor", "__proto__"]) {
    assertEquals(task(import.meta, { name, run }).taskName, name);
  }
});

Deno.test("a definition is a plain object", () => {
  const expected = "Expected task(import.meta, { name, run, … }), got ";
  for (
    const [definition, shown] of [
      [undefined, "undefined"],
      [null, "null"],
      ["Square", '"Square"'],
      [() => 0, "the function (anonymous)"],
      [[], "an array"],
      [new Map(), "an instance of class Map"],
    ]
  ) assertEquals(refusal(definition), `${expected}${shown} as definition`);
});

Deno.test("every field is checked, and the message names it", () => {
  const run = () => 0;
  const cases: [object, string][] = [
    [{ run: undefined }, "run to be a function, got undefined"],
    [{ run: "x" }, 'run to be a function, got "x"'],
    [{ codeVersion: "" }, 'codeVersion to be a string that is not empty, got ""'],
    [{ codeVersion: 1 }, "codeVersion to be a string that is not empty, got 1"],
    [{ codeVersion: null }, "codeVersion to be a string that is not empty, got null"],
    [{ maxParallel: 0 }, "maxParallel to be a whole number from 1, got 0"],
    [{ maxParallel: 1.5 }, "maxParallel to be a whole number from 1, got 1.5"],
    [{ maxParallel: -1 }, "maxParallel to be a whole number from 1, got -1"],
    [{ maxParallel: NaN }, "maxParallel to be a whole number from 1, got NaN"],
    [{ maxParallel: "4" }, 'maxParallel to be a whole number from 1, got "4"'],
    [{ maxParallel: 1n }, "maxParallel to be a whole number from 1, got 1"],
    [{ filterContext: {} }, "filterContext to be a function, got an object"],
    [{ runnerOptions: null }, "runnerOptions to be a function, got null"],
    [{ cache: 5 }, 'cache to be a name, { type: "…", …options }, a Cache or null, got 5'],
    [{ cache: {} }, 'cache to be a name, { type: "…", …options }, a Cache or null, got an object'],
    [{ cache: true }, 'cache to be a name, { type: "…", …options }, a Cache or null, got true'],
    [{ params: {} }, "params to be a Standard Schema (of zod, valibot, arktype, …), got an object"],
    [{ params: null }, "params to be a Standard Schema (of zod, valibot, arktype, …), got null"],
    [
      { params: { "~standard": {} } },
      "params to be a Standard Schema (of zod, valibot, arktype, …), got an object",
    ],
  ];
  for (const [fields, message] of cases) {
    assertEquals(
      refusal({ name: "Wrong", run, ...fields }),
      `Task type Wrong: expected ${message}`,
    );
  }
});

Deno.test("an unknown field is refused, with a suggestion", () => {
  const run = () => 0;
  const unknown = (field: string) => refusal({ name: "Wrong", run, [field]: 1 });
  assertEquals(
    unknown("codeversion"),
    'Task type Wrong: unknown field "codeversion"; did you mean "codeVersion"?',
  );
  assertEquals(
    unknown("maxParalel"),
    'Task type Wrong: unknown field "maxParalel"; did you mean "maxParallel"?',
  );
  assertEquals(
    unknown("__defineGetter__").split(";")[0],
    'Task type Wrong: unknown field "__defineGetter__"',
  );
});

Deno.test("migrations and former names are refused where they make no sense", () => {
  const params = (old: object) => old;
  const cases: [Record<string, unknown>, string][] = [
    [{ migrate: 5 }, 'migrate is 5; expected { from: "v1", params: (old) => ({ … }) }'],
    [
      { migrate: [{ from: "v0", params }, null] },
      'migrate[1] is null; expected { from: "v1", params: (old) => ({ … }) }',
    ],
    [
      { migrate: { from: "v0", param: params } },
      'migrate: unknown field "param"; did you mean "params"?',
    ],
    [{ migrate: { from: "v0" } }, "migrate.params: expected a function, got undefined"],
    [
      { migrate: [{ from: 1, params }] },
      "migrate[0].from: expected a code version or undefined, got 1",
    ],
    [{ migrate: { to: "", params } }, 'migrate.to: expected a code version or undefined, got ""'],
    [
      { codeVersion: "v2", migrate: { from: "v2", params } },
      `migrate.from is the type's own code version ("v2"); give the type another one`,
    ],
    [
      { migrate: { params } },
      "migrate.from is the type's own code version (none); give the type another one",
    ],
    [
      { migrate: [{ from: "v1", params }, { from: "v1", params }] },
      'migrate[1].from: another migration begins at "v1" already',
    ],
    [
      { formerly: "Old" },
      'expected formerly to be a list of names of 1 to 64 letters, digits, "_" and "-", got "Old"',
    ],
    [
      { formerly: ["Old", "a b"] },
      'expected formerly to be a list of names of 1 to 64 letters, digits, "_" and "-", got ["Old","a b"]',
    ],
    [{ formerly: ["Wrong"] }, "formerly names the type itself; give its earlier names"],
  ];
  for (const [fields, message] of cases) {
    assertEquals(
      refusal({ name: "Wrong", run: () => 0, ...fields }),
      `Task type Wrong: ${message}`,
    );
  }
});

Deno.test('codeVersion "auto" is taken, and what begins with "auto:" is kept for what comes of it', () => {
  const run = () => 0;
  assertEquals(task(import.meta, { name: fresh(), codeVersion: "auto", run }).codeVersion, "auto");
  assertEquals(
    refusal({ name: "Wrong", codeVersion: "auto:0", run }),
    'Task type Wrong: expected codeVersion to be "auto" or a version that does not begin with "auto:", ' +
      'got "auto:0"',
  );
});

Deno.test("files to include are refused where nothing follows the code, or where they are no paths", () => {
  const run = () => 0;
  task(import.meta, { name: fresh(), codeVersion: "auto", include: ["data/*.csv"], run });
  for (const codeVersion of [undefined, "v1"]) {
    const message = refusal({ name: "Wrong", codeVersion, include: ["a.csv"], run });
    assert(message.includes('include lists files that count for codeVersion "auto"'), message);
  }
  for (const include of ["a.csv", [1], [""]]) {
    const message = refusal({ name: "Wrong", codeVersion: "auto", include, run });
    assert(message.includes("expected include to be a list of paths"), message);
  }
});

Deno.test("all ways to name a cache are taken", () => {
  for (const cache of ["json", { type: "json", indent: 0 }, new JsonCache(), null, undefined]) {
    assertEquals(task(import.meta, { name: fresh(), cache, run: () => 0 }).cache, cache);
  }
});

Deno.test("two types of one name are refused, in one module and in two", () => {
  const run = () => 0;
  assertEquals(
    refusal({ name: "Square", run }),
    `${import.meta.url} defines two task types named "Square"; name one of them differently`,
  );
  assertEquals(
    refusal({ name: "Square", run }, { url: "file:///elsewhere.ts" }),
    `Two task types are named "Square", one in ${import.meta.url}, one in file:///elsewhere.ts; names ` +
      `identify results, so name one of them differently`,
  );
  assert(refusal({ name: "Square", run }, null).includes("one in a REPL"));
  assertStrictEquals(findTaskType("Square") as unknown, Square);
});

Deno.test("in a REPL or notebook a cell that is run again defines its types again", () => {
  const name = fresh();
  const run = () => 0;
  const first = task(null, { name, run });
  const repl = { url: "file:///work/$deno$repl.mts" };
  const second = task(repl, { name, run });
  assertEquals([first.module, second.module], [undefined, undefined]);
  assertStrictEquals(findTaskType(name) as unknown, second);
  assert(refusal({ name, run }).includes("one in a REPL, one in file://"));
});

Deno.test("what is no import.meta is refused", () => {
  for (
    const [wrong, shown] of [[undefined, "undefined"], [{}, "an object"], ["x.ts", '"x.ts"'], [{
      url: 1,
    }, "an object"]]
  ) {
    // Not `refusal`, whose default is import.meta.
    assertThrows(
      () => task(wrong as unknown as ImportMeta, { name: "Wrong", run: () => 0 }),
      TaskError,
      `Expected import.meta (or null in a REPL or notebook) as first argument of task, got ${shown}`,
    );
  }
});

Deno.test("a schema of valibot or zod checks and defaults params when a task is made", () => {
  const ofValibot = task(import.meta, {
    name: fresh(),
    params: v.object({
      depth: v.pipe(v.number(), v.minValue(1)),
      name: v.optional(v.string(), "tree"),
    }),
    run: ({ depth, name }) => `${name}${depth}`,
  });
  const ofZod = task(import.meta, {
    name: fresh(),
    params: z.object({ depth: z.number().min(1), name: z.string().default("tree") }),
    run: ({ depth, name }) => `${name}${depth}`,
  });
  for (const Type of [ofValibot, ofZod]) {
    assertEquals(Type({ depth: 2 }).params, { depth: 2, name: "tree" });
    assertEquals(Type({ depth: 2 }).id, Type({ depth: 2, name: "tree" }).id);
    const error = assertThrows(() => Type({ depth: 0, name: 5 } as never), TaskError);
    assert(error.message.startsWith(`Task type ${Type.taskName}: params.depth: `), error.message);
    assert(error.message.includes("; params.name: "), error.message);
    assertThrows(() => Type(undefined as never), TaskError, "params.depth: ");
  }
});

function byHand(validate: (value: unknown) => unknown): StandardSchema<object, object> {
  return {
    "~standard": {
      version: 1,
      vendor: "by hand",
      validate: validate as (value: unknown) => StandardResult<object>,
    },
  };
}

Deno.test("a schema written by hand is asked as the standard says", () => {
  const Type = task(import.meta, {
    name: fresh(),
    params: byHand((value) => {
      const { base } = value as { base: number };
      return base >= 0 ? { value: { base, root: Math.sqrt(base) } } : {
        issues: [
          { message: "Expected no negative number", path: [{ key: "base" }] },
          { message: "Nothing is right", path: ["list", 3, "model", Symbol("s")] },
          { message: "Nothing at all" },
        ],
      };
    }),
    run: () => 0,
  });
  assertEquals(Type({ base: 9 }).params, { base: 9, root: 3 });
  const { message } = assertThrows(() => Type({ base: -1 }), TaskError);
  assertEquals(
    message,
    `Task type ${Type.taskName}: params.base: Expected no negative number; ` +
      `params.list[3].model["Symbol(s)"]: Nothing is right; params: Nothing at all`,
  );
});

Deno.test("what a schema gives is held to the same rules as all params", () => {
  const Type = task(import.meta, {
    name: fresh(),
    params: byHand(() => ({ value: { x: new Map() } })),
    run: () => 0,
  });
  assertThrows(() => Type({}), TaskError, "params.x is an instance of class Map");
  const None = task(import.meta, { name: fresh(), params: byHand(() => ({})), run: () => 0 });
  assertThrows(() => None({}), TaskError, "Expected params to be a plain object, got undefined");
});

Deno.test("tasks pass a schema as they are", () => {
  const Type = task(import.meta, {
    name: fresh(),
    params: v.object({
      square: v.custom<Task<number>>(isTask),
      list: v.array(v.custom<Task>(isTask)),
    }),
    run: ({ square }) => square.result,
  });
  const square = Square({ base: 2 });
  assertStrictEquals(Type({ square, list: [square] }).params.square, square);
  assertThrows(() => Type({ square: 4 as never, list: [] }), TaskError, "params.square: ");
});

Deno.test("an asynchronous schema is refused, also one that would reject", async () => {
  for (
    const schema of [
      v.objectAsync({ x: v.pipeAsync(v.number(), v.checkAsync(() => Promise.resolve(true))) }),
      byHand(() => Promise.reject(new Error("later"))),
    ]
  ) {
    const Type = task(import.meta, {
      name: fresh(),
      params: schema as StandardSchema<object>,
      run: () => 0,
    });
    assertThrows(
      () => Type({ x: 1 }),
      TaskError,
      `Task type ${Type.taskName}: the schema of its params is asynchronous; tasks are made at once`,
    );
  }
  await new Promise((next) => setTimeout(next)); // a rejection that nobody handles would fail the test
});

Deno.test("what a schema throws comes through", () => {
  const Type = task(import.meta, {
    name: fresh(),
    params: byHand(() => {
      throw new RangeError("broken schema");
    }),
    run: () => 0,
  });
  assertThrows(() => Type({}), RangeError, "broken schema");
});
