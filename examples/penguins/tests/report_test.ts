import { assertEquals, assertStringIncludes } from "@std/assert";
import { rankingTable } from "../report/ranking_table.ts";
import { scorePlot } from "../report/score_plot.ts";
import type { Standing } from "../tasks/ranking.ts";

const standing = (rank: number, model: string, value: number, accuracy: number): Standing => ({
  rank,
  model,
  parameter: "size",
  value,
  accuracy,
  accuracy_sd: 0.02,
  macro_f1: accuracy - 0.01,
  macro_f1_sd: 0.03,
});

const STANDINGS = [
  standing(1, "tree", 4, 0.98),
  standing(2, "forest <deep>", 32, 0.96),
  standing(3, "tree", 2, 0.95),
  standing(4, "tree", 1, 0.8),
];

Deno.test("the ranking's table shows means and spreads, in columns", () => {
  assertEquals(
    rankingTable(STANDINGS),
    [
      "rank  model          setting    accuracy       macro F1",
      "────  ─────────────  ─────────  ─────────────  ─────────────",
      "   1  tree           size = 4   0.980 ± 0.020  0.970 ± 0.030",
      "   2  forest <deep>  size = 32  0.960 ± 0.020  0.950 ± 0.030",
      "   3  tree           size = 2   0.950 ± 0.020  0.940 ± 0.030",
      "   4  tree           size = 1   0.800 ± 0.020  0.790 ± 0.030",
    ].join("\n"),
  );
});

Deno.test("the plot has a panel a model, a dot a setting, and one ring a panel", () => {
  const svg = scorePlot(STANDINGS, "a & b");
  const count = (text: string) => svg.split(text).length - 1;
  assertEquals(count('class="panel"'), 2);
  assertEquals(count('class="score"'), 4);
  assertEquals(count('class="best"'), 2);
  for (const { value, accuracy } of STANDINGS) {
    assertStringIncludes(svg, `size = ${value}: ${accuracy.toFixed(3)} ± 0.020`);
  }
});

Deno.test("higher accuracy is drawn higher, larger values further right", () => {
  const svg = scorePlot(STANDINGS.filter(({ model }) => model === "tree"));
  const dots = [...svg.matchAll(/class="score" cx="([\d.]+)" cy="([\d.]+)"/g)]
    .map(([, x, y]) => [Number(x), Number(y)]);
  assertEquals(dots.toSorted((a, b) => a[0]! - b[0]!), dots);
  assertEquals(dots.toSorted((a, b) => b[1]! - a[1]!), dots);
});

Deno.test("the plot is well-formed: names are escaped, every number is one", () => {
  const svg = scorePlot(STANDINGS, "a & b");
  assertStringIncludes(svg, "forest &lt;deep&gt;");
  assertStringIncludes(svg, "a &amp; b");
  assertEquals(/NaN|undefined|Infinity/.test(svg), false);
});
