import type { PlannedTask } from "./plan.ts";
import type { Outcome } from "./runners/runner.ts";
import type { Claim, Storage } from "./storages/storage.ts";
import type { Task } from "./task.ts";

/** What single flight is told of a run. */
export interface SingleFlightSetting {
  /** Where results lie; `null` when nothing is kept. */
  readonly storage: Storage | null;
  /** Which tasks are computed by one program at a time: all, none, or those that take their time. */
  readonly mode: boolean | "auto";
  /** Aborts when nothing new is to be begun. */
  readonly over: AbortSignal;
  /** Is told of each task that another process computes. */
  readonly waits: (task: Task) => void;
  /** Is told of what a person may wait for. */
  readonly tell: (text: string) => void;
}

/** How a task is computed, or found. */
export interface Flight<F> {
  /** Looks whether there is a result by now. */
  readonly find: () => Promise<F | undefined>;
  /** Computes it; the result is saved under the token of the claim, where there is one. */
  readonly run: (claim: string | undefined) => Promise<Outcome>;
}

/** Somebody else computes a task. What `turn` gives is whether the run goes on: then it is to fly again. */
export interface Elsewhere {
  readonly kind: "held";
  readonly turn: Promise<boolean>;
}

/** A task that somebody else computes. */
interface Waiting {
  readonly planned: PlannedTask;
  readonly settle: (goesOn: boolean) => void;
}

/** From how many tasks on a type is known well enough, and how long all of them took at most, in ms. */
const KNOWN = 16;
const QUICK = 10;
/** How often it is looked whether others are done: at first, and at the most, in ms. */
const SHORTEST = 5;
const LONGEST = 200;
/** How many times as long as a look the pause after it is: no server is kept busy by it. In ms at the most. */
const SHARE = 4;
const SLOWEST = 1000;
/** How often a task may lose its claim while it runs. */
const LOSSES = 3;
/** For how long tasks wait before that is told, in ms. */
const SILENT = 500;

/**
 * Sees to it that of all the programs that share a storage one computes a task, and the others wait for its
 * result. Who cannot claim a task, for whatever reason, computes it: claims save work and decide nothing.
 */
export class SingleFlight implements AsyncDisposable {
  readonly #setting: SingleFlightSetting;
  /** How many tasks of a type ran, and how long the longest did, by name. */
  readonly #known = new Map<string, { count: number; longest: number }>();
  readonly #waiting = new Map<string, Waiting>();
  /** Claims of tasks whose turn has come, by id. */
  readonly #claims = new Map<string, Claim>();
  /** Claims of tasks that run. */
  readonly #flying = new Set<Claim>();
  readonly #losses = new Map<string, number>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #pause = SHORTEST;
  #since = 0;
  #isTold = false;
  #looking: Promise<void> = Promise.resolve();

