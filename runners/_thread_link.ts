import type { TaskUsage } from "../progress/events.ts";
import { letProgramEnd } from "./_burning.ts";
import type { Link, LinkListener, Setup, TakingBack } from "./_link.ts";
import { isFromWorker, isOutcome } from "./_message_forms.ts";
import type { PackedError } from "./_transport.ts";
import { watchThread } from "./_thread_watch.ts";
import {
  BEGUN,
  HEARD,
  IN_MEMORY,
  isOverdue,
  type OutcomeMessage,
  OVER,
  QUEUED,
  READY,
  SharedPlaces,
  STOP,
  TAKEN,
  TOLD,
  type WorkMessage,
} from "./_worker_protocol.ts";

// How long, in ms, a thread has to hear that it is to stop, and how often to look.
const PATIENCE = 100;
const LOOK = 5;
// How long, in ms, what a thread said of its heap is taken for true: it says so once a second.
const FRESH = 1500;
// How long, in ms, an idle thread has to release what it held, in so many parts: none of them passes while the
// program stands still.
const LAST = 1000;
const PARTS = 20;
// What is in its memory is no outcome: the worker is not to be trusted, and neither is the result.
const UNSOUND: PackedError = {
  name: "RunnerError",
  message: "What the worker said of the task is nothing that one says",
  stack: undefined,
  cause: undefined,
};

/** How a thread is started. */
export interface ThreadOptions {
  /** The module that it runs. @default {the library's} */
  readonly program?: URL;
  /** What it may touch. @default {what the program may} */
  readonly permissions?: Deno.PermissionOptionsObject;
}

const WORKER = new URL("./_worker.ts", import.meta.url);
const STRAY = "A message that was sent by self.postMessage is lost: a task gives results, and logs";

/** The connection to a Web Worker of this process: messages, and memory that both threads share. */
export class ThreadLink implements Link {
  readonly #worker: Worker;
  readonly #watch: Disposable;
  #listener: LinkListener | undefined;
  #places = new SharedPlaces();
  #hasJoined = false;
  #hasSpoken = false;

  /** Whether it is dead. */
  ended = false;

  constructor({ program = WORKER, permissions }: ThreadOptions = {}) {
    const bounds = permissions && { deno: { permissions } };
    this.#worker = new Worker(program, { type: "module", name: "labtech", ...bounds });
    this.#worker.onmessage = ({ data }: MessageEvent<unknown>) => {
      this.#hasSpoken = true;
      if (isFromWorker(data)) this.#listener?.message(data);
      else this.#listener?.output("warn", STRAY);
    };
    this.#worker.onmessageerror = () => this.#died("one of its messages could not be read");
    this.#worker.onerror = (event) => {
      event.preventDefault(); // or it would end the whole program
      this.#died(event.message);
    };
    this.#watch = watchThread(
      this.#worker,
      () => this.#died("its thread ended without a word"),
    );
  }

  /** Whether it is known to have started. */
  get started(): boolean {
    return this.#hasSpoken || this.isReady();
  }

  join(setup: Setup, listener: LinkListener): void {
    this.#listener = listener;
    this.#places = new SharedPlaces();
    this.#hasJoined = true;
    this.#worker.postMessage({ kind: "setup", places: this.#places.buffer, ...setup });
  }

  leave(): void {
    this.#listener = undefined;
    this.#worker.postMessage({ kind: "leave" });
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
    const state = Atomics.load(states, place);
    return state === BEGUN || isEnd(state) ? begun[place] : undefined;
  }

  isOver(place: number): boolean {
    return isEnd(Atomics.load(this.#places.states, place));
  }

  outcomeAt(place: number): OutcomeMessage | undefined {
    const { states, outcomes } = this.#places;
    if (Atomics.load(states, place) !== IN_MEMORY) return undefined;
    const outcome = outcomes.get(place);
    return isOutcome(outcome) ? outcome : { place, kind: "failed", error: UNSOUND };
  }

  usageOf(): TaskUsage | undefined {
    const [memory, at] = this.#places.heap as unknown as [number, number];
    // A thread that computes without a pause says nothing, and what it said before is not true any more.
    return at > 0 && Date.now() - at < FRESH ? { memory } : undefined;
  }

  isReady(): boolean {
    return Atomics.load(this.#places.states, READY) === 1;
  }

  isOverdue(place: number): boolean {
    return isOverdue(this.#places, place);
  }

  /** Ends the thread, though a busy one may burn on until it returns. */
  async terminate(jobs: number): Promise<void> {
    this.ended = true;
    this.#listener = undefined;
    this.#watch[Symbol.dispose]();
    if (jobs === 0) {
      // Something that a task left behind may compute there.
      if (!await this.#hasLeft()) letProgramEnd(this.#worker);
    } else {
      Atomics.store(this.#places.states, STOP, TOLD);
      this.#worker.postMessage({ kind: "abort" });
      if (!await this.#isHeard()) letProgramEnd(this.#worker);
    }
    this.#worker.terminate();
  }

  /** Waits until the thread has released what it held for its last run, such as the lock of its storage. */
  async #hasLeft(): Promise<boolean> {
    if (!this.#hasJoined) return true;
    this.#worker.postMessage({ kind: "leave" });
    for (let part = 0; part < PARTS; part++) {
      const waiting = Atomics.waitAsync(this.#places.states, STOP, 0, LAST / PARTS);
      if (await waiting.value !== "timed-out") return true;
    }
    return false;
  }

  /** Whether the thread hears that it is to stop: one that computes without a pause does not. */
  async #isHeard(): Promise<boolean> {
    for (let waited = 0; waited < PATIENCE; waited += LOOK) {
      await new Promise((resolve) => setTimeout(resolve, LOOK));
      if (Atomics.load(this.#places.states, STOP) === HEARD) return true;
    }
    return false;
  }

  #died(reason: string): void {
    if (this.ended) return;
    this.ended = true;
    this.#watch[Symbol.dispose]();
    this.#worker.terminate();
    this.#listener?.died(reason);
  }
}

function isEnd(state: number): boolean {
  return state === OVER || state === IN_MEMORY;
}
