import { assertEquals } from "@std/assert";
import { Lookout } from "../../runners/_bullmq_lookout.ts";
import type { BullJob } from "../../runners/_bullmq_package.ts";
import type { Queued } from "../../runners/_bullmq_pending.ts";
import type { OpenQueue } from "../../runners/_bullmq_queue.ts";

/** As many as are looked after at a time. */
const AT_ONCE = 500;

/** Has time pass only where it is told to. */
class Clock implements Disposable {
  readonly #now = performance.now;
  readonly #setInterval = globalThis.setInterval;
  readonly #clearInterval = globalThis.clearInterval;
  readonly #intervals = new Map<number, { beat: () => void; ms: number; due: number }>();
  #time = 0;
  #ids = 0;

  constructor() {
    performance.now = () => this.#time;
    globalThis.setInterval = ((beat: () => void, ms: number) => {
      this.#intervals.set(++this.#ids, { beat, ms, due: this.#time + ms });
      return this.#ids;
    }) as unknown as typeof setInterval;
    globalThis.clearInterval = ((id: number) => this.#intervals.delete(id)) as typeof clearInterval;
  }

  async pass(ms: number): Promise<void> {
    const end = this.#time + ms;
    for (;;) {
      const next = [...this.#intervals.values()].sort((a, b) => a.due - b.due)[0];
      if (next === undefined || next.due > end) break;
      this.#time = next.due;
      next.due += next.ms;
      next.beat();
      await settled();
    }
    this.#time = end;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
    globalThis.setInterval = this.#setInterval;
    globalThis.clearInterval = this.#clearInterval;
  }
}

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** A lookout for so many jobs, of each of which something is in the queue or nothing, and what it tells of them. */
function lookoutFor(count: number, jobOf: (id: number) => Partial<BullJob> | undefined) {
  const queued = Array.from({ length: count }, (_, at) => ({
    ...{ queue: "lab.Fit", options: { jobId: `${at}` }, since: 0, adds: 1, announced: true },
  })) as unknown as Queued[];
  const told: string[] = [];
  const tell = ({ options }: Queued, what: string) => void told.push(`${options.jobId} ${what}`);
  const queue = { getJob: async (id: string) => await jobOf(Number(id)) };
  const lookout = new Lookout({
    ...{ queued: () => queued, isPending: () => true, warn: () => {} },
    queueOf: () => Promise.resolve({ queue } as unknown as OpenQueue),
    found: (job) => tell(job, "found"),
    gone: (job) => Promise.resolve(tell(job, "gone")),
  });
  return { queued, told, lookout };
}

/** Each two seconds it is looked. */
const LOOK = 2000;
/** What may be told meanwhile is waited for no longer. */
const MOMENT = 250;

Deno.test("jobs that wait keep none from being looked after, however many they are", async () => {
  using clock = new Clock();
  // The last one is over, and nobody was told.
  const { told, lookout } = lookoutFor(AT_ONCE + 1, (id) => id < AT_ONCE ? {} : undefined);
  for (let looks = 0; looks < 6; looks++) await clock.pass(LOOK);
  await lookout.close();
  assertEquals(new Set(told.filter((text) => text.endsWith("gone"))), new Set([`${AT_ONCE} gone`]));
});

Deno.test("a job that is over, and of which the news is on its way, is not taken to be gone", async () => {
  using clock = new Clock();
  const { told, lookout, queued: [job, other] } = lookoutFor(2, () => undefined);
  await clock.pass(2 * LOOK + MOMENT);
  assertEquals(told, []);
  // Something is heard of one.
  job!.since = performance.now();
  await clock.pass(2 * LOOK);
  assertEquals(told, ["1 gone"]);
  other!.adds = 0;
  await clock.pass(4 * LOOK);
  assertEquals(told, ["1 gone", "0 gone"]);
  await lookout.close();
});

Deno.test("what is told of a job a moment after it was found over goes before what was found", async () => {
  using clock = new Clock();
  const failed = { finishedOn: 1, failedReason: "no" };
  const { told, lookout, queued: [job] } = lookoutFor(3, (id) => id < 2 ? failed : undefined);
  await clock.pass(2 * LOOK);
  // It is heard of after the answer, as where the program stood still: that has been waiting to be read.
  job!.since++;
  await clock.pass(MOMENT);
  assertEquals(told, ["1 found"]);
  await lookout.close();
});

Deno.test("a job that cannot be read keeps none from being looked after", async () => {
  using clock = new Clock();
  const { told, lookout } = lookoutFor(3, (id) => {
    if (id === 1) throw new SyntaxError("no JSON");
    return id === 0 ? { finishedOn: 1 } : undefined;
  });
  for (let looks = 0; looks < 4; looks++) await clock.pass(LOOK + MOMENT);
  await lookout.close();
  assertEquals(new Set(told), new Set(["0 found", "2 gone"]));
});

Deno.test("who waits for what may be on its way is told to look no more", async () => {
  using clock = new Clock();
  const { told, lookout } = lookoutFor(1, () => ({ finishedOn: 1 }));
  await clock.pass(2 * LOOK);
  await lookout.close();
  assertEquals(told, []);
});
