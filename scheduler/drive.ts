import { LabtechError } from "../errors.ts";
import type { Consequences, Plan, Scheduler } from "./scheduler.ts";

/** How running a task ended, as the loop sees it. */
export type Ending<O> =
  /** It ran. */
  | { readonly kind: "done"; readonly outcome: O }
  /** It failed. */
  | { readonly kind: "failed"; readonly outcome: O }
  /** It failed, and is to be tried again. It is over when `wait` says so: then it is, or it failed for good. */
  | { readonly kind: "retry"; readonly wait: Promise<boolean>; readonly outcome: O }
  /**
   * Somebody else is at it: it begins again when `turn` says so, and takes no slot until then. Where that
   * gives false, the loop is about to end.
   */
  | { readonly kind: "held"; readonly turn: Promise<boolean> }
  /** It could not begin, since these have to be run first. */
  | { readonly kind: "missing"; readonly lost: readonly Plan[] }
  /** It was not begun. */
  | { readonly kind: "dropped" };

/** What the loop drives. */
export interface Drive<O> {
  /** Decides what runs next. */
  readonly scheduler: Scheduler;
  /** How many tasks to have running, just now. */
  readonly slots: () => number;
  /** Runs a task. Rejects only when the whole run cannot go on. */
  readonly execute: (id: string) => Promise<Ending<O>>;
  /** Is told of each end and what it entails. Whether more is to be started is its answer. */
  readonly ended: (id: string, outcome: O, consequences: Consequences) => void;
  /**
   * Is told of tasks that cannot run after all, though none ended just now: what they need was lost, and
   * depends on a task that failed.
   */
  readonly skipped?: (consequences: Consequences) => void;
  /** Starts nothing new when aborted; the loop ends when what runs has ended. */
  readonly drain: AbortSignal;
  /** Ends the loop without waiting for what runs. */
  readonly stop: AbortSignal;
}

// Tasks that never wait would keep timers, signals and messages from their turn.
const TURN = 50;

/** Runs all that the scheduler knows, until nothing is left to run, or it is told to end. */
export function drive<O>(it: Drive<O>): Promise<void> {
  const { scheduler, drain, stop } = it;
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let lastTurn = performance.now();
  let over = false;
  let waiting = 0;
  const end = () => {
    over = true;
    resolve();
  };
  const giveUp = (error: unknown) => {
    over = true;
    reject(error);
  };

  const pump = () => {
    if (over) return;
    if (stop.aborted) return end();
    while (!over && !drain.aborted && scheduler.running < it.slots()) {
      const id = scheduler.next();
      if (id === undefined) break;
      launch(id);
    }
    if (over || scheduler.running > 0 || waiting > 0) return;
    if (drain.aborted || scheduler.unfinished === 0) end();
    else if (it.slots() < 1) giveUp(new LabtechError("The runner takes no tasks"));
    else giveUp(new LabtechError(`${scheduler.unfinished} tasks wait for each other in a circle`));
  };
  const launch = async (id: string) => {
    try {
      settle(id, await it.execute(id));
      const now = performance.now();
      if (now - lastTurn > TURN) {
        await turn();
        lastTurn = performance.now();
      }
      pump();
    } catch (error) {
      giveUp(error);
    }
  };
  const settle = (id: string, ending: Ending<O>) => {
    if (over || stop.aborted) return;
    switch (ending.kind) {
      case "done":
        return it.ended(id, ending.outcome, scheduler.succeed(id));
      case "failed":
        return it.ended(id, ending.outcome, scheduler.fail(id));
      case "retry":
        scheduler.pause(id);
        waiting++;
        return void ending.wait.then((again) => resume(id, ending.outcome, again));
      case "held":
        scheduler.pause(id);
        waiting++;
        return void ending.turn.then((goesOn) => goOn(id, goesOn));
      case "missing":
        return tell(scheduler.retry(id, ending.lost));
      case "dropped":
        return tell(scheduler.putBack(id));
    }
  };
  const resume = (id: string, outcome: O, again: boolean) => {
    waiting--;
    if (over || stop.aborted) return;
    if (again) scheduler.resume(id);
    else {
      const consequences = scheduler.giveUp(id);
      if (consequences !== undefined) it.ended(id, outcome, consequences);
    }
    pump();
  };
  const goOn = (id: string, goesOn: boolean) => {
    waiting--;
    if (over || stop.aborted) return;
    if (goesOn) scheduler.resume(id);
    pump();
  };
  const tell = (consequences: Consequences) => {
    if (consequences.skipped.length > 0) it.skipped?.(consequences);
  };

  stop.addEventListener("abort", end, { once: true, signal: done(promise) });
  drain.addEventListener("abort", pump, { once: true, signal: done(promise) });
  pump();
  return promise;
}

// By a message: a timer would come 2 ms later.
async function turn(): Promise<void> {
  const { port1, port2 } = new MessageChannel();
  await new Promise((resolve) => {
    port1.onmessage = resolve;
    port2.postMessage(undefined);
  });
  port1.close();
  port2.close();
}

// Takes listeners away when the loop has ended.
function done(promise: Promise<void>): AbortSignal {
  const controller = new AbortController();
  const end = () => controller.abort();
  promise.then(end, end);
  return controller.signal;
}
