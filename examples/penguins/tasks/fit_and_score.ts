import { type Task, task } from "@labtech/lab";
import { fit } from "../models/fit.ts";
import type { ModelSpec } from "../models/model.ts";
import { type Score, score } from "../models/score.ts";
import { fitStandardiser } from "../models/standardise.ts";
import type { Birds } from "../penguins.ts";

/** Fits one model with one setting on all folds but one, and scores it on that one. */
export const FitAndScore = task(import.meta, {
  name: "FitAndScore",
  run(
    { model, fold, split, birds }: {
      model: ModelSpec;
      fold: number;
      split: Task<number[][]>;
      birds: Task<Birds>;
    },
    { seed },
  ): Score {
    const { rows, labels } = birds.result;
    const test = split.result[fold]!;
    const training = split.result.flatMap((members, i) => i === fold ? [] : members);
    const at = <T>(values: readonly T[], places: number[]) => places.map((place) => values[place]!);

    const standardise = fitStandardiser(at(rows, training));
    const predict = fit(
      model,
      { rows: standardise(at(rows, training)), labels: at(labels, training) },
      seed,
    );
    return score(predict(standardise(at(rows, test))), at(labels, test));
  },
});
