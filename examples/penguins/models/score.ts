/** How well a model did on rows that it was not fitted on. */
export interface Score {
  /** The share of rows classified rightly. */
  readonly accuracy: number;
  /**
   * The mean over the classes of F1, the harmonic mean of precision and recall: a class counts as
   * much as another, however rare.
   */
  readonly macroF1: number;
}

/** Compares the classes predicted with the true ones. */
export function score(predicted: readonly number[], actual: readonly number[]): Score {
  if (predicted.length !== actual.length || actual.length === 0) {
    throw new RangeError(
      `Expected as many predictions as rows and at least one, got ${predicted.length} for ` +
        `${actual.length}`,
    );
  }
  const right = actual.filter((label, i) => predicted[i] === label).length;
  const classes = [...new Set([...actual, ...predicted])];
  const f1s = classes.map((label) => f1(label, predicted, actual));
  return {
    accuracy: right / actual.length,
    macroF1: f1s.reduce((sum, value) => sum + value, 0) / classes.length,
  };
}

function f1(label: number, predicted: readonly number[], actual: readonly number[]): number {
  const hits = actual.filter((value, i) => value === label && predicted[i] === label)
    .length;
  const said = predicted.filter((value) => value === label).length;
  const are = actual.filter((value) => value === label).length;
  return (2 * hits) / (said + are);
}
