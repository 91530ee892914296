// The types in the package refer to modules that it does not bring; these are of what is used of it.
export class RandomForestClassifier {
  constructor(options: {
    nEstimators: number;
    maxFeatures: number;
    replacement: boolean;
    useSampleBagging: boolean;
    noOOB: boolean;
    seed: number;
  });
  train(rows: number[][], labels: number[]): void;
  predict(rows: number[][]): number[];
}
