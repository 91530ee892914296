import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { tableFromCsv, tableToCsv } from "../plugins/table.ts";

Deno.test("a table comes back as it was: order of columns, types, every number and text", () => {
  const table = [
    { name: 'a "quoted", cell', score: 0.1 + 0.2, "": "two\r\nlines" },
    { name: "", score: -0, "": " spaces " },
    { name: "007", score: NaN, "": "=SUM(A1)" },
    { name: "\uFEFFünïcødé 🐧", score: -Infinity, "": ";\t'" },
    { name: "\n", score: 5e-324, "": "true" },
  ];
  for (const delimiter of [",", ";", "\t"]) {
    const back = tableFromCsv(tableToCsv(table, { delimiter }));
    assertEquals(back, table);
    assertEquals(Object.is(back[1]!.score, -0), true);
    assertEquals(Object.keys(back[0]!), Object.keys(table[0]!));
  }
});

Deno.test("tables of one empty cell, of no row, and with a column named __proto__ come back", () => {
  const odd = Object.fromEntries([["__proto__", "text"], ["b", 1]]);
  for (const table of [[{ a: "" }], [], [{ a: "" }, { a: "" }], [odd]]) {
    assertEquals(tableFromCsv(tableToCsv(table)), table);
  }
  assertEquals(Object.keys(tableFromCsv(tableToCsv([odd]))[0]!), ["__proto__", "b"]);
});

Deno.test("the CSV is as a spreadsheet expects: names first, texts in quotes, numbers bare", () => {
  const { csv } = tableToCsv([{ model: "tree", score: 0.5 }, { model: "forest", score: 1 }]);
  assertEquals(csv, '"model","score"\r\n"tree",0.5\r\n"forest",1\r\n');
});

Deno.test("what CSV would change is refused by its path", () => {
  const cases: [unknown, RegExp][] = [
    ["text", /^result: expected a table .* got a string/],
    [{ a: 1 }, /^result: expected a table .* got a Object/],
    [[1], /^result\[0\]: expected a plain record, got a number/],
    [[{ a: 1 }, null], /^result\[1\]: expected a plain record, got null/],
    [[{ a: 1 }, new Map()], /^result\[1\]: expected a plain record, got a Map/],
    [[{ a: 1 }, , { a: 1 }], /^result: an array with holes/],
    [[{ a: 1, [Symbol("s")]: 2 }], /^result\[0\]: hidden properties or symbol keys/],
    [[{}], /^result\[0\]: expected the columns/],
    [[{ a: 1 }, { b: 1 }], /^result\[1\]: expected the columns of the first row \(a\)/],
    [[{ a: 1, b: 1 }, { b: 1, a: 1 }], /^result\[1\]: expected the columns/],
    [
      [{ a: 1 }, { a: "1" }],
      /^result\[1\]\.a: expected a number as in the first row, got a string/,
    ],
    [
      [{ a: "1" }, { a: 1 }],
      /^result\[1\]\.a: expected a string as in the first row, got a number/,
    ],
    [[{ a: null }], /^result\[0\]\.a: a table holds numbers and strings, got null/],
    [[{ "a b": [1] }], /^result\[0\]\["a b"\]: a table holds numbers and strings, got an array/],
    [[{ a: new Date(0) }], /^result\[0\]\.a: a table holds numbers and strings, got a Date/],
    [[{ a: 1n }], /^result\[0\]\.a: .* got a bigint/],
    [[{ a: true }], /^result\[0\]\.a: .* got a boolean/],
    [[{ a: undefined }], /^result\[0\]\.a: .* got undefined/],
    [[{ a: "\uD800" }], /^result\[0\]\.a: half a surrogate pair/],
    [[{ "\uD800": "a" }], /^the name of column .*: half a surrogate pair/],
  ];
  for (const [value, message] of cases) {
    assertMatch(assertThrows(() => tableToCsv(value), TypeError).message, message);
  }
});

Deno.test("files that do not fit each other are refused", () => {
  const { csv, schema } = tableToCsv([{ a: 1, b: "x" }]);
  const others = [
    csv.replace('"a"', '"c"'),
    csv.replace("1,", "one,"),
    csv.replace("1,", ","),
    csv.replace('"x"', '"x'),
    csv.replace(',"x"', ""),
    csv + "2\r\n",
    "",
  ];
  for (const other of others) assertThrows(() => tableFromCsv({ csv: other, schema }), Error);
});
