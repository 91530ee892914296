import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertNotStrictEquals,
  assertThrows,
} from "@std/assert";
import * as v from "valibot";
import "../builtins.ts";
import { JsonCache, StructuredCache, V8Cache } from "../caches/mod.ts";
import { SerializationError, TaskError } from "../errors.ts";
import type { LogLevel } from "../progress/events.ts";
import { storages } from "../registry.ts";
import { captureConsole, formatLine, withConsole } from "../runners/_console.ts";
import {
  cacheRecipe,
  memoryOf,
  pack,
  packError,
  storageRecipe,
  unpack,
  unpackError,
} from "../runners/_transport.ts";
import { LocalStorage, MemoryStorage } from "../storages/mod.ts";

/** What arrives in another thread. */
function sent(value: unknown): unknown {
  const packed = pack(value);
  return unpack(structuredClone(packed, { transfer: memoryOf(packed) }));
}

function sentError(error: unknown): Error {
  return unpackError(structuredClone(packError(error)));
}

Deno.test("values arrive as they were, with types, holes and shared parts", () => {
  for (
    const value of [
      undefined,
      null,
      true,
      0,
      -0,
      NaN,
      1.5,
      12n,
      "",
      "text\ud83d",
      new Date(5),
      new Date(NaN),
      [],
      {},
      // deno-lint-ignore no-sparse-arrays
      [1, , undefined],
      { a: { b: [new Map([[1, new Set([2])]])] } },
      new Uint8Array([1, 2]),
      /x/gi,
    ]
  ) assertEquals(sent(value), value);
  const shared = { a: 1 };
  const [one, two] = sent([shared, shared]) as object[];
  assert(one === two);
  assert(Object.is(sent(-0), -0));
});

Deno.test("handing memory over leaves the value in this thread whole", () => {
  const value = { numbers: new Float64Array(10_000).fill(7) };
  const arrived = sent(value) as typeof value;
  assertEquals(value.numbers.length, 10_000);
  assertNotStrictEquals(arrived.numbers, value.numbers);
  assertEquals(arrived.numbers[9_999], 7);
  assertEquals(sent([1]), [1]);
  assertEquals(memoryOf(undefined), []);
  assertEquals(memoryOf(pack("text")), []);
});

Deno.test("what would not arrive as it is, is refused by path", () => {
  class Forest {}
  for (const value of [Symbol("x"), () => 0, { models: [new Forest()] }, [Promise.resolve()]]) {
    assertThrows(() => pack(value), SerializationError, "result");
  }
  assertThrows(() => pack({ models: [new Forest()] }), SerializationError, "result.models[0]");
});

Deno.test("errors arrive with name, message, stack and causes, built-in ones in their class", () => {
  const root = new RangeError("too big");
  const error = new TypeError("wrong", { cause: root });
  const arrived = sentError(error);
  assertInstanceOf(arrived, TypeError);
  assertInstanceOf(arrived.cause, RangeError);
  assertEquals([arrived.message, arrived.stack], ["wrong", error.stack]);
  assertEquals((arrived.cause as Error).stack, root.stack);
  assert(!("cause" in sentError(root)));
});

Deno.test("errors of classes that are not built in arrive as Error with their name", () => {
  class OwnError extends Error {
    override name = "OwnError";
  }
  for (
    const [error, name] of [
      [new OwnError("x"), "OwnError"],
      [new TaskError("x"), "TaskError"],
      [new DOMException("x", "AbortError"), "AbortError"],
      [new AggregateError([], "x"), "AggregateError"],
      [Object.assign(new Error("x"), { name: "toString" }), "toString"],
      [Object.assign(new Error("x"), { name: "__proto__" }), "__proto__"],
    ] as const
  ) {
    const arrived = sentError(error);
    assertInstanceOf(arrived, Error);
    assertEquals([arrived.name, arrived.message], [name, "x"]);
    assert(`${arrived}` === `${name}: x`);
  }
});

Deno.test("whatever is thrown arrives as an error that says what it was", () => {
  assertEquals(sentError("a text").message, "a text");
  assertEquals(sentError(42).message, "42");
  assertEquals(sentError(undefined).message, "undefined");
  assertEquals(sentError(Symbol("x")).message, "Symbol(x)");
  assert(sentError({ code: 5 }).message.includes("code: 5"));
  for (
    const odd of [
      Object.create(null),
      { toString: () => ({}) },
      Object.assign(new Error(), {
        message: Symbol("x"),
        name: { a: 1 },
        stack: Object.create(null),
      }),
      Object.assign(new Error("x"), { cause: Object.create(null) }),
    ]
  ) assertInstanceOf(sentError(odd), Error);
});

