import { assertEquals, assertThrows } from "@std/assert";
import {
  count,
  formatAge,
  formatBytes,
  formatTime,
  parseCount,
  parseSpan,
} from "../../cli/_quantities.ts";
import { completionScripts, quoted } from "../../cli/_shell.ts";
import { table } from "../../cli/_table.ts";
import { jsonOf, lineOf } from "../../cli/_json_value.ts";
import { nestedTasks, StoredTask } from "../../maintenance/stored_task.ts";

Deno.test("sizes have three digits at most, and a unit", () => {
  const sizes = [0, 1, 999, 999.6, 1000, 1234, 99_949, 999_499, 999_500, 1.5e9, 1e12, 1e18];
  assertEquals(sizes.map(formatBytes), [
    "0 bytes",
    "1 byte",
    "999 bytes",
    "1 kB",
    "1 kB",
    "1.23 kB",
    "99.9 kB",
    "999 kB",
    "1 MB",
    "1.5 GB",
    "1 TB",
    "1000000 TB",
  ]);
});

Deno.test("times, ages and counts are written for people", () => {
  assertEquals(formatTime(new Date(NaN)), "?");
  assertEquals(formatTime(new Date(2026, 0, 2, 3, 4, 5)), "2026-01-02 03:04");
  assertEquals(formatAge(new Date(0), 90_000), "1 min 30 s ago");
  assertEquals(formatAge(new Date(1), 0), "in the future");
  assertEquals([count(1, "entry", "entries"), count(0, "entry", "entries")], [
    "1 entry",
    "0 entries",
  ]);
});

Deno.test("spans and counts are read strictly", () => {
  assertEquals(["90s", "5m", "12h", "1.5d", "2 w"].map(parseSpan), [
    90_000,
    300_000,
    43_200_000,
    129_600_000,
    1_209_600_000,
  ]);
  for (const text of ["", "30", "-1d", "1y", "1d2h"]) {
    assertThrows(() => parseSpan(text), SyntaxError);
  }
  assertEquals(parseCount("12"), 12);
  for (const text of ["", "0", "-1", "1.5", "1e3", "99999999999999999"]) {
    assertThrows(() => parseCount(text), SyntaxError);
  }
});

Deno.test("words are quoted for the shell where they need it", () => {
  assertEquals(quoted("--allow-read=a/b.ts,c"), "--allow-read=a/b.ts,c");
  assertEquals(["", "a b", "it's", "$(x)", "größe"].map(quoted), [
    "''",
    "'a b'",
    "'it'\\''s'",
    "'$(x)'",
    "'größe'",
  ]);
});

Deno.test("scripts of completion pass words on without eval", () => {
  for (const [shell, script] of Object.entries(completionScripts)) {
    const code = script.split("\n").filter((line) => !line.startsWith("#")).join("\n");
    assertEquals(/\beval\b/.test(code), false, shell);
  }
});

Deno.test("a table lines up by what a terminal shows, and shrinks its widest columns first", async () => {
  const columns = [
    { title: "A" },
    { title: "B", flexible: true },
    { title: "C", flexible: true },
    { title: "N", align: "right" },
  ] as const;
  const rows = [["日本", "short", "x".repeat(60), "7"], ["a", "b", "c", "1000"]];
  assertEquals(
    await table(columns, rows, undefined),
    `A     B      C                                                                N
日本  short  ${"x".repeat(60)}     7
a     b      c                                                             1000
`,
  );
  const lines = (await table(columns, rows, 50)).split("\n");
  assertEquals(lines[1], `日本  short  ${"x".repeat(30)}…     7`);
  assertEquals(await table(columns, [], 50), "A  B  C  N\n");
});

Deno.test("a result is JSON only where JSON holds it as it is", async () => {
  assertEquals(await jsonOf({ a: [1, null, "x"] }), { result: { a: [1, null, "x"] } });
  assertEquals(await jsonOf(undefined), { resultText: "undefined" });
  assertEquals(await jsonOf([NaN]), { resultText: "[ NaN ]" });
  assertEquals(await jsonOf(new Date(0)), { resultText: "1970-01-01T00:00:00.000Z" });
});

Deno.test("a value is one line, whatever it is", () => {
  assertEquals(lineOf("a\n\x1b[2Jb"), String.raw`"a\n\x1b[2Jb"`);
  assertEquals(lineOf(new Map([["\x1b]0;t\x07", 1]])).includes("\x1b"), false);
  assertEquals(lineOf(new Error("one\ntwo")).includes("\n"), false);
  assertEquals(lineOf(new Float64Array(1e6)).length < 200, true);
});

Deno.test("a stored task gives its nested tasks once, nearest first, even when they are cyclic", () => {
  const name = "T";
  const refer = (...ids: string[]) => ({ of: ids.map((id) => ({ $task: id })) });
  const tasks = {
    a: { name, params: refer("b", "c") },
    b: { name, params: refer("d") },
    c: { name, params: refer("d", "a") },
    d: { name, params: {} },
  };
  const ids = nestedTasks(new StoredTask({ id: "a", tasks })).map(({ id }) => id);
  assertEquals(ids, ["b", "c", "d"]);
});
