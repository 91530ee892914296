import { type Task, task } from "@labtech/lab";
import { parameterOf } from "../models/model.ts";
import type { CrossValidated } from "./cross_validate.ts";

/** One line of the ranking: flat, so that it fits a table. */
export type Standing = {
  /** 1 for the best. */
  rank: number;
  /** The kind of model. */
  model: string;
  /** The name of its parameter. */
  parameter: string;
  /** The parameter's value. */
  value: number;
  /** The mean over the folds of the share of birds classified rightly. */
  accuracy: number;
  /** Its standard deviation over the folds. */
  accuracy_sd: number;
  /** The mean over the folds of macro F1. */
  macro_f1: number;
  /** Its standard deviation over the folds. */
  macro_f1_sd: number;
};

/**
 * Ranks the settings: by accuracy, among equals by macro F1, and then in the order given. Kept as a
 * CSV file, by the cache that this study brings along.
 */
export const Ranking = task(import.meta, {
  name: "Ranking",
  cache: "csv",
  run: ({ candidates }: { candidates: Task<CrossValidated>[] }): Standing[] =>
    candidates
      .map((candidate) => candidate.result)
      .sort((a, b) => b.accuracy.mean - a.accuracy.mean || b.macroF1.mean - a.macroF1.mean)
      .map(({ model, accuracy, macroF1 }, i) => {
        const parameter = parameterOf(model);
        return {
          rank: i + 1,
          model: model.kind,
          parameter: parameter.name,
          value: parameter.value,
          accuracy: accuracy.mean,
          accuracy_sd: accuracy.sd,
          macro_f1: macroF1.mean,
          macro_f1_sd: macroF1.sd,
        };
      }),
});
