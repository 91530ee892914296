import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { LabtechError } from "../../errors.ts";
import { SEED } from "../_random_params.ts";
import { Driven } from "./_driven.ts";
import type { SchedulerLibrary } from "./_library.ts";
import { Pair } from "./_pair.ts";
import { plan } from "./_plans.ts";
import { Tape } from "./_tape.ts";

/** How much is tried. */
export interface Extent {
  /** How many random runs. */
  readonly runs: number;
  /** Whether to leave the first run that fails as long as it is. @default {false} */
  readonly endOnFailure?: boolean;
}

/** What was tried, by name, and how often. */
export type Counts = Record<string, number>;

const TAPE = fc.array(fc.nat(1000), { minLength: 60, maxLength: 400, size: "max" });

/** Any tasks and events, side by side with the plain model. */
function model(library: SchedulerLibrary, { runs, ...options }: Extent): Promise<Counts> {
  const counts = { events: 0, begun: 0, skipped: 0, paused: 0 };
  fc.assert(
    fc.property(TAPE, (numbers) => {
      const pair = new Pair(new Tape(numbers), library);
      pair.add(1 + pair.tape.below(20));
      while (!pair.tape.ended) pair.step();
      pair.finish();
      counts.events += pair.steps;
      counts.begun += pair.ran.length;
      counts.skipped += pair.model.ids("skipped").length;
      counts.paused += pair.paused;
    }),
    { ...SEED, ...options, numRuns: runs },
  );
  return Promise.resolve(counts);
}

/** The loop over tasks that fail, are tried again, held, dropped, or miss what they need. */
async function loop(library: SchedulerLibrary, { runs, ...options }: Extent): Promise<Counts> {
  const counts: Counts = {};
  await fc.assert(
    fc.asyncProperty(TAPE, async (numbers) => {
      const driven = new Driven(new Tape(numbers), library);
      await driven.run();
      for (const [what, count] of Object.entries(driven.met)) {
        counts[what] = (counts[what] ?? 0) + count;
      }
    }),
    { ...SEED, ...options, numRuns: runs },
  );
  return counts;
}

/** Tasks in a circle, with others above and below it. */
function circles(library: SchedulerLibrary, { runs, ...options }: Extent): Promise<Counts> {
  const counts = { circles: 0 };
  fc.assert(
    fc.property(TAPE, (numbers) => {
      const tape = new Tape(numbers);
      const plans = Array.from(
        { length: 2 + tape.below(12) },
        (_, n) => plan(`t${n}`, tape.some(Array.from({ length: n }, (_, below) => `t${below}`), 3)),
      );
      const [from, to] = [tape.below(plans.length), tape.below(plans.length)].sort((a, b) => a - b);
      const low = plans[from!]!;
      plans[from!] = plan(low.id, [...low.dependencies!, `t${to}`]);
      const reached = (id: string, seen = new Set<string>()): Set<string> => {
        for (const each of plans[Number(id.slice(1))]!.dependencies!) {
          if (!seen.has(each)) reached(each, seen.add(each));
        }
        return seen;
      };
      const inCircles = plans.filter(({ id }) => reached(id).has(id)).map(({ id }) => id);
      const add = () => new library.Scheduler().add(plans);
      if (inCircles.length === 0) return void add();
      counts.circles++;
      const { message } = assertThrows(add, LabtechError, "depends on itself");
      const [, named] = /The task (t\d+) /.exec(message) ?? [];
      assert(inCircles.includes(named!), `${message}, but only ${inCircles} do`);
    }),
    { ...SEED, ...options, numRuns: runs },
  );
  return Promise.resolve(counts);
}

/** Delays before another attempt. */
function delays({ retryDelay }: SchedulerLibrary, { runs, ...options }: Extent): Promise<Counts> {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 5000 }), fc.double({ min: 0, max: 1 }), (n, part) => {
      let most = 1000;
      for (let failures = 1; failures < n && most < 60_000; failures++) most *= 2;
      assertEquals(retryDelay(n, part), part * Math.min(most, 60_000));
    }),
    { ...SEED, ...options, numRuns: runs },
  );
  return Promise.resolve({ delays: runs });
}

/** What holds of the scheduler whatever happens, each as a check that rejects where it does not. */
export const CHECKS = { model, loop, circles, delays } as const;

/** The name of a check. */
export type CheckName = keyof typeof CHECKS;

/** Gives the first thing that a check finds wrong. */
export async function findProblem(
  name: CheckName,
  library: SchedulerLibrary,
  extent: Extent,
): Promise<string | undefined> {
  try {
    await CHECKS[name](library, { ...extent, endOnFailure: true });
  } catch (error) {
    const { cause = error } = error as Error;
    return String(cause);
  }
}
