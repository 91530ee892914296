// @ts-types="./ml_cart.d.ts"
import { DecisionTreeClassifier } from "ml-cart";
import { type Predict, type TrainingData, writable } from "./model.ts";

/** A classification tree (CART, Gini impurity) of at most `depth` questions to a leaf. */
export function fitDecisionTree({ rows, labels }: TrainingData, depth: number): Predict {
  const model = new DecisionTreeClassifier({
    gainFunction: "gini",
    maxDepth: depth,
  });
  model.train(writable(rows), [...labels]);
  return (unseen) => model.predict(writable(unseen));
}
