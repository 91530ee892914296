/** Of jobs that are quick, so many are in hand for each place that they last for so long, in ms. */
const AHEAD = 8;
const MOST_AHEAD = 32;
/** And so many for so long after a job of several tasks, of which none is taken ahead, in ms: more may follow. */
const BESIDE = { ahead: 4, since: 1000 };

/** How quick the jobs of a queue are, and how many of them share a place therefore. */
export interface Pace {
  /** How long tasks take, in ms, as far as that is known: without what goes on around them. */
  length: number | undefined;
  /** How many jobs of one task take up one place. */
  ahead: number;
  /** How many jobs of several tasks are in hand, each of which takes up one place. */
  groups: number;
  /** When the last of these was taken. */
  grouped: number;
}

/** Of a queue of which nothing is known. */
export function newPace(): Pace {
  return { length: undefined, ahead: 1, groups: 0, grouped: -Infinity };
}

/** Learns how long a task took, in ms, and how many of its like may share a place. */
export function learn(pace: Pace, took: number): void {
  const { length } = pace;
  pace.length = length === undefined ? took : length + (took - length) / 8;
  // By and by, as the first few may not be like the others; and not for every change.
  const lasting = pace.length * pace.ahead;
  if (2 * lasting <= AHEAD) pace.ahead = Math.min(2 * pace.ahead, MOST_AHEAD);
  else if (lasting > 2 * AHEAD) pace.ahead = Math.max(1, pace.ahead / 2);
}

/** How many jobs may be in hand for each place, of whatever kind comes next. */
export function aheadOf({ ahead, groups, grouped }: Pace): number {
  if (groups > 0) return 1;
  return performance.now() - grouped < BESIDE.since ? Math.min(ahead, BESIDE.ahead) : ahead;
}
