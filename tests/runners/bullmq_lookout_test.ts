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

Deno.test("jobs that wait keep none from being looked after, however many they are", async () => {
  using clock = new Clock();
  const queued = Array.from({ length: AT_ONCE + 1 }, (_, at) => ({
    ...{ queue: "lab.Fit", options: { jobId: `${at}` }, since: 0, adds: 1, announced: true },
  })) as unknown as Queued[];
  const gone: string[] = [];
  const queue = {
    // The last one is over, and nobody was told.
    getJob: (id: string) => Promise.resolve(Number(id) < AT_ONCE ? {} : undefined),
  };
  const lookout = new Lookout({
    ...{ queued: () => queued, isPending: () => true, found: () => {}, warn: () => {} },
    queueOf: () => Promise.resolve({ queue } as unknown as OpenQueue),
    gone: ({ options }) => Promise.resolve(void gone.push(options.jobId)),
  });
  for (let looks = 0; looks < 2; looks++) await clock.pass(2001);
  await lookout.close();
  assertEquals(gone, [`${AT_ONCE}`]);
});
