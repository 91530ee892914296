import type { Link, LinkListener, Setup, TakingBack } from "./_link.ts";
import {
  BEGUN,
  type FromWorker,
  QUEUED,
  SharedPlaces,
  STOP,
  TAKEN,
  type WorkMessage,
} from "./_worker_protocol.ts";

/** The connection to a Web Worker of this process: messages, and memory that both threads share. */
export class ThreadLink implements Link {
  readonly #worker: Worker;
  #listener: LinkListener | undefined;
  #places = new SharedPlaces();

  /** Whether it is known to have started. */
  started = false;
  /** Whether it is dead. */
  ended = false;

  constructor() {
    this.#worker = new Worker(new URL("./_worker.ts", import.meta.url), {
      type: "module",
      name: "labtech",
    });
    this.#worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
      this.started = true;
      this.#listener?.message(data);
    };
    this.#worker.onmessageerror = () => this.#died("one of its messages could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault(); // or it would end the whole program
      this.#died(event.message);
    };
  }

  join(setup: Setup, listener: LinkListener): void {
    this.#listener = listener;
    this.#places = new SharedPlaces();
    this.#worker.postMessage({ kind: "setup", places: this.#places.buffer, ...setup });
  }

  leave(): void {
    this.#listener = undefined;
  }

  queue(place: number): void {
    Atomics.store(this.#places.states, place, QUEUED);
  }

  send(work: WorkMessage): void {
    this.#worker.postMessage(work);
  }

  takeBack(place: number): TakingBack {
    const { states } = this.#places;
    // The place stays taken until the worker says that it passed the job over.
    return Atomics.compareExchange(states, place, QUEUED, TAKEN) === QUEUED ? "taken" : "begun";
  }

  beginOf(place: number): number | undefined {
    const { states, begun } = this.#places;
    return Atomics.load(states, place) === BEGUN ? begun[place] : undefined;
  }

  /** Ends the thread, though a busy one may burn on until it returns. */
  terminate(): Promise<void> {
    this.ended = true;
    this.#listener = undefined;
    Atomics.store(this.#places.states, STOP, 1);
    this.#worker.postMessage({ kind: "abort" });
    this.#worker.terminate();
    return Promise.resolve();
  }

  #died(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#worker.terminate();
    this.#listener?.died(reason);
  }
}