Deno.test("causes that go round in a circle, or on for ever, are cut", () => {
  const error = new Error("round");
  error.cause = error;
  let depth = 0;
  for (let at: unknown = sentError(error); at instanceof Error; at = at.cause) depth++;
  assertEquals(depth, 11);
});

Deno.test("another thread makes caches and storages by what they say of themselves", () => {
  const at = (recipe: ReturnType<typeof cacheRecipe>) => recipe && [recipe.spec, recipe.module];
  assertEquals(at(cacheRecipe(new StructuredCache())), [{ type: "structured" }, undefined]);
  assertEquals(at(cacheRecipe(new V8Cache())), [{ type: "v8" }, undefined]);
  const local = storageRecipe(new LocalStorage({ dir: "results", gitignore: false }));
  assertEquals(local?.spec.type, "local");
  assertEquals(local?.spec.dir, new LocalStorage("results").dir);
  assertEquals(storageRecipe(new MemoryStorage()), undefined);
});

Deno.test("a class that only inherits what it says is not taken for the one above it", () => {
  class Wrapped extends JsonCache {}
  assertEquals(cacheRecipe(new Wrapped()), undefined);
  class Elsewhere extends LocalStorage {}
  assertEquals(storageRecipe(new Elsewhere("results")), undefined);
});

Deno.test("what a plugin with a module made is made again from its options, where they can be sent", () => {
  const plugin = {
    name: "scratch",
    summary: "",
    options: v.looseObject({}),
    create: () => new MemoryStorage(),
  };
  {
    using _plugin = storages.register({ ...plugin, module: "file:///scratch.ts" });
    const recipe = storageRecipe(storages.create({ type: "scratch", size: 1 }));
    assertEquals(recipe?.spec, { type: "scratch", size: 1 });
    assertEquals(recipe?.module, "file:///scratch.ts");
    assertEquals(storageRecipe(storages.create({ type: "scratch", open: () => 0 })), undefined);
  }
  using _plugin = storages.register(plugin);
  assertEquals(storageRecipe(storages.create("scratch")), undefined);
});

Deno.test("a line is texts as they are, and all else as the console shows it", () => {
  assertEquals(
    formatLine(["a", 1, "b c", { d: [1n] }, undefined]),
    "a 1 b c { d: [ 1n ] } undefined",
  );
  assertEquals(formatLine([]), "");
});

/** Runs something with `console.log` of the thread replaced. */
async function watched(work: () => unknown): Promise<unknown[][]> {
  const outside: unknown[][] = [];
  const { log } = console;
  console.log = (...values) => outside.push(values);
  try {
    await work();
  } finally {
    console.log = log;
  }
  return outside;
}

Deno.test("the console of a task is its log, what others write goes where it went", async () => {
  const lines: [string, LogLevel, string][] = [];
  const sink = (task: string) => (level: LogLevel, text: string) => lines.push([task, level, text]);
  const outside = await watched(async () => {
    using _capture = captureConsole();
    console.log("before");
    const wait = () => new Promise((next) => setTimeout(next));
    await Promise.all(["one", "two"].map((task) =>
      withConsole(sink(task), async () => {
        console.debug("a", 1);
        await wait();
        console.log("b");
        console.info("c");
        console.warn("d");
        console.error("e");
      })
    ));
    console.log("after");
  });
  assertEquals(outside, [["before"], ["after"]]);
  for (const task of ["one", "two"]) {
    assertEquals(lines.filter(([of]) => of === task).map(([, ...line]) => line), [
      ["debug", "a 1"],
      ["info", "b"],
      ["info", "c"],
      ["warn", "d"],
      ["error", "e"],
    ]);
  }
});

Deno.test("the console is given back with the last of several captures, each disposed once or twice", async () => {
  await watched(() => {
    const before = console.log;
    const [first, second] = [captureConsole(), captureConsole()];
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    assert(console.log !== before);
    second[Symbol.dispose]();
    assert(console.log === before);
    const third = captureConsole();
    assert(console.log !== before);
    third[Symbol.dispose]();
    assert(console.log === before);
  });
});
