import { fitDecisionTree } from "./decision_tree.ts";
import { fitLogisticRegression } from "./logistic_regression.ts";
import type { ModelSpec, Predict, TrainingData } from "./model.ts";
import { fitNearestNeighbours } from "./nearest_neighbours.ts";
import { fitRandomForest } from "./random_forest.ts";

/** Fits a model of any kind. `seed` (32 bits) is used by random forests only. */
export function fit(spec: ModelSpec, data: TrainingData, seed: number): Predict {
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
