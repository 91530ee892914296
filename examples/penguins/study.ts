import type { Task } from "@labtech/lab";
import type { ModelSpec } from "./models/model.ts";
import { CrossValidate } from "./tasks/cross_validate.ts";
import { fitTask } from "./tasks/fit_and_score.ts";
import { digest, LoadPenguins, PENGUINS } from "./tasks/load_penguins.ts";
import { Ranking, type Standing } from "./tasks/ranking.ts";
import { SplitFolds } from "./tasks/split_folds.ts";

/** The values to try of each model's parameter. */
export interface Grid {
  /** How many neighbours of a bird vote on its species. */
  readonly neighbours: readonly number[];
  /** How many questions a decision tree asks at most. */
  readonly depth: readonly number[];
  /** How many trees make a random forest. */
  readonly trees: readonly number[];
  /** How many steps of gradient descent fit a logistic regression. */
  readonly steps: readonly number[];
}

/** What is tried where nothing else is said: 25 settings, so 153 tasks with five folds. */
export const GRID: Grid = {
  neighbours: [1, 3, 7, 15, 31, 63, 127],
  depth: [1, 2, 3, 4, 5, 6],
  trees: [1, 3, 5, 9, 17, 33],
  steps: [1, 3, 10, 30, 100, 300],
};

/** How many folds each setting is tried on. */
export const FOLDS = 5;
const SEED = 2020;

/** All settings of a grid, model by model. */
export function settings(grid: Grid): ModelSpec[] {
  return [
    ...grid.neighbours.map((neighbours) => ({ kind: "nearest neighbours", neighbours }) as const),
    ...grid.depth.map((depth) => ({ kind: "decision tree", depth }) as const),
    ...grid.trees.map((trees) => ({ kind: "random forest", trees }) as const),
    ...grid.steps.map((steps) => ({ kind: "logistic regression", steps }) as const),
  ];
}

/**
 * The study as one task, in which all the others are nested.
 *
 * @param sha256 The digest of `data/penguins.csv`.
 */
export function study(sha256: string, grid: Grid = GRID): Task<Standing[]> {
  const birds = LoadPenguins({ sha256 });
  const split = SplitFolds({ birds, folds: FOLDS, seed: SEED });
  const candidates = settings(grid).map((model) =>
    CrossValidate({
      model,
      scores: Array.from(
        { length: FOLDS },
        (_, fold) => fitTask({ model, fold, split, birds }),
      ),
    })
  );
  return Ranking({ candidates });
}

/** The study on the birds as they are: what `deno task lab run study.ts` runs. */
export const tasks = async (): Promise<Task<Standing[]>> =>
  study(await digest(await Deno.readFile(PENGUINS)));
