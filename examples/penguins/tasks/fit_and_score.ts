import { type Task, task } from "@labtech/lab";
import { fitDecisionTree } from "../models/decision_tree.ts";
import { fitLogisticRegression } from "../models/logistic_regression.ts";
import type { Kind, ModelSpec, Predict, SpecOf, TrainingData } from "../models/model.ts";
import { fitNearestNeighbours } from "../models/nearest_neighbours.ts";
import { fitRandomForest } from "../models/random_forest.ts";
import { type Score, score } from "../models/score.ts";
import { fitStandardiser } from "../models/standardise.ts";
import type { Birds } from "../penguins.ts";

/** A model with one setting, and the fold that it is scored on. */
export interface FitParams<Spec extends ModelSpec = ModelSpec> {
  /** The model and its setting. */
  model: Spec;
  /** Which of the folds is kept from fitting. */
  fold: number;
  /** The folds: the places of their birds. */
  split: Task<number[][]>;
  /** The birds. */
  birds: Task<Birds>;
}

type ParamsOfKind<K extends Kind> = FitParams<SpecOf<K>>;

// A type for each kind of model, so that an edit of one runs the fits of that one again, and no others.

/** Fits nearest neighbours with one setting on all folds but one, and scores them on that one. */
export const FitNearestNeighbours = task(import.meta, {
  name: "FitNearestNeighbours",
  run: (params: ParamsOfKind<"nearest neighbours">): Score =>
    fitAndScore(params, (data) => fitNearestNeighbours(data, params.model.neighbours)),
});

/** The same for a decision tree. */
export const FitDecisionTree = task(import.meta, {
  name: "FitDecisionTree",
  run: (params: ParamsOfKind<"decision tree">): Score =>
    fitAndScore(params, (data) => fitDecisionTree(data, params.model.depth)),
});

/** The same for a random forest, whose trees are drawn by the task's own seed. */
export const FitRandomForest = task(import.meta, {
  name: "FitRandomForest",
  run: (params: ParamsOfKind<"random forest">, { seed }): Score =>
    fitAndScore(params, (data) => fitRandomForest(data, params.model.trees, seed)),
});

/** The same for a logistic regression. */
export const FitLogisticRegression = task(import.meta, {
  name: "FitLogisticRegression",
  run: (params: ParamsOfKind<"logistic regression">): Score =>
    fitAndScore(params, (data) => fitLogisticRegression(data, params.model.steps)),
});

/** The task that fits and scores a model of any kind. */
export function fitTask({ model, ...rest }: FitParams): Task<Score> {
  switch (model.kind) {
    case "nearest neighbours":
      return FitNearestNeighbours({ model, ...rest });
    case "decision tree":
      return FitDecisionTree({ model, ...rest });
    case "random forest":
      return FitRandomForest({ model, ...rest });
    case "logistic regression":
      return FitLogisticRegression({ model, ...rest });
  }
}

/** Fits on all folds but one, and scores on that one. */
function fitAndScore(
  { fold, split, birds }: FitParams,
  fit: (data: TrainingData) => Predict,
): Score {
  const { rows, labels } = birds.result;
  const test = split.result[fold]!;
  const training = split.result.flatMap((members, i) => i === fold ? [] : members);
  const at = <T>(values: readonly T[], places: number[]) => places.map((place) => values[place]!);

  const standardise = fitStandardiser(at(rows, training));
  const predict = fit({ rows: standardise(at(rows, training)), labels: at(labels, training) });
  return score(predict(standardise(at(rows, test))), at(labels, test));
}
