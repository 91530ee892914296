// What is shown here is shown by the compiler: `deno test` and `deno check` fail where a claim is wrong.
// Calls that must not compile are wrapped in functions that nobody calls.
import { type AssertTrue, assertType, type IsExact } from "@std/testing/types";
import * as v from "valibot";
import { z } from "zod";
import {
  type CachedTask,
  isTask,
  isTaskType,
  type Lab,
  type ParamsOf,
  type ResultOf,
  type StandardSchema,
  type Task,
  task,
  type TaskContext,
  type TaskResults,
} from "../mod.ts";

const Square = task(import.meta, {
  name: "Square",
  run: ({ base }: { base: number }) => base ** 2,
});
const Later = task(import.meta, {
  name: "Later",
  async run({ word }: { word: string }) {
    await Promise.resolve();
    return { word, length: word.length };
  },
});
const Nothing = task(import.meta, { name: "Nothing", run: () => "nothing" });
const Silent = task(import.meta, { name: "Silent", run: (_: { a: number }) => {} });
const Maybe = task(import.meta, {
  name: "Maybe",
  run: ({ depth = 3 }: { depth?: number; name?: string }) => depth,
});
const Scaled = task(import.meta, {
  name: "Scaled",
  run: ({ square, by }: { square: Task<number>; by: number }) => square.result * by,
});
const Sum = task(import.meta, {
  name: "Sum",
  run: ({ of, grid }: { of: Task<number>[]; grid?: { cells: Task<number>[][] } }) =>
    of.reduce((sum, { result }) => sum + result, grid?.cells.length ?? 0),
});
const Migrated = task(import.meta, {
  name: "Migrated",
  codeVersion: "v3",
  migrate: [
    { from: "v1", params: ({ size, ...old }) => ({ ...old, trees: size }) },
    { from: "v2", to: "v3", params: (old: { trees: number }) => ({ ...old, depth: 3 }) },
  ],
  formerly: ["Unmigrated"],
  run: ({ trees, depth }: { trees: number; depth: number }, { seed }) => [trees, depth, seed],
});
const Either = task(import.meta, {
  name: "Either",
  run: ({ of }: { of: Task<number> | Task<string> | null }) => {
    assertType<IsExact<NonNullable<typeof of>["result"], number | string>>(true);
    return of === null ? null : of.result;
  },
});
const Same = task(import.meta, {
  name: "Same",
  run: ({ of }: { of: ReturnType<typeof Square> }) => of.result + of.params.base,
});
const Union = task(import.meta, {
  name: "Union",
  run: (params: { kind: "tree"; depth: number } | { kind: "knn"; k: number }) =>
    params.kind === "tree" ? params.depth : params.k,
});
const Checked = task(import.meta, {
  name: "Checked",
  params: v.object({ depth: v.number(), name: v.optional(v.string(), "tree") }),
  run: ({ depth, name }) => {
    assertType<IsExact<typeof depth, number>>(true);
    assertType<IsExact<typeof name, string>>(true);
    return `${name}${depth}`;
  },
});
const CheckedByZod = task(import.meta, {
  name: "CheckedByZod",
  params: z.object({
    at: z.string().transform((text) => text.length),
    on: z.boolean().default(true),
  }),
  run: async ({ at, on }) => {
    assertType<IsExact<typeof at, number>>(true);
    assertType<IsExact<typeof on, boolean>>(true);
    return await Promise.resolve(on ? at : undefined);
  },
});
declare const ofUnion: StandardSchema<{ a: number } | { b: string }>;

Deno.test("results infer from run alone", () => {
  assertType<IsExact<ResultOf<typeof Square>, number>>(true);
  assertType<IsExact<ResultOf<typeof Later>, { word: string; length: number }>>(true);
  assertType<IsExact<ResultOf<typeof Nothing>, string>>(true);
  assertType<IsExact<ResultOf<typeof Silent>, void>>(true);
  assertType<IsExact<ResultOf<typeof Maybe>, number>>(true);
  assertType<IsExact<ResultOf<typeof Scaled>, number>>(true);
  assertType<IsExact<ResultOf<typeof Either>, number | string | null>>(true);
  assertType<IsExact<ResultOf<typeof Checked>, string>>(true);
  assertType<IsExact<ResultOf<typeof CheckedByZod>, number | undefined>>(true);
  assertType<IsExact<ResultOf<ReturnType<typeof Later>>, { word: string; length: number }>>(true);
  assertType<IsExact<ResultOf<string>, never>>(true);
});

