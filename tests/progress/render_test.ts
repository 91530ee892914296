import { assert, assertEquals, assertMatch } from "@std/assert";
import stringWidth from "string-width";
import { renderRun } from "../../progress/render.ts";
import { loadTextWidth } from "../../progress/text_width.ts";
import * as on from "./_events.ts";

const { label, START, stateAfter } = on;
const now = START + 42_000;
const plain = { color: false, now };

const ACTIVE = [
  "  FitAndScore(n=62)  running  40 s",
  "  FitAndScore(n=63)  running  40 s",
  "  FitAndScore(n=64)  running  40 s",
  "  FitAndScore(n=65)  running  40 s",
  "  FitAndScore(n=66)  running  40 s",
  "  FitAndScore(n=67)  running  40 s",
  "  FitAndScore(n=68)  running  40 s",
  "  FitAndScore(n=69)  running  40 s",
  "  FitAndScore(n=70)  running  40 s",
  "  FitAndScore(n=71)  running  40 s",
  "  and 3 more",
];

Deno.test("at 200 columns, a bar tells all that is known", () => {
  assertEquals(renderRun(stateAfter(on.middleOfAStudy()), { columns: 200, ...plain }), [
    "LoadAndSplit  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━      1/1  100%  850 ms  1.2/s",
    "FitAndScore   ━━━━━━━━━━━━━━━━────────────────────────   62/150   41%    41 s  1.1/s  1 min 24 s left  20 cached, 2 failed",
    "Aggregate     ━───────────────────────────────────────     0/30    0%                                  1 skipped",
    "Rank          ────────────────────────────────────────      0/1    0%",
    ...ACTIVE,
  ]);
});

Deno.test("at 80 columns, rate and elapsed time make room", () => {
  assertEquals(renderRun(stateAfter(on.middleOfAStudy()), { columns: 80, ...plain }), [
    "LoadAndSplit  ━━━━━━━━━━━━      1/1  100%",
    "FitAndScore   ━━━━────────   62/150   41%  1 min 24 s left  20 cached, 2 failed",
    "Aggregate     ────────────     0/30    0%                   1 skipped",
    "Rank          ────────────      0/1    0%",
    ...ACTIVE,
  ]);
});

Deno.test("at 40 columns, name, bar, count and failures are left", () => {
  assertEquals(renderRun(stateAfter(on.middleOfAStudy()), { columns: 40, ...plain }), [
    "LoadAndSplit ━━━━━━━━━     1/1",
    "FitAndScore  ━━━──────  62/150 2 failed",
    "Aggregate    ─────────    0/30",
    "Rank         ─────────     0/1",
    ...ACTIVE.map((line) => line.replace("  running  ", " running ")),
  ]);
});

Deno.test("colours tell ran from cached, failed and skipped", () => {
  const state = stateAfter([
    on.planned("A", 8),
    on.cached(label("A", 1)),
    on.cached(label("A", 2)),
    on.ran(label("A", 3)),
    on.skipped(label("A", 4)),
    on.failed(label("A", 5), new Error("no")),
  ]);
  assertEquals(renderRun(state, { columns: 40, color: true, now: START }), [
    "A \x1b[36m━━━\x1b[0m\x1b[32m━\x1b[0m\x1b[33m━━\x1b[0m\x1b[31m━━\x1b[0m\x1b[2m─────\x1b[0m " +
    "4/8 \x1b[31m1 failed\x1b[0m, \x1b[33m1 skipped\x1b[0m",
  ]);
});

Deno.test("a low terminal keeps what is under way, and says how much more there is", () => {
  assertEquals(renderRun(stateAfter(on.middleOfAStudy()), { columns: 80, rows: 7, ...plain }), [
    "FitAndScore  ━━━━━────────   62/150   41%  1 min 24 s left  20 cached, 2 failed",
    "and 3 more task types",
    ...ACTIVE.slice(0, 3),
    "  and 10 more",
  ]);
});

Deno.test("no line reaches the last column and no picture the last row, at any size", async () => {
  await loadTextWidth();
  const wide = "日本語 größe 👨‍👩‍👧 e\u0301 ".repeat(20);
  const state = stateAfter(function* () {
    yield* on.middleOfAStudy();
    for (const type of ["Über-日本語-Aggregate", "👨‍👩‍👧", wide]) {
      yield on.planned(type, 1e9);
      yield on.started(label(type, 1, wide));
      yield on.cached(label(type, 2));
    }
  }());
  for (let columns = 1; columns <= 220; columns++) {
    for (const rows of [2, 5, 24]) {
      const lines = renderRun(state, { columns, rows, color: columns % 2 === 0, now });
      assert(lines.length < rows);
      for (const line of lines) {
        assert(stringWidth(line) <= Math.max(1, columns - 1), `${columns}: ${line}`);
      }
    }
  }
});

Deno.test("columns align beneath each other where characters are wide", async () => {
  await loadTextWidth();
  const state = stateAfter([
    on.planned("日本語", 10),
    on.planned("A", 10),
    on.started(label("A", 1, "größe=日本")),
    on.started(label("A", 2, "size=10")),
  ]);
  assertEquals(renderRun(state, { columns: 40, ...plain, now: START + 9999 }), [
    "日本語 ────────────────  0/10   0%",
    "A      ────────────────  0/10   0%  9 s",
    "  größe=日本 running 9 s",
    "  size=10    running 9 s",
  ]);
});

Deno.test("a label is one safe line, cut to the width", async () => {
  await loadTextWidth();
  const text = "Fit(\x1b[2Ja\nb " + "x".repeat(1e6);
  const [, line] = renderRun(stateAfter([on.started(label("Fit", 1, text))]), {
    columns: 40,
    ...plain,
    now: START,
  });
  assertEquals(line, "  Fit(␛[2Ja …xxxxxxxxxxxxxx running 0 s");
});

Deno.test("a bar is full only when all is finished", () => {
  const events = [on.planned("A", 1000)];
  for (let n = 0; n < 999; n++) events.push(on.cached(label("A", n)));
  const options = { columns: 60, ...plain };
  assertMatch(renderRun(stateAfter(events), options)[0]!, /━─ +999\/1000 +99%/);
  assert(!renderRun(stateAfter([...events, on.ran(label("A", 999))]), options)[0]!.includes("─"));
});

Deno.test("slow tasks have a rate by the minute or hour", () => {
  const ran = (ms: number) =>
    renderRun(
      stateAfter([
        on.planned("A", 2),
        on.started(label("A", 1)),
        on.ran(label("A", 1), START + ms),
      ]),
      { columns: 100, ...plain, now: START + ms },
    )[0]!;
  assert(ran(10_000).includes("6.0/min  10 s left"));
  assert(ran(7_200_000).includes("0.5/h  2 h 00 min left"));
});
