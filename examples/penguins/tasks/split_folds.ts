import { type Task, task } from "@labtech/lab";
import { stratifiedFolds } from "../folds.ts";
import type { Birds } from "../penguins.ts";

/** Splits the birds into folds, each with its share of every species. */
export const SplitFolds = task(import.meta, {
  name: "SplitFolds",
  run: (
    { birds, folds, seed }: { birds: Task<Birds>; folds: number; seed: number },
  ): number[][] => stratifiedFolds(birds.result.labels, { folds, seed }),
});
