import type { QueueWorker } from "../runners/_bullmq_worker.ts";
import type { WorkerState } from "./_health.ts";
import { count } from "./_quantities.ts";

/** How often it is looked whether there is nothing to do, in ms. */
const BEAT = 250;

/** From the start of a worker to its end: told once it finishes what runs, told twice it stops at once. */
export class WorkerLife implements Disposable {
  readonly #worker: QueueWorker;
  readonly #say: (text: string) => void;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #ending = Promise.withResolvers<void>();
  #exitCode = 0;

  /** What it does now. */
  state: WorkerState = "running";

  /** With `idleExit`, it ends when it had nothing to do for so many seconds. */
  constructor(worker: QueueWorker, say: (text: string) => void, idleExit = Infinity) {
    this.#worker = worker;
    this.#say = say;
    let idle = 0;
    this.#timer = setInterval(() => {
      // Who was halted, or whose machine stood still, may find something to do as soon as it goes on.
      idle = Math.min(idle + BEAT, worker.idle);
      if (idle > 1000 * idleExit) this.#drain("Nothing to do");
    }, BEAT);
  }

  /** It is told to end; `exitCode` is for the second time. */
  told(exitCode: number): void {
    if (this.state === "running") return this.#drain("Ending");
    this.#say("Stopping at once; what runs goes back into the queue");
    this.#exitCode = exitCode;
    this.#worker.stop().then(this.#ending.resolve);
  }

  /** Waits until it has ended; gives the exit code. */
  async ended(): Promise<number> {
    await this.#ending.promise;
    return this.#exitCode;
  }

  #drain(why: string): void {
    if (this.state === "draining") return;
    this.state = "draining";
    const { active } = this.#worker.counts;
    this.#say(`${why}: ${count(active, "task is", "tasks are")} finished first`);
    this.#worker.drain().then(this.#ending.resolve, this.#ending.reject);
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
  }
}