Deno.test("params infer from run alone, or from the schema", () => {
  assertType<IsExact<ParamsOf<typeof Migrated>, { trees: number; depth: number }>>(true);
  assertType<IsExact<ParamsOf<typeof Square>, { base: number }>>(true);
  assertType<IsExact<ParamsOf<ReturnType<typeof Square>>, { base: number }>>(true);
  assertType<IsExact<ParamsOf<typeof Scaled>, { square: Task<number>; by: number }>>(true);
  assertType<IsExact<ParamsOf<typeof Maybe>, { depth?: number; name?: string }>>(true);
  assertType<IsExact<ParamsOf<typeof Checked>, { depth: number; name: string }>>(true);
  assertType<IsExact<ParamsOf<typeof CheckedByZod>, { at: number; on: boolean }>>(true);
  assertType<IsExact<ParamsOf<string>, never>>(true);

  const { params } = Square({ base: 1 });
  assertType<IsExact<typeof params, Readonly<{ base: number }>>>(true);
  const { params: { square } } = Scaled({ square: Square({ base: 1 }), by: 2 });
  assertType<IsExact<typeof square, Task<number>>>(true);
});

Deno.test("a task's result has the type that run returns", () => {
  const read = () => [Square({ base: 1 }).result, Later({ word: "x" }).result.length] as const;
  assertType<IsExact<ReturnType<typeof read>, readonly [number, number]>>(true);
});

Deno.test("right params compile: optional, absent, nested, in arrays, in unions", () => {
  Nothing();
  Nothing({});
  Maybe();
  Maybe({});
  Maybe({ depth: 1 });
  Maybe({ depth: undefined });
  Scaled({ square: Square({ base: 1 }), by: 2 });
  Scaled({ square: Scaled({ square: Square({ base: 1 }), by: 2 }), by: 3 });
  Sum({ of: [Square({ base: 1 }), Scaled({ square: Square({ base: 1 }), by: 2 })] });
  Sum({ of: [], grid: { cells: [[Square({ base: 1 })], []] } });
  Sum({ of: [1, 2].map((base) => Square({ base })) });
  Either({ of: Square({ base: 1 }) });
  Either({ of: Nothing() });
  Either({ of: null });
  Same({ of: Square({ base: 1 }) });
  Union({ kind: "tree", depth: 1 });
  Union({ kind: "knn", k: 1 });
  Checked({ depth: 1 });
  Checked({ depth: 1, name: "x" });
  CheckedByZod({ at: "x" });
});

export function wrongParams(): void {
  // @ts-expect-error params are missing
  Square();
  // @ts-expect-error a param is missing
  Square({});
  // @ts-expect-error a param has the wrong type
  Square({ base: "1" });
  // @ts-expect-error there is no such param
  Square({ base: 1, bass: 2 });
  // @ts-expect-error params may not be null
  Maybe(null);
  // @ts-expect-error an optional param has the wrong type
  Maybe({ depth: "deep" });
  // @ts-expect-error the variants do not mix
  Union({ kind: "tree", k: 1 });
  // @ts-expect-error the schema wants a depth
  Checked({ name: "x" });
  // @ts-expect-error the schema wants params
  Checked();
  // @ts-expect-error the schema takes a text, and makes a number of it
  CheckedByZod({ at: 1 });
}

export function wrongNestedTasks(): void {
  // @ts-expect-error the result of the nested task has the wrong type
  Scaled({ square: Later({ word: "x" }), by: 2 });
  // @ts-expect-error a result is no task
  Scaled({ square: 4, by: 2 });
  // @ts-expect-error a task type is no task
  Scaled({ square: Square, by: 2 });
  // @ts-expect-error one of the nested tasks has the wrong type
  Sum({ of: [Square({ base: 1 }), Nothing()] });
  // @ts-expect-error no array
  Sum({ of: Square({ base: 1 }) });
  // @ts-expect-error of no type of the union
  Either({ of: Later({ word: "x" }) });
  // @ts-expect-error other params than those of Square
  Same({ of: Scaled({ square: Square({ base: 1 }), by: 2 }) });
}

export function changes(): void {
  const square = Square({ base: 1 });
  // @ts-expect-error params are read-only
  square.params.base = 2;
  // @ts-expect-error results are read-only
  square.result = 2;
  // @ts-expect-error types are read-only
  Square.codeVersion = "v2";
  // @ts-expect-error tasks are made by their types
  new (square.constructor as typeof Task)({});
}

