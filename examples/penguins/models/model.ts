/** A kind of model with its parameters, as a task's params hold it. */
export type ModelSpec =
  | { readonly kind: "nearest neighbours"; readonly neighbours: number }
  | { readonly kind: "decision tree"; readonly depth: number }
  | { readonly kind: "random forest"; readonly trees: number }
  | { readonly kind: "logistic regression"; readonly steps: number };

/** The kinds of models. */
export type Kind = ModelSpec["kind"];

/** A model of one kind with its parameters. */
export type SpecOf<K extends Kind> = Extract<ModelSpec, { readonly kind: K }>;

/** What a model is fitted on. */
export interface TrainingData {
  /** One row a sample; the features standardised. */
  readonly rows: readonly (readonly number[])[];
  /** The class of each row: 0, 1, 2, … */
  readonly labels: readonly number[];
}

/** A fitted model: gives the class of each row. */
export type Predict = (rows: readonly (readonly number[])[]) => number[];

/** A model's parameter: its name and its value. */
export function parameterOf(spec: ModelSpec): { name: string; value: number } {
  switch (spec.kind) {
    case "nearest neighbours":
      return { name: "neighbours", value: spec.neighbours };
    case "decision tree":
      return { name: "depth", value: spec.depth };
    case "random forest":
      return { name: "trees", value: spec.trees };
    case "logistic regression":
      return { name: "steps", value: spec.steps };
  }
}

/** Copies rows, because the packages that fit models want arrays that they may write to. */
export function writable(rows: readonly (readonly number[])[]): number[][] {
  return rows.map((row) => [...row]);
}
