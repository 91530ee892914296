import type { TaskTypeInfo } from "../task.ts";
import { RunnerError } from "../errors.ts";
import { onCancel } from "./_bullmq_cancelling.ts";
import { Intake } from "./_bullmq_intake.ts";
import { BrokerLink } from "./_bullmq_link.ts";
import { LocalWork, type LogTaker } from "./_bullmq_local.ts";
import { type WorkerName, workerText } from "./_bullmq_messages.ts";
import type { BullmqPlace } from "./_bullmq_place.ts";
import { Processor } from "./_bullmq_processor.ts";
import { checkedTags, queuesFor } from "./_bullmq_queues.ts";
import { lost } from "./_bullmq_running.ts";
import { refuseStorage } from "./_bullmq_storage.ts";
import type { Counts } from "./_bullmq_task_work.ts";
import type { Types } from "./_bullmq_tasks.ts";
import type { Runner, RunSetting } from "./runner.ts";

/** What a worker is made with. */
export interface QueueWorkerOptions
  extends
    Omit<Types, "served">,
    Pick<RunSetting, "storage" | "context" | "plugins" | "sources" | "signing"> {
  /** Where the queue is. */
  readonly place: BullmqPlace;
  /** How the worker and its machine are called. */
  readonly name: WorkerName;
  /** The types whose tasks it takes. */
  readonly types: readonly TaskTypeInfo[];
  /** What it has, for tasks that need it. */
  readonly tags: readonly string[];
  /** How many tasks it runs at once. */
  readonly concurrency: number;
  /** What runs them. */
  readonly runner: Runner;
  /** Which tasks are claimed. */
  readonly singleFlight: boolean | "auto";
  /** Takes what a person may want to know. */
  readonly log: LogTaker;
}

/** How long, in ms, what was stopped may take to be put back into the queue. */
const LAST_WORDS = 3000;
/** After how long it is told again that something is wrong with the broker, in ms, and of how much at most. */
const TOLD = 60_000;
const MOST_TOLD = 100;

/** Takes jobs from queues and runs them, until it is told to end. */
export class QueueWorker {
  /** The names of the queues that it takes jobs from. */
  readonly queues: readonly string[];
  readonly #link: BrokerLink;
  readonly #local: LocalWork;
  readonly #intake: Intake;
  readonly #processor: Processor;
  readonly #stop: AbortController;
  readonly #lease: number;
  readonly #watch: ReturnType<typeof setInterval>;
  #lastActive = performance.now();
  #ending: Promise<void> | undefined;
  /** When this program last went on after it had been halted, as far as it can tell. */
  #thawed = -Infinity;

  private constructor(
    parts: {
      readonly queues: readonly string[];
      readonly link: BrokerLink;
      readonly local: LocalWork;
      readonly processor: Processor;
      readonly stop: AbortController;
    },
    { place, name, concurrency }: QueueWorkerOptions,
  ) {
    this.#lease = place.lease;
    let last = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      if (now - last > place.lease / 2) this.#thawed = now;
      last = now;
    }, place.lease / 8);
    const { link, processor, stop } = parts;
    this.queues = parts.queues;
    this.#link = link;
    this.#local = parts.local;
    this.#processor = processor;
    this.#stop = stop;
    this.#intake = new Intake(link, {
      ...{ queues: parts.queues, concurrency, lease: place.lease, maxStalls: place.maxStalls },
      name: workerText(name),
      process: async (job, token, signal) => {
        try {
          return await processor.process(job, token, signal);
        } finally {
          this.#lastActive = performance.now();
        }
      },
      lost: (ids) => this.#lost(ids),
      drop: () => parts.local.drop(),
    });
  }

  /**
   * Starts a worker.
   *
   * @throws {RunnerError} When other machines do not see the storage, there are no types, the broker cannot be
   *   reached, or tasks cannot be run here.
   */
  static async start(options: QueueWorkerOptions): Promise<QueueWorker> {
    const { place, name, types, tags, storage, concurrency, log } = options;
    refuseStorage(storage, place.sharedStorage);
    if (types.length === 0) {
      throw new RunnerError(
        "There are no task types to take tasks of; name the modules that define them",
      );
    }
    const sorted = checkedTags(tags, "The worker");
    const served = new Set(types.map(({ taskName }) => taskName));
    const queues = [...served].flatMap((name) => queuesFor(place.queue, name, sorted));
    const stop = new AbortController();
    const { plugins, sources, signing, runner, context, singleFlight } = options;
    const { cacheOf, versionOf } = options;
    await using made = new AsyncDisposableStack();
    const local = made.use(
      await LocalWork.open({
        ...{ storage, plugins, sources, signing, runner, types, log },
        ...{ maxWorkers: concurrency, signal: stop.signal },
      }),
    );
    const onError = seldom((text) => log("warn", text, Date.now()));
    const link = made.use(await BrokerLink.open(place.broker, place, onError));
    const processor = new Processor({
      ...{ name, storage, context, local, singleFlight, stop: stop.signal },
      types: { served, cacheOf, versionOf },
      ...{ refusalTimeout: place.refusalTimeout, lease: place.lease },
    });
    onCancel(link, place.queue, (run) => processor.cancel(run));
    const worker = new QueueWorker({ queues, link, local, processor, stop }, options);
    made.move();
    try {
      await worker.#intake.run(onError);
    } catch (error) {
      await worker.stop();
      throw error;
    }
    return worker;
  }

  /** What it has done so far. */
  get counts(): Readonly<Counts> {
    return this.#processor.counts;
  }

  /** For how long it has had nothing to do, in ms. */
  get idle(): number {
    return this.counts.active > 0 ? 0 : performance.now() - this.#lastActive;
  }

  /** Finishes what runs, takes no more, and ends. Who says so again waits for the same. */
  drain(): Promise<void> {
    return this.#ending ??= this.#end();
  }

  async #end(): Promise<void> {
    await this.#intake.close();
    clearInterval(this.#watch);
    this.#processor[Symbol.dispose]();
    await this.#link[Symbol.asyncDispose]();
    await this.#local[Symbol.asyncDispose]();
  }

  /** Stops what runs, and puts it back into the queue, as far as the broker answers soon. */
  async stop(): Promise<void> {
    this.#stop.abort(new DOMException("The worker was stopped", "AbortError"));
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LAST_WORDS);
    await Promise.race([this.drain().catch(() => {}), late]);
    clearTimeout(timer);
  }

  /** A job that is another worker's now: what it gives is not saved. */
  #lost(ids: readonly string[]): void {
    const wasHalted = performance.now() - this.#thawed < this.#lease;
    for (const id of ids) {
      // Under a claim, nobody else computes the same, while its holder lives: a broker that lost what it had
      // costs nothing. Who was halted may have lost the claim as well.
      if (this.#processor.isFenced(id) && !wasHalted) continue;
      this.#intake.cancel(id, lost());
    }
  }
}

/** Tells what is wrong with the broker, but not at each of the many attempts to reach it. */
function seldom(tell: (text: string) => void): (error: Error) => void {
  const told = new Map<string, number>();
  return ({ message }) => {
    const now = performance.now();
    if (now - (told.get(message) ?? -Infinity) < TOLD) return;
    if (told.size >= MOST_TOLD) told.clear();
    told.set(message, now);
    tell(`The broker: ${message}`);
  };
}
