/**
 * A sweep on several hosts, during which workers are killed, the broker is started again, and a host is cut
 * off; and what became of its results.
 *
 * @module
 */

import { join } from "@std/path/join";
import { Lab, type TaskResults } from "@labtech/lab";
import { queueName } from "../../runners/_bullmq_queues.ts";
import { type Evidence, type Findings, findingsOf } from "./_findings.ts";
import type { Hosts } from "./_hosts.ts";
import { type Note, Notes } from "./_notes.ts";
import { Stalls } from "./_stalls.ts";
import { sweepOf, type SweepOptions, type SweepTask } from "./_sweep.ts";
import { type HostContext, Join, Leaf } from "./_tasks.ts";
import { fetchPackages, WorkerProcess } from "./_worker_process.ts";

/** A broker that can be ended as by a crash, and started again. */
export interface TrialBroker {
  readonly url: string;
  kill(): Promise<void>;
  again(): Promise<void>;
}

/** What is tried. */
export interface TrialOptions extends SweepOptions {
  readonly hosts: Hosts;
  readonly broker: TrialBroker;
  /** Where results go, as a configuration has it. */
  readonly storage: Readonly<Record<string, unknown>>;
  readonly workersPerHost: number;
  /** How many tasks a worker runs at once. */
  readonly concurrency: number;
  /** The runner that it runs them by. @default {the one that workers take} */
  readonly local?: string;
  /** How long a worker's hold on a task lasts without a sign of life, in ms. */
  readonly lease: number;
  /** When the sweep is given up, in ms. */
  readonly patience: number;
  /** Does what harm is to be done while the sweep runs. */
  readonly harm: (trial: Trial) => Promise<void>;
}

/** What became of it. */
export interface TrialReport extends Findings {
  /** How many workers were killed. */
  readonly killed: number;
  /** How many jobs carried several tasks. */
  readonly together: number;
  /** What hosts noted, in their order host by host. */
  readonly notes: readonly Note[];
  /** What else was wrong; then, what workers said last. */
  readonly problems: readonly string[];
}

/** How often it is looked how far the sweep has come, in ms. */
const LOOK = 50;
/** Who asks for the sweep, and looks at it in the end. */
const PROGRAM = "program";
const QUEUE = "lab";
/** A machine that is busy loses holds; how often is counted. */
const STALLS = 1000;

/** A sweep that runs. */
export class Trial {
  readonly workers: WorkerProcess[] = [];
  /** What hosts noted. */
  readonly notes: Notes;
  readonly stalls: Stalls;
  readonly killed = new Set<WorkerProcess>();
  readonly #options: TrialOptions;
  readonly #dir: string;
  #isOver = false;

  private constructor(options: TrialOptions, dir: string, stalls: Stalls) {
    this.#options = options;
    this.#dir = dir;
    this.notes = new Notes(dir, [...options.hosts.names, PROGRAM]);
    this.stalls = stalls;
  }

