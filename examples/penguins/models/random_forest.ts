// @ts-types="./ml_random_forest.d.ts"
import { RandomForestClassifier } from "ml-random-forest";
import { type Predict, type TrainingData, writable } from "./model.ts";

/** How many of the features each tree sees. */
const FEATURES_A_TREE = 3;

/**
 * A vote of classification trees, each grown on a sample of the rows drawn with replacement, and on
 * three of the features. Equal seeds (32 bits) give equal forests.
 */
export function fitRandomForest(
  { rows, labels }: TrainingData,
  trees: number,
  seed: number,
): Predict {
  const model = new RandomForestClassifier({
    nEstimators: trees,
    maxFeatures: FEATURES_A_TREE,
    replacement: false,
    useSampleBagging: true,
    noOOB: true,
    seed,
  });
  model.train(writable(rows), [...labels]);
  return (unseen) => model.predict(writable(unseen));
}