export async function results(lab: Lab): Promise<void> {
  const squares = [1, 2].map((base) => Square({ base }));
  const ofOneType = await lab.runTasks(squares);
  const square = ofOneType.get(squares[0]!);
  assertType<IsExact<typeof square, number>>(true);
  // @ts-expect-error it is of another type than those that were run
  ofOneType.get(Later({ word: "x" }));
  // @ts-expect-error a type is no task
  ofOneType.get(Square);
  // @ts-expect-error an id is no task
  ofOneType.get(squares[0]!.id);

  const [one, later] = [Square({ base: 1 }), Later({ word: "x" })];
  const mixed = await lab.runTasks([one, later, Nothing()]);
  const [first, second, third] = [mixed.get(one), mixed.get(later), mixed.get(Nothing())];
  assertType<IsExact<typeof first, number>>(true);
  assertType<IsExact<typeof second, { word: string; length: number }>>(true);
  assertType<IsExact<typeof third, string>>(true);
  // @ts-expect-error a task of a type that was not run
  mixed.get(Either({ of: null }));
  for (const value of mixed.values()) {
    assertType<IsExact<typeof value, number | string | { word: string; length: number }>>(true);
  }
  for (const [{ params }, value] of ofOneType) {
    assertType<IsExact<typeof value, number>>(true);
    assertType<IsExact<typeof params, Readonly<{ base: number }>>>(true);
  }

  const alone = await lab.runTask(later);
  assertType<IsExact<typeof alone, { word: string; length: number }>>(true);
  const any: TaskResults = mixed as unknown as TaskResults;
  const unknown = any.get(one as Task);
  assertType<IsExact<typeof unknown, unknown>>(true);
  // @ts-expect-error task types cannot be run
  await lab.runTasks([Square]);
  // @ts-expect-error a single task is no list
  await lab.runTasks(one);

  const cached = await lab.cachedTasks([Square]);
  assertType<IsExact<typeof cached[number]["params"], Readonly<{ base: number }>>>(true);
  const all = await lab.cachedTasks();
  assertType<IsExact<typeof all[number], Task>>(true);
  assertType<IsExact<CachedTask<typeof Later>, ReturnType<typeof Later>>>(true);
}

// Defined in functions that nobody calls, so that no two types have one name.
export function contexts(): void {
  task(import.meta, {
    name: "Filtered",
    run: ({ depth }: { depth: number }, { context, task: { params }, log, signal, seed }) => {
      assertType<IsExact<typeof context, Readonly<Record<string, unknown>>>>(true);
      assertType<IsExact<typeof params, Readonly<{ depth: number }>>>(true);
      assertType<IsExact<typeof seed, number>>(true);
      assertType<IsExact<typeof signal, AbortSignal>>(true);
      log.info(depth);
      return depth;
    },
    filterContext: (context, params) => {
      assertType<IsExact<typeof params, { depth: number }>>(true);
      return { data: context.data };
    },
    runnerOptions: (params) => {
      assertType<IsExact<typeof params, { depth: number }>>(true);
      return { processes: { memory: params.depth } };
    },
  });
  task(import.meta, {
    name: "FilteredAndChecked",
    params: v.object({ depth: v.optional(v.number(), 1) }),
    run: ({ depth }, ctx: TaskContext) => [depth, ctx.seed],
    filterContext: (_context, params) => {
      assertType<IsExact<typeof params.depth, number>>(true);
      return {};
    },
  });
}

export function wrongDefinitions(): void {
  // @ts-expect-error run is missing
  task(import.meta, { name: "Wrong" });
  // @ts-expect-error the name is missing
  task(import.meta, { run: () => 0 });
  // @ts-expect-error the version is a text
  task(import.meta, { name: "Wrong", codeVersion: 1, run: () => 0 });
  // @ts-expect-error import.meta is missing
  task({ name: "Wrong", run: () => 0 });
  // @ts-expect-error how often is a number
  task(import.meta, { name: "Wrong", retries: "3", run: () => 0 });
  // @ts-expect-error there is no such permission
  task(import.meta, { name: "Wrong", permissions: { reed: true }, run: (_: { a: number }) => 0 });
  // @ts-expect-error params are an object
  task(import.meta, { name: "Wrong", run: (_: number) => 0 });
  // @ts-expect-error no schema
  task(import.meta, { name: "Wrong", params: { depth: "number" }, run: () => 0 });
  task(import.meta, {
    name: "Wrong",
    // @ts-expect-error the schema gives a number, and run takes a text
    params: v.object({ depth: v.number() }),
    run: ({ depth }: { depth: string }) => depth,
  });
}

export function guards(value: unknown): void {
  if (isTask(value)) assertType<IsExact<typeof value, Task>>(true);
  if (isTaskType(value)) assertType<IsExact<typeof value.taskName, string>>(true);
}

export function unions(): void {
  const Of = task(import.meta, { name: "Of", params: ofUnion, run: (params) => "a" in params });
  Of({ a: 1 });
  Of({ b: "x" });
  // @ts-expect-error of neither form
  Of({ c: 1 });
}

/** Any task is a `Task`, and one with a narrower result stands where a wider one is wanted. */
export type Widening = [
  AssertTrue<ReturnType<typeof Square> extends Task ? true : false>,
  AssertTrue<ReturnType<typeof Square> extends Task<number> ? true : false>,
  AssertTrue<ReturnType<typeof Square> extends Task<number | string> ? true : false>,
  AssertTrue<Task<number> extends Task<unknown> ? true : false>,
  AssertTrue<Task<string> extends Task<number> ? false : true>,
  AssertTrue<Task<number | string> extends Task<number> ? false : true>,
  AssertTrue<Task<number> extends ReturnType<typeof Square> ? false : true>,
];