  /** Runs one. */
  static async run(options: TrialOptions): Promise<TrialReport> {
    await using made = new AsyncDisposableStack();
    const dir = await Deno.makeTempDir();
    made.defer(() => Deno.remove(dir, { recursive: true }));
    const queues = [Leaf, Join].map(({ taskName }) => queueName(QUEUE, taskName, []));
    const stalls = made.use(await Stalls.watch(options.broker.url, queues));
    const trial = new Trial(options, dir, stalls);
    made.defer(() => trial.#end());
    return await trial.#run();
  }

  /** Whether the sweep has ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Waits until something holds; gives `false` where the sweep has ended before. */
  async until(holds: () => boolean | Promise<boolean>): Promise<boolean> {
    while (!await holds()) {
      if (this.#isOver) return false;
      await new Promise((resolve) => setTimeout(resolve, LOOK));
    }
    return true;
  }

  /** Kills a worker. */
  async kill(worker: WorkerProcess): Promise<void> {
    this.killed.add(worker);
    await worker.end("SIGKILL");
  }

  /** Lets those tasks through that are held up. */
  async letThrough(): Promise<void> {
    await Deno.writeTextFile(this.#gate, "");
  }

  async #run(): Promise<TrialReport> {
    const { harm, patience } = this.#options;
    await this.#start();
    const sweep = sweepOf(this.#options);
    const problems: string[] = [];
    let given: TaskResults | undefined;
    {
      await using lab = await Lab.fromConfig(await this.#config(PROGRAM));
      const giveUp = new AbortController();
      const timer = setTimeout(
        () => giveUp.abort(new Error(`Nothing more after ${patience} ms`)),
        patience,
      );
      const running = lab.runTasks(sweep.map(({ task }) => task), { signal: giveUp.signal })
        .finally(() => this.#isOver = true);
      const harming = harm(this).catch((error) => {
        giveUp.abort(error);
        throw error;
      });
      const [ran, harmed] = await Promise.allSettled([running, harming]);
      clearTimeout(timer);
      if (ran.status === "fulfilled") given = ran.value;
      else problems.push(`The sweep failed: ${ran.reason}`);
      if (harmed.status === "rejected") throw harmed.reason;
    }
    problems.push(...await this.#drain());
    const notes = (await this.notes.read()).filter(({ host }) => host !== PROGRAM);
    const findings = findingsOf({ sweep, given, notes, ...await this.#evidence(sweep) });
    if (problems.length + findings.histories.length > 0) {
      problems.push(...this.workers.map(({ name, said }) => `${name} said: ${said}`));
    }
    const [killed, together] = [this.killed.size, this.stalls.together.size];
    return { ...findings, killed, together, notes, problems };
  }

  async #start(): Promise<void> {
    const { hosts, workersPerHost, concurrency } = this.#options;
    await fetchPackages(await this.#config(PROGRAM));
    await Promise.all(hosts.names.map(async (host) => {
      const config = await this.#config(host);
      await Promise.all(Array.from({ length: workersPerHost }, async (_, at) => {
        const name = `${host}-${at + 1}`;
        const worker = new WorkerProcess({ hosts, host, name, config, concurrency });
        this.workers.push(worker);
        await worker.ready;
      }));
    }));
  }

  /** What the storage holds, as a program finds it that was not there before. */
  async #evidence(
    sweep: readonly SweepTask[],
  ): Promise<Pick<Evidence, "keys" | "found" | "anew" | "stalls" | "nameOf">> {
    await using lab = await Lab.fromConfig({ ...this.#settings(PROGRAM), runner: "async" });
    const tasks = sweep.map(({ task }) => task);
    await this.letThrough();
    // What is not there is computed here, and noted.
    const found = await lab.runTasks(tasks);
    await this.stalls.told();
    return {
      found,
      keys: await Promise.all(tasks.map((task) => lab.keyOf(task))),
      anew: new Set((await this.notes.of(PROGRAM)).map(({ stamp }) => stamp)),
      stalls: this.stalls.all,
      nameOf: (of) => this.workers.find(({ pid }) => pid === of)?.name ?? `process ${of}`,
    };
  }

  /** Tells all workers that live to end; gives what was wrong. */
  async #drain(): Promise<string[]> {
    const living = this.workers.filter((worker) => !this.killed.has(worker));
    const codes = await Promise.all(living.map((worker) => worker.end("SIGTERM")));
    return living.flatMap(({ name }, at) =>
      codes[at] === 0 ? [] : [`The worker ${name} ended with ${codes[at]}`]
    );
  }

  async #end(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.end("SIGKILL")));
  }

  get #gate(): string {
    return join(this.#dir, "gate");
  }

  /** Writes the configuration of a host, and gives its path. */
  async #config(host: string): Promise<string> {
    const path = join(this.#dir, `${host}.json`);
    await Deno.writeTextFile(path, JSON.stringify(this.#settings(host)));
    return path;
  }

  #settings(host: string): Record<string, unknown> {
    const { storage, broker, lease, local } = this.#options;
    const context: HostContext = { notes: this.notes.path(host), gate: this.#gate };
    const runner = {
      type: "bullmq",
      connection: { url: broker.url },
      queue: QUEUE,
      lease,
      maxStalls: STALLS,
      local,
    };
    return { storage, runner, context, progress: false };
  }
}
