import { assertEquals } from "@std/assert";
import { formatDuration } from "../../progress/format_duration.ts";

const S = 1000;
const MIN = 60 * S;
const H = 60 * MIN;

Deno.test("a duration is written in the units people use", () => {
  const cases: [number, string][] = [
    [0, "0 ms"],
    [0.4, "0 ms"],
    [85, "85 ms"],
    [999.4, "999 ms"],
    [999.6, "1.0 s"],
    [4100, "4.1 s"],
    [59.94 * S, "59.9 s"],
    [59.96 * S, "1 min 00 s"],
    [2 * MIN + 3 * S, "2 min 03 s"],
    [H - 400, "1 h 00 min"],
    [H + 12 * MIN, "1 h 12 min"],
    [24 * H - 1, "1 d 00 h"],
    [76 * H, "3 d 04 h"],
  ];
  for (const [ms, text] of cases) assertEquals(formatDuration(ms), text);
});

Deno.test("a duration that runs is cut to whole seconds, so that it never shows one too many", () => {
  const cases: [number, string][] = [
    [999, "0 s"],
    [9999, "9 s"],
    [59_999, "59 s"],
    [60_000, "1 min 00 s"],
    [2 * MIN + 3999, "2 min 03 s"],
    [H + 12 * MIN, "1 h 12 min"],
  ];
  for (const [ms, text] of cases) assertEquals(formatDuration(ms, { smallest: "s" }), text);
});

Deno.test("a clock that was set back gives no negative duration", () => {
  assertEquals(formatDuration(-5), "0 ms");
  assertEquals(formatDuration(NaN), "0 ms");
  assertEquals(formatDuration(Infinity), "∞");
});
