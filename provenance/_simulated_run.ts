import { type Plan, Scheduler } from "../scheduler/scheduler.ts";

/**
 * How long a run takes, in ms, if each task takes as long as is said: in the order and within the limits of a
 * run's scheduler, with so many workers, each as quick as if it were alone.
 *
 * @throws {LabtechError} When tasks depend on themselves in a circle.
 */
export function simulatedRun(
  plans: readonly Plan[],
  durationOf: (id: string) => number,
  workers: number,
): number {
  const scheduler = new Scheduler();
  scheduler.add(plans);
  const running = new Map<string, number>();
  let now = 0;
  for (;;) {
    while (scheduler.running < workers) {
      const id = scheduler.next();
      if (id === undefined) break;
      running.set(id, now + durationOf(id));
    }
    if (running.size === 0) return now;
    // There are as many as workers: not worth an order.
    let [first, end] = ["", Infinity];
    for (const [id, at] of running) if (at < end) [first, end] = [id, at];
    now = end;
    running.delete(first);
    scheduler.succeed(first);
  }
}
