import { type Task, task } from "@labtech/lab";
// @ts-types="npm:@types/d3-array@^3.2.2"
import { deviation, mean } from "d3-array";
import type { ModelSpec } from "../models/model.ts";
import type { Score } from "../models/score.ts";

/** A mean over folds and how far the folds spread. */
export interface Spread {
  /** The mean. */
  readonly mean: number;
  /** The standard deviation of the sample (over n - 1). */
  readonly sd: number;
}

/** How well one setting of a model does. */
export interface CrossValidated {
  /** The model and its setting. */
  readonly model: ModelSpec;
  /** The share of birds classified rightly. */
  readonly accuracy: Spread;
  /** The mean of the species' F1. */
  readonly macroF1: Spread;
}

/** Puts the folds of one setting together. */
export const CrossValidate = task(import.meta, {
  name: "CrossValidate",
  run({ model, scores }: { model: ModelSpec; scores: Task<Score>[] }): CrossValidated {
    const results = scores.map((score) => score.result);
    return {
      model,
      accuracy: spread(results.map((result) => result.accuracy)),
      macroF1: spread(results.map((result) => result.macroF1)),
    };
  },
});

function spread(values: number[]): Spread {
  return { mean: mean(values) ?? NaN, sd: deviation(values) ?? NaN };
}
