// @ts-types="./ml_knn.d.ts"
import KNN from "ml-knn";
import { type Predict, type TrainingData, writable } from "./model.ts";

/** Classifies a row as most of its `neighbours` nearest training rows are. */
export function fitNearestNeighbours({ rows, labels }: TrainingData, neighbours: number): Predict {
  const model = new KNN(writable(rows), [...labels], { k: neighbours });
  return (unseen) => model.predict(writable(unseen));
}
