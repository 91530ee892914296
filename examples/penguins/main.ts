/**
 * Which model, with which setting, tells the penguins' species best? `deno task demo` runs the study;
 * `deno task demo --neighbours 1,3,5` tries other values of one parameter (also `--depth`, `--trees`,
 * `--steps`).
 *
 * @module
 */

import { formatSummary, Lab } from "@labtech/lab";
import { buildTaskDiagram } from "@labtech/lab/diagram";
import { parseArgs } from "node:util";
import { rankingTable } from "./report/ranking_table.ts";
import { scorePlot } from "./report/score_plot.ts";
import { FOLDS, GRID, type Grid, settings, study } from "./study.ts";
import { digest, PENGUINS } from "./tasks/load_penguins.ts";

/** The grid with the values of the command line. */
function gridFrom(args: string[]): Grid {
  const option = { type: "string" } as const;
  const { values } = parseArgs({
    args,
    options: { neighbours: option, depth: option, trees: option, steps: option },
  });
  const given = Object.entries(values).map(([name, list]) => [name, wholeNumbers(name, list!)]);
  return { ...GRID, ...Object.fromEntries(given) };
}

function wholeNumbers(name: string, list: string): number[] {
  const values = list.split(",").map(Number);
  const wrong = values.find((value) => !Number.isSafeInteger(value) || value < 1);
  if (wrong !== undefined) {
    throw new RangeError(`Expected --${name} to be whole numbers from 1, as in 1,3,5, got ${list}`);
  }
  return values;
}

let grid: Grid;
try {
  grid = gridFrom(Deno.args);
} catch (error) {
  console.error((error as Error).message);
  Deno.exit(2);
}
const count = settings(grid).length;
const title = `${count} settings of 4 models on 342 penguins, ${FOLDS}-fold cross-validation`;
console.log(title);

await using lab = await Lab.fromConfig(new URL("deno.json", import.meta.url));
const ranking = study(await digest(await Deno.readFile(PENGUINS)), grid);
const results = await lab.runTasks([ranking], { progress: true });
const standings = results.get(ranking);

const out = `${import.meta.dirname}/out`;
const plot = `${out}/score.svg`;
await Deno.mkdir(out, { recursive: true });
await Deno.writeTextFile(plot, scorePlot(standings, title));

console.log(`\n${rankingTable(standings)}\n`);
console.log(`Accuracy against parameter: ${plot}\n`);
console.log(buildTaskDiagram([ranking]));
// On a terminal, what shows progress has said it.
if (!Deno.stdout.isTerminal() || !Deno.stderr.isTerminal()) {
  console.log(formatSummary(results.summary));
}
