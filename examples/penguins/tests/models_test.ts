import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { stratifiedFolds } from "../folds.ts";
import { fitDecisionTree } from "../models/decision_tree.ts";
import { fitLogisticRegression } from "../models/logistic_regression.ts";
import type { ModelSpec, Predict, TrainingData } from "../models/model.ts";
import { fitNearestNeighbours } from "../models/nearest_neighbours.ts";
import { fitRandomForest } from "../models/random_forest.ts";
import { score } from "../models/score.ts";
import { fitStandardiser } from "../models/standardise.ts";
import { parsePenguins } from "../penguins.ts";
import { PENGUINS } from "../tasks/load_penguins.ts";

const { rows, labels } = parsePenguins(await Deno.readTextFile(PENGUINS));
const [held, ...others] = stratifiedFolds(labels, { folds: 5, seed: 2020 });
const standardise = fitStandardiser(others.flat().map((row) => rows[row]!));
const training = {
  rows: standardise(others.flat().map((row) => rows[row]!)),
  labels: others.flat().map((row) => labels[row]!),
};
const test = {
  rows: standardise(held!.map((row) => rows[row]!)),
  labels: held!.map((row) => labels[row]!),
};

function fit(spec: ModelSpec, data: TrainingData, seed: number): Predict {
  switch (spec.kind) {
    case "nearest neighbours":
      return fitNearestNeighbours(data, spec.neighbours);
    case "decision tree":
      return fitDecisionTree(data, spec.depth);
    case "random forest":
      return fitRandomForest(data, spec.trees, seed);
    case "logistic regression":
      return fitLogisticRegression(data, spec.steps);
  }
}

const GOOD: ModelSpec[] = [
  { kind: "nearest neighbours", neighbours: 7 },
  { kind: "decision tree", depth: 4 },
  { kind: "random forest", trees: 17 },
  { kind: "logistic regression", steps: 100 },
];

for (const spec of GOOD) {
  Deno.test(`${spec.kind}: more than 9 of 10 unseen birds are classified rightly`, () => {
    const { accuracy } = score(fit(spec, training, 1)(test.rows), test.labels);
    assert(accuracy > 0.9, `accuracy ${accuracy}`);
  });

  Deno.test(`${spec.kind}: equal seeds give equal models, and fitting changes no data`, () => {
    const before = structuredClone(training);
    const predict = () => fit(spec, training, 1234567890)(test.rows);
    assertEquals(predict(), predict());
    assertEquals(training, before);
  });
}

Deno.test("nearest neighbours: the k-d tree finds what looking at every bird finds", () => {
  const predicted = fit({ kind: "nearest neighbours", neighbours: 1 }, training, 0)(test.rows);
  const distance = (a: number[], b: number[]) => Math.hypot(...a.map((value, i) => value - b[i]!));
  const nearest = test.rows.map((row) => {
    const distances = training.rows.map((other) => distance(row, other));
    return training.labels[distances.indexOf(Math.min(...distances))];
  });
  assertEquals(predicted, nearest);
});

Deno.test("random forests of other seeds are other forests", () => {
  const predict = (seed: number) =>
    fit({ kind: "random forest", trees: 1 }, training, seed)(test.rows).join("");
  assert(new Set([1, 2, 3, 4, 2 ** 32 - 1].map(predict)).size > 1);
});

Deno.test("training rows are standardised to mean 0 and standard deviation 1", () => {
  for (const column of training.rows[0]!.keys()) {
    const values = training.rows.map((row) => row[column]!);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
    assertAlmostEquals(mean, 0, 1e-9);
    assertAlmostEquals(Math.sqrt(squares / (values.length - 1)), 1, 1e-9);
  }
});

Deno.test("unseen rows are standardised by what the training rows say", () => {
  const standardise = fitStandardiser([[0, 5], [1, 5], [2, 5]]);
  assertEquals(standardise([[1, 5], [3, 6]]), [[0, 0], [2, 1]]);
});

Deno.test("scores: accuracy is the share that is right, macro F1 the mean of the classes' F1", () => {
  const { accuracy, macroF1 } = score([0, 0, 1, 1, 0, 0], [0, 0, 1, 1, 1, 2]);
  assertAlmostEquals(accuracy, 4 / 6);
  assertAlmostEquals(macroF1, (4 / 6 + 4 / 5 + 0) / 3);
});
