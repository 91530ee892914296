// The package has no types of its own; these are of what is used of it.
export default class KNN {
  constructor(rows: number[][], labels: number[], options: { k: number });
  predict(rows: number[][]): number[];
}
