// @ts-types="./ml_logistic_regression.d.ts"
import LogisticRegression from "ml-logistic-regression";
import { Matrix } from "ml-matrix";
import type { Predict, TrainingData } from "./model.ts";

/**
 * The step along the gradient, which the package sums over the rows. Gradient descent cannot overshoot
 * below 2 / L, where L is a quarter of the largest eigenvalue of the rows' X'X; half of that is usual.
 * For 274 standardised rows of penguins L is about 188.
 */
const LEARNING_RATE = 0.005;

/** Logistic regression, one class against the others, by `steps` steps of gradient descent. */
export function fitLogisticRegression({ rows, labels }: TrainingData, steps: number): Predict {
  const model = new LogisticRegression({
    numSteps: steps,
    learningRate: LEARNING_RATE,
  });
  model.train(withIntercept(rows), Matrix.columnVector([...labels]));
  return (unseen) => model.predict(withIntercept(unseen));
}

// The package fits no constant term; a column of ones makes it one of the weights.
function withIntercept(rows: readonly (readonly number[])[]): Matrix {
  return new Matrix(rows.map((row) => [1, ...row]));
}
