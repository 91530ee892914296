import { type Task, task } from "@labtech/lab";
import { assert, assertEquals } from "@std/assert";
import { taskTableToJson } from "../../serialize.ts";
import { TableComparison } from "../../provenance/_table_differences.ts";
import { Random } from "../faults/_random.ts";

const Part = task(null, { name: "DifferingPart", run: (_: { v: unknown }) => 0 });
const Whole = task(null, { name: "DifferingWhole", run: (_: Record<string, unknown>) => 0 });
const Other = task(null, { name: "DifferingOther", run: (_: { v: unknown }) => 0 });

type Params = Record<string, unknown>;

function compared(before: Task, after: Task, most?: number, budget = { left: Infinity }) {
  const tables = [taskTableToJson(before), taskTableToJson(after)] as const;
  return new TableComparison(...tables, budget, most);
}

const told = (before: Params, after: Params) =>
  compared(Whole(before), Whole(after)).differences.params.map(({ type, path, ...each }) => {
    const own = type === "DifferingWhole" ? "" : `${type} `;
    return `${own}${path}: ${each.before} → ${each.after} ×${each.places}`;
  });

Deno.test("differences are told by path, with what JSON lacks as it is", () => {
  const cases: [Params, Params, string[]][] = [
    [{ a: 1 }, { a: 1 }, []],
    [{ a: 1, b: { c: "x" } }, { a: 2, b: { c: "y" } }, [
      "params.a: 1 → 2 ×1",
      'params.b.c: "x" → "y" ×1',
    ]],
    [{ a: -0 }, { a: 0 }, ["params.a: -0 → 0 ×1"]],
    [{ a: NaN }, { a: 1 }, ["params.a: NaN → 1 ×1"]],
    [{ a: 5n }, { a: 5 }, ["params.a: 5n → 5 ×1"]],
    [{ a: new Date(0) }, { a: null }, ["params.a: 1970-01-01T00:00:00.000Z → null ×1"]],
    [{}, { "a b": 1, $c: 2 }, [
      'params["a b"]: undefined → 1 ×1',
      "params.$c: undefined → 2 ×1",
    ]],
    [{ a: [1, 2] }, { a: { 0: 1 } }, ['params.a: [1,2] → {"0":1} ×1']],
    [{ a: [1, 2, 3] }, { a: [1, 9, 3] }, ["params.a[1]: 2 → 9 ×1"]],
    [{ a: [1, 2, 3] }, { a: [1, 3] }, ["params.a[1]: 2 → undefined ×1"]],
    [{ a: [1, 3, 5, 7] }, { a: [0, 1, 3, 4, 5, 7] }, [
      "params.a[0]: undefined → 0 ×1",
      "params.a[3]: undefined → 4 ×1",
    ]],
    [{ a: [1, 2, 3] }, { a: [3, 2, 1] }, ["params.a: [1,2,3] → [3,2,1] ×1"]],
    [{ a: [{ k: 1, l: 1 }] }, { a: [{ k: 2, l: 1 }] }, ["params.a[0].k: 1 → 2 ×1"]],
  ];
  for (const [before, after, expected] of cases) assertEquals(told(before, after), expected);
});

Deno.test("nested tasks of one type are compared within, once; others are told as they are", () => {
  const [one, two] = [Part({ v: 1 }), Part({ v: 2 })];
  assertEquals(told({ a: one, b: [one, one] }, { a: two, b: [two, two] }), [
    "DifferingPart params.v: 1 → 2 ×3",
  ]);
  assertEquals(told({ a: one }, { a: Other({ v: 1 }) }), [
    "params.a: DifferingPart(v=1) → DifferingOther(v=1) ×1",
  ]);
  assertEquals(told({ a: [Part({ v: one })] }, { a: [Part({ v: two })] }), [
    "DifferingPart params.v: 1 → 2 ×1",
  ]);
  assertEquals(told({ a: 1 }, { a: one }), ["params.a: 1 → DifferingPart(v=1) ×1"]);
});

Deno.test("a chain of a thousand tasks, all of which differ, is compared", () => {
  const chain = (seed: number) => {
    let made: Task = Part({ v: seed });
    for (let i = 0; i < 1000; i++) made = Part({ v: made });
    return made;
  };
  const { params } = compared(chain(1), chain(2)).differences;
  assertEquals(params, [
    { type: "DifferingPart", path: "params.v", before: "1", after: "2", places: 1 },
  ]);
});

/** Params of random shape, in which each leaf is another number. */
function grown(random: Random, depth: number, next: () => number): Params {
  const value = (depth: number): unknown => {
    const kind = depth === 0 ? 0 : random.below(5);
    if (kind === 1) return Array.from({ length: random.below(4) }, () => value(depth - 1));
    if (kind === 2) return grown(random, depth - 1, next);
    if (kind === 3) return Part({ v: value(depth - 1) });
    return next();
  };
  return Object.fromEntries(
    Array.from({ length: 1 + random.below(4) }, (_, i) => [`p${i}`, value(depth)]),
  );
}

/** The same params with some numbers changed. */
function edited(value: unknown, change: (n: number) => number): unknown {
  if (typeof value === "number") return change(value);
  if (Array.isArray(value)) return value.map((each) => edited(each, change));
  const { type, params } = value as Task<unknown, { v: unknown }>;
  if (type !== undefined) return Part({ v: edited(params.v, change) });
  return Object.fromEntries(
    Object.entries(value as Params).map(([key, each]) => [key, edited(each, change)]),
  );
}

Deno.test("of random params, exactly the leaves that were edited are told, whatever their shape", () => {
  let edits = 0;
  for (let seed = 1; seed <= 300; seed++) {
    const random = new Random(seed);
    let n = 0;
    const params = grown(random, 4, () => ++n);
    const changed = new Set(
      Array.from({ length: n }, (_, i) => i + 1).filter(() => random.below(6) === 0),
    );
    const now = edited(params, (n) => changed.has(n) ? n + 10_000 : n) as Params;
    const comparison = compared(Whole(params), Whole(now));
    const leaves = comparison.differences.params.map(({ before, after }) => [before, after]);
    const expected = [...changed].map((n) => [String(n), String(n + 10_000)]);
    const sorted = (pairs: unknown[][]) => pairs.map(String).sort();
    assertEquals(sorted(leaves), sorted(expected), `seed ${seed}`);
    assertEquals(comparison.count, changed.size);
    const few = compared(Whole(params), Whole(now), 1).count;
    assert(changed.size <= 1 ? few === changed.size : few > 1, `seed ${seed}`);
    edits += changed.size;
  }
  assert(edits > 300, `only ${edits} edits`);
});

Deno.test("what takes too long to compare is given up", () => {
  const numbers = Array.from({ length: 1000 }, (_, i) => i);
  const [before, after] = [Whole({ numbers }), Whole({ numbers: [...numbers, 1] })];
  const budget = { left: 100 };
  assertEquals(compared(before, after, Infinity, budget).count, Infinity);
  assert(budget.left < 0);
  assertEquals(compared(before, after, Infinity, { left: 5000 }).count, 1);
  const [many, others] = [0, 1].map((add) =>
    Whole({ numbers: Array.from({ length: 20_000 }, (_, i) => 2 * i + add) })
  );
  assertEquals(compared(many!, others!).count, 10_001);
});
