import type { Matrix } from "ml-matrix";

// The package has no types of its own; these are of what is used of it.
export default class LogisticRegression {
  constructor(options: { numSteps: number; learningRate: number });
  train(rows: Matrix, labels: Matrix): void;
  predict(rows: Matrix): number[];
}
