/** A pipeline of four levels: classifiers, experiments on data sets, wrappings of them, an evaluation. */
import { type Task, task } from "@labtech/lab";
import { note } from "./trace.ts";

export interface Scores {
  readonly dataset: string;
  readonly classifier: { readonly trees: number };
}

export const Classifier = task(import.meta, {
  name: "Classifier",
  cache: null,
  run({ trees }: { trees: number }, { context, task }) {
    note(context, String(task));
    return { trees };
  },
});

export const Experiment = task(import.meta, {
  name: "Experiment",
  run(
    { classifier, dataset }: { classifier: Task<{ trees: number }>; dataset: string },
    { context, task },
  ): Scores {
    note(context, String(task));
    const datasets = context.datasets as Record<string, string>;
    const names = Object.keys(datasets);
    if (names.join() !== dataset) throw new Error(`Expected ${dataset} alone, got ${names}`);
    return { dataset: datasets[dataset]!, classifier: classifier.result };
  },
  filterContext: ({ datasets, trace }, { dataset }) => ({
    trace,
    datasets: { [dataset]: (datasets as Record<string, string>)[dataset] },
  }),
});

export const Wrapping = task(import.meta, {
  name: "Wrapping",
  async run({ experiment }: { experiment: Task<Scores> }, { context, task }) {
    note(context, String(task));
    await Promise.resolve();
    return { inner: experiment.result };
  },
});

export const Evaluation = task(import.meta, {
  name: "Evaluation",
  run({ experiments }: { experiments: Task<Scores | { inner: Scores }>[] }, { context, task }) {
    note(context, task.taskName);
    return experiments.map((experiment) => experiment.result);
  },
});

/** What the tasks are given beside their params. */
export const DATASETS = { a: "aaa", b: "bbb" };

/** The pipeline, built from nothing: equal each time, and never the same instances. */
export function pipeline(): Task<(Scores | { inner: Scores })[]> {
  const experiments = Object.keys(DATASETS).flatMap((dataset) =>
    [1, 2].map((trees) => Experiment({ classifier: Classifier({ trees }), dataset }))
  );
  const wrappings = experiments.map((experiment) => Wrapping({ experiment }));
  return Evaluation({ experiments: [...experiments, ...wrappings] });
}

/** What {@linkcode pipeline} gives. */
export const PIPELINE_RESULT = (() => {
  const scores = Object.values(DATASETS).flatMap((dataset) =>
    [1, 2].map((trees) => ({ dataset, classifier: { trees } }))
  );
  return [...scores, ...scores.map((inner) => ({ inner }))];
})();

/** One experiment three times: twice the same instance, once an equal one. */
export function repetition(): Task<(Scores | { inner: Scores })[]> {
  const make = () => Experiment({ classifier: Classifier({ trees: 2 }), dataset: "a" });
  const experiment = make();
  return Evaluation({ experiments: [experiment, experiment, make()] });
}
