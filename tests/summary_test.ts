import { assert, assertEquals } from "@std/assert";
import { type Task, task } from "../task.ts";

type AnyParams = { readonly [name: string]: unknown };

const Square = task(import.meta, { name: "Square", run: (_: AnyParams) => 0 });
const Scaled = task(import.meta, { name: "Scaled", run: (_: AnyParams) => 0 });

Deno.test("a task in words is its type and params, in the order in which they were given", () => {
  assertEquals(
    String(Scaled({ by: 2, square: Square({ base: 42 }) })),
    "Scaled(by=2, square=Square(base=42))",
  );
  assertEquals(String(Square({})), "Square()");
  assertEquals(Deno.inspect(Square({ base: 42 })), "Square(base=42)");
});

Deno.test("values of every type are shown as in code", () => {
  const shown = (x: unknown) => String(Square({ x })).slice("Square(x=".length, -1);
  assertEquals(shown(null), "null");
  assertEquals(shown(true), "true");
  assertEquals([shown(0), shown(-0), shown(NaN), shown(-Infinity)], [
    "0",
    "-0",
    "NaN",
    "-Infinity",
  ]);
  assertEquals([shown(1), shown(1n), shown("1")], ["1", "1n", '"1"']);
  assertEquals(shown('a"b\n'), String.raw`"a\"b\n"`);
  assertEquals(shown(new Date(0)), "1970-01-01T00:00:00.000Z");
  assertEquals(shown(new Date(NaN)), "Invalid Date");
  assertEquals(shown([1, [undefined], []]), "[1, [undefined], []]");
  assertEquals(shown({ a: 1, b: { c: "d" } }), '{a: 1, b: {c: "d"}}');
});

Deno.test("keys that would be misread are quoted", () => {
  assertEquals(
    String(
      Square({ größe: 1, "a-b": 2, $c: 3, "d=e": 4, "": 5, "f\x1b[1m": 6, "g h": { "i\n": 7 } }),
    ),
    String.raw`Square(größe=1, a-b=2, $c=3, "d=e"=4, ""=5, "f\u001b[1m"=6, "g h"={"i\n": 7})`,
  );
});

Deno.test("three levels are shown, arrays and objects among them", () => {
  const chain = (depth: number): Task =>
    depth === 0 ? Square({ base: 1 }) : Scaled({ of: chain(depth - 1) });
  assertEquals(String(chain(2)), "Scaled(of=Scaled(of=Square(base=1)))");
  assertEquals(String(chain(3)), "Scaled(of=Scaled(of=Scaled(of=Square(…))))");
  assertEquals(String(chain(9)), "Scaled(of=Scaled(of=Scaled(of=Scaled(…))))");
  assertEquals(String(Square({ x: [[[[1]], []]] })), "Square(x=[[[…], []]])");
  assertEquals(String(Square({ x: { y: [Square({})] } })), "Square(x={y: [Square()]})");
  assertEquals(String(Square({ x: { y: [Square({ z: 1 })] } })), "Square(x={y: [Square(…)]})");
});

Deno.test("what nested tasks have at length does not crowd out the params of the task itself", () => {
  const data = Square({ digest: "0123456789abcdef".repeat(4) });
  const split = Scaled({ data, folds: 5, seed: 1 });
  const alone = String(Scaled({ data, fold: 3 }));
  assertEquals(alone, `Scaled(data=Square(digest="${"0123456789abcdef".repeat(4)}"), fold=3)`);
  assertEquals(
    String(Scaled({ model: "forest", data, again: data, fold: 3 })),
    'Scaled(model="forest", data=Square(digest="0123456789ab…"), ' +
      'again=Square(digest="0123456789ab…"), fold=3)',
  );
  assertEquals(
    String(Scaled({ a: split, b: split, c: split, fold: 3 })),
    ["a", "b", "c"].map((name) => `${name}=Scaled(data=Square(…), folds=5, seed=1)`).join(", ")
      .replace(/^/, "Scaled(") + ", fold=3)",
  );
});

Deno.test("at most 200 characters are shown", () => {
  for (
    const params of [
      { text: "x".repeat(1000) },
      { ["k".repeat(1000)]: 1 },
      { list: Array.from({ length: 1000 }, (_, i) => i) },
      Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i])),
      { big: 10n ** 1000n },
    ]
  ) {
    const text = String(Square(params));
    assertEquals(text.length, 200);
    assert(text.endsWith("…"), text);
  }
  const exact = Square({ text: "x".repeat(200 - 'Square(text="")'.length) });
  assertEquals(String(exact).length, 200);
  assert(String(exact).endsWith('")'));
});

Deno.test("a text is never cut within a character", () => {
  for (let length = 180; length < 200; length++) {
    const text = String(Square({ text: "x".repeat(length) + "👩👩👩" }));
    assert(text.isWellFormed());
  }
});

Deno.test("a shared graph of a million paths is shown at once", () => {
  let top: Task = Square({ base: 1 });
  for (let i = 0; i < 1000; i++) top = Scaled({ a: top, b: top, c: [top, top] });
  assertEquals(String(top).length, 200);
});