  /** Begins with nothing claimed. */
  constructor(setting: SingleFlightSetting) {
    this.#setting = setting;
    setting.over.addEventListener("abort", this.#end, { once: true });
  }

  /** Computes a task, unless somebody else does so, or has done it. */
  fly<F>(planned: PlannedTask, flight: Flight<F>): Promise<Outcome | Elsewhere | F> {
    const claiming = this.#begin(planned);
    return claiming ? this.#flyAlone(planned, claiming, flight) : this.#run(planned, flight);
  }

  async #flyAlone<F>(
    planned: PlannedTask,
    claiming: Promise<Claim | "elsewhere" | undefined>,
    flight: Flight<F>,
  ): Promise<Outcome | Elsewhere | F> {
    const claim = await claiming;
    if (claim === "elsewhere") return this.#wait(planned);
    if (claim) this.#flying.add(claim);
    try {
      if (this.#setting.over.aborted) return { kind: "dropped" };
      const found = claim?.hasEntry ? await flight.find() : undefined;
      if (found !== undefined) return found;
      if (this.#setting.over.aborted) return { kind: "dropped" };
      const outcome = await this.#run(planned, flight, claim?.token);
      const isLost = outcome.kind === "failed" && claim && await this.#isLost(planned, claim);
      return isLost ? this.#wait(planned) : outcome;
    } finally {
      if (claim && this.#flying.delete(claim)) await claim[Symbol.asyncDispose]();
    }
  }

  async #run<F>(planned: PlannedTask, { run }: Flight<F>, claim?: string): Promise<Outcome> {
    const outcome = await run(claim);
    if (outcome.kind === "done") this.#learn(planned.task.taskName, outcome.meta.duration);
    return outcome;
  }

  /** Gives the claim of a task that is about to run; `undefined` where it needs none. */
  #begin(
    { task, key, cache }: PlannedTask,
  ): Promise<Claim | "elsewhere" | undefined> | undefined {
    const { storage, mode } = this.#setting;
    if (mode === false || cache === null || !storage?.claim) return undefined;
    const claim = this.#claims.get(task.id);
    if (claim) this.#claims.delete(task.id);
    if (claim) return Promise.resolve(claim);
    if (mode === "auto" && this.#isQuick(task.taskName)) return undefined;
    return this.#claim(key);
  }

  /** Whether a task failed since somebody else took its claim over: then their result is waited for. */
  async #isLost({ task }: PlannedTask, claim: Claim): Promise<boolean> {
    const losses = (this.#losses.get(task.id) ?? 0) + 1;
    this.#losses.set(task.id, losses);
    try {
      return losses < LOSSES && !await claim.isHeld({ signal: this.#setting.over });
    } catch {
      return false;
    }
  }

  #learn(type: string, duration: number): void {
    const known = this.#known.get(type) ?? { count: 0, longest: 0 };
    known.count++;
    known.longest = Math.max(known.longest, duration);
    this.#known.set(type, known);
  }

  #isQuick(type: string): boolean {
    const { count, longest } = this.#known.get(type) ?? { count: 0, longest: 0 };
    return count >= KNOWN && longest < QUICK;
  }

  /** Waits until nobody else computes a task; its claim is taken then. */
  #wait(planned: PlannedTask): Elsewhere {
    if (this.#setting.over.aborted) return { kind: "held", turn: Promise.resolve(false) };
    const { promise, resolve } = Promise.withResolvers<boolean>();
    if (this.#waiting.size === 0) this.#since = performance.now();
    this.#waiting.set(planned.task.id, { planned, settle: resolve });
    this.#setting.waits(planned.task);
    this.#pause = SHORTEST;
    this.#timer ??= setTimeout(this.#look, this.#pause);
    return { kind: "held", turn: promise };
  }

  /** Gives back all claims: nothing runs any more, and nobody comes for them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#setting.over.removeEventListener("abort", this.#end);
    this.#end();
    await this.#looking;
    const claims = [...this.#claims.values(), ...this.#flying];
    this.#claims.clear();
    this.#flying.clear();
    await Promise.all(claims.map((claim) => claim[Symbol.asyncDispose]()));
  }

  async #claim(key: string): Promise<Claim | "elsewhere" | undefined> {
    const { storage, over } = this.#setting;
    try {
      return await storage!.claim!(key, { signal: over }) ?? "elsewhere";
    } catch {
      // What is wrong with the storage shows when the result is saved.
      return undefined;
    }
  }

  readonly #look = (): void => {
    this.#looking = this.#lookAtAll();
  };

  async #lookAtAll(): Promise<void> {
    this.#tell();
    const before = this.#waiting.size;
    const start = performance.now();
    await Promise.all(
      Array.from(this.#waiting.values(), async ({ planned, settle }) => {
        const { id } = planned.task;
        const claim = await this.#claim(planned.key);
        if (claim === "elsewhere") return;
        // Who stops waiting meanwhile leaves the claim to the end of the run.
        if (claim) this.#claims.set(id, claim);
        if (this.#waiting.delete(id)) settle(true);
      }),
    );
    this.#timer = undefined;
    if (this.#waiting.size === 0) return;
    this.#pause = this.#waiting.size < before ? SHORTEST : Math.min(2 * this.#pause, LONGEST);
    const rest = Math.min(SHARE * (performance.now() - start), SLOWEST);
    this.#timer = setTimeout(this.#look, Math.max(this.#pause, rest));
  }

  /** Tells once why nothing seems to go on. */
  #tell(): void {
    const waited = performance.now() - this.#since;
    if (this.#isTold || waited < SILENT) return;
    this.#isTold = true;
    const [first] = this.#waiting.values();
    const { size } = this.#waiting;
    const what = size === 1
      ? `it computes ${first!.planned.task}, whose result`
      : `it computes ${size} of the tasks (${first!.planned.task} among them), whose results`;
    this.#setting.tell(`Waiting for another process: ${what} this run takes from the storage`);
  }

  readonly #end = (): void => {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    for (const { settle } of this.#waiting.values()) settle(false);
    this.#waiting.clear();
  };
}
