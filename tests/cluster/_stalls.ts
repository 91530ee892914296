import { brokerOf } from "../../runners/_bullmq_broker.ts";
import { BrokerLink } from "../../runners/_bullmq_link.ts";

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
  readonly #link: BrokerLink;

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
      events.on("stalled", ({ jobId }) => {
        stalls.all.push({ key: String(jobId), at: Date.now() });
      });
    }
    return stalls;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}
