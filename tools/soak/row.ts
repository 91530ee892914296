/** What was reached. */
export interface Reached {
  /** In words, with counts. */
  readonly figure: string;
  /** What was wrong; nothing where the target is met. */
  readonly problems: readonly string[];
}

/** How much of it is done. */
export interface Extent {
  /** Which part of the full count: more than 0, at most 1. */
  readonly scale: number;
}

/** One target, and how it is tried. */
export interface Row {
  /** The number of the target. */
  readonly target: number;
  /** The storage that it is tried on; left out where the target is of no storage. */
  readonly storage?: string;
  /** What is tried, and the figure that is wanted. */
  readonly wanted: string;
  /** Why it cannot be tried here; `undefined` where it can. */
  missing?(): Promise<string | undefined>;
  /** Tries it. */
  run(extent: Extent): Promise<Reached>;
}
