import { assert, assertEquals } from "@std/assert";
import stringWidth from "string-width";
import { cutText, fitText, loadTextWidth, textWidth } from "../../progress/text_width.ts";

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
