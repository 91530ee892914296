/** What tasks are timed by. */
export interface Clock {
  /** Gives a time in ms that never goes back, for lengths of time. */
  readonly elapsed: () => number;
  /** Gives the time in ms since the epoch. */
  readonly now: () => number;
}

/** The clock of the program, as it is at the moment. */
export const PROGRAM_CLOCK: Clock = { elapsed: () => performance.now(), now: () => Date.now() };

/**
 * The clock of a thread, as it was when the library was loaded there: tasks that replace what tells the time, as fake
 * timers do, spoil nothing that is told of them.
 */
export const THREAD_CLOCK: Clock = {
  elapsed: performance.now.bind(performance),
  now: Date.now.bind(Date),
};
