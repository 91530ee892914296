import { brokerOf } from "../../runners/_bullmq_broker.ts";
import { isGroup, readGroup } from "../../runners/_bullmq_group_payload.ts";
import { BrokerLink } from "../../runners/_bullmq_link.ts";
import type { BullQueue } from "../../runners/_bullmq_package.ts";

/** A task that lost its worker. */
export interface Stall {
  /** The key of its result. */
  readonly key: string;
  /** When it was told, in ms since the epoch. */
  readonly at: number;
}

/** Takes down which tasks lost their workers, as the broker tells whoever listens. */
export class Stalls implements AsyncDisposable {
  /** All of them so far. */
  readonly all: Stall[] = [];
  /** The jobs begun so far that carry several tasks. */
  readonly together = new Set<string>();
  readonly #link: BrokerLink;
  /** What is being found out of tasks that travelled together. */
  readonly #asked = new Set<Promise<void>>();

  private constructor(link: BrokerLink) {
    this.#link = link;
  }

  /** Listens from now on to some queues of a broker. */
  static async watch(url: string, queues: readonly string[]): Promise<Stalls> {
    // It says that it lost the broker, which the trial has just killed.
    const link = await BrokerLink.open(brokerOf({ url }), { timeout: 15_000 }, () => {});
    const stalls = new Stalls(link);
    for (const queue of queues) {
      const events = link.events(queue);
      await events.waitUntilReady();
      events.on("active", ({ jobId = "" }) => {
        if (jobId.startsWith("group.")) stalls.together.add(jobId);
      });
      const looked = link.queue(queue);
      events.on("stalled", ({ jobId }) => stalls.#took(looked, String(jobId)));
    }
    return stalls;
  }

  /** Resolves when all that was told is in the list. */
  async told(): Promise<void> {
    await Promise.all(this.#asked);
  }

  #took(queue: BullQueue, jobId: string): void {
    const at = Date.now();
    if (!jobId.startsWith("group.")) return void this.all.push({ key: jobId, at });
    const asked = queue.getJob(jobId).then((job) => {
      if (!isGroup(job?.data)) return; // it is over by now
      for (const { key } of readGroup(job!.data)) this.all.push({ key, at });
    }).catch(() => {}).finally(() => this.#asked.delete(asked));
    this.#asked.add(asked);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.told();
    await this.#link[Symbol.asyncDispose]();
  }
}
