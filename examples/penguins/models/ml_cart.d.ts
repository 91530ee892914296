// The package has no types of its own; these are of what is used of it.
export class DecisionTreeClassifier {
  constructor(options: { gainFunction: "gini"; maxDepth: number });
  train(rows: number[][], labels: number[]): void;
  predict(rows: number[][]): number[];
}
