import { assertEquals } from "@std/assert";
import { Lookout } from "../../runners/_bullmq_lookout.ts";
import type { Queued } from "../../runners/_bullmq_pending.ts";
import type { OpenQueue } from "../../runners/_bullmq_queue.ts";

/** As many as are looked after at a time. */
const AT_ONCE = 500;

/** Has time pass only where it is told to. */
class Clock implements Disposable {
  readonly #now = performance.now;
  readonly #setInterval = globalThis.setInterval;
  #time = 0;
  #beat: () => void = () => {};

  constructor() {
    performance.now = () => this.#time;
    globalThis.setInterval = ((beat: () => void) => {
      this.#beat = beat;
      return 0;
    }) as unknown as typeof setInterval;
  }

  async pass(ms: number): Promise<void> {
    this.#time += ms;
    this.#beat();
    await new Promise((resolve) => setTimeout(resolve, 0));
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
    globalThis.setInterval = this.#setInterval;
  }
}

/** A lookout for so many jobs of which some are in the queue, and which of the others are taken to be gone. */
function lookoutFor(count: number, isThere: (id: number) => boolean) {
  const queued = Array.from({ length: count }, (_, at) => ({
    ...{ queue: "lab.Fit", options: { jobId: `${at}` }, since: 0, adds: 1, announced: true },
  })) as unknown as Queued[];
  const gone: string[] = [];
  const queue = { getJob: (id: string) => Promise.resolve(isThere(Number(id)) ? {} : undefined) };
  const lookout = new Lookout({
    ...{ queued: () => queued, isPending: () => true, found: () => {}, warn: () => {} },
    queueOf: () => Promise.resolve({ queue } as unknown as OpenQueue),
    gone: ({ options }) => Promise.resolve(void gone.push(options.jobId)),
  });
  return { queued, gone, lookout };
}

Deno.test("jobs that wait keep none from being looked after, however many they are", async () => {
  using clock = new Clock();
  // The last one is over, and nobody was told.
  const { gone, lookout } = lookoutFor(AT_ONCE + 1, (id) => id < AT_ONCE);
  for (let looks = 0; looks < 4; looks++) await clock.pass(2001);
  await lookout.close();
  assertEquals(gone, [`${AT_ONCE}`]);
});

Deno.test("a job that is over, and of which the news is on its way, is not taken to be gone", async () => {
  using clock = new Clock();
  const { gone, lookout, queued: [job, other] } = lookoutFor(2, () => false);
  await clock.pass(2001);
  assertEquals(gone, []);
  // Something is heard of one.
  await clock.pass(1000);
  job!.since = performance.now();
  await clock.pass(1001);
  assertEquals(gone, ["1"]);
  other!.adds = 0;
  await clock.pass(1000);
  assertEquals(gone, ["1"]);
  await clock.pass(2001);
  assertEquals(gone, ["1", "0"]);
  await lookout.close();
});
