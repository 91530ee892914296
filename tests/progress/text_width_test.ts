import { assert, assertEquals } from "@std/assert";
import stringWidth from "string-width";
import {
  cutMiddle,
  cutText,
  fitText,
  loadTextWidth,
  textWidth,
  wrapText,
} from "../../progress/text_width.ts";

const SAMPLES = [
  "größe",
  "日本語",
  "👨‍👩‍👧",
  "e\u0301",
  "עברית",
  "━━",
  "한국어",
  "ｆｕｌｌ",
  "…",
  "a…b",
];

Deno.test("before widths are known, those of bars and of most letters are exact", () => {
  // Were bars taken for wider, a terminal that becomes narrower would lose lines above them.
  for (const text of ["━━━───", "größe", "Μοντέλο", "модель", "Fit(a=1, b=…)"]) {
    assertEquals(textWidth(text), stringWidth(text), text);
  }
});

Deno.test("before widths are known, the guess is never too small", async () => {
  for (const text of SAMPLES) assert(textWidth(text) >= stringWidth(text), text);
  await loadTextWidth();
  for (const text of SAMPLES) assertEquals(textWidth(text), stringWidth(text));
});

Deno.test("cutting keeps whole characters, however they are put together", async () => {
  await loadTextWidth();
  assertEquals(cutText("abcdef", 6), "abcdef");
  assertEquals(cutText("abcdef", 5), "abcd…");
  assertEquals(cutText("日本語", 4), "日…");
  assertEquals(cutText("👨‍👩‍👧👨‍👩‍👧", 3), "👨‍👩‍👧…");
  assertEquals(cutText("e\u0301e\u0301e\u0301", 2), "e\u0301…");
  assertEquals(cutText("abc", 0), "");
});

Deno.test("fitting gives exactly the width", async () => {
  await loadTextWidth();
  for (const text of [...SAMPLES, "", "plain"]) {
    for (let width = 0; width < 12; width++) assertEquals(stringWidth(fitText(text, width)), width);
  }
});

Deno.test("cutting in the middle keeps the beginning and the end, in whole characters", async () => {
  await loadTextWidth();
  assertEquals(cutMiddle("Fit(a=1, b=2)", 13), "Fit(a=1, b=2)");
  assertEquals(cutMiddle("Fit(a=1, b=2)", 10), "Fit(… b=2)");
  assertEquals(cutMiddle("日本語のモデル", 8), "日…デル");
  assertEquals(cutMiddle("abc", 0), "");
  for (const text of ["x".repeat(30), "日本語のモデル(größe=👨‍👩‍👧)", "e\u0301".repeat(20)]) {
    for (let width = 1; width < 40; width++) {
      const cut = cutMiddle(text, width);
      assert(stringWidth(cut) <= width, `${width}: ${cut}`);
      assertEquals(stringWidth(fitText(text, width, cutMiddle)), width);
    }
  }
});

Deno.test("long lines break between words; the further ones are indented, and long words stay whole", () => {
  assertEquals(wrapText("3 tasks: 3 run", 14), ["3 tasks: 3 run"]);
  assertEquals(wrapText("3 tasks: 3 run in 4.1 s", 14), ["3 tasks: 3 run", "  in 4.1 s"]);
  assertEquals(wrapText("  Fit(a=1): RangeError: no", 20), ["  Fit(a=1):", "    RangeError: no"]);
  assertEquals(wrapText(`at ${"x".repeat(30)} end`, 10), [
    `at ${"x".repeat(30)}`,
    "  end",
  ]);
});
