import type { Consequences, Plan } from "../../scheduler/scheduler.ts";

type State = "pending" | "running" | "paused" | "done" | "failed" | "skipped";

const UNFINISHED = ["pending", "running", "paused"] as const;

interface ModelTask {
  plan: Plan;
  readonly order: number;
  readonly height: number;
  dependencies: readonly string[];
  state: State;
  /** What had failed already when it was paused: it begins all the same, and is told then. */
  forgiven: ReadonlySet<string>;
}

/** What a scheduler has to do, in the plainest words: every question is answered by looking at all tasks. */
export class Model {
  readonly tasks = new Map<string, ModelTask>();

  add(plans: readonly Plan[]): Consequences {
    return this.#after(() => {
      for (const plan of plans) {
        this.tasks.set(plan.id, {
          plan,
          order: this.tasks.size,
          height: heightOf(plan.id, plans),
          dependencies: plan.dependencies ?? [],
          state: plan.dependencies === undefined ? "done" : "pending",
          forgiven: new Set(),
        });
      }
    });
  }

  /** The one of all that may run now that goes first. */
  next(): string | undefined {
    const [first] = [...this.tasks.values()].filter((task) => this.#mayRun(task))
      .sort((a, b) => b.height - a.height || a.order - b.order);
    if (first !== undefined) first.state = "running";
    return first?.plan.id;
  }

  end(id: string, state: "done" | "failed"): Consequences {
    return this.#after(() => this.tasks.get(id)!.state = state, id);
  }

  pause(id: string): void {
    const task = this.tasks.get(id)!;
    task.state = "paused";
    task.forgiven = new Set(task.dependencies.filter((each) => this.#isDead(each)));
  }

  resume(id: string): void {
    const task = this.tasks.get(id)!;
    if (task.state === "paused") task.state = "pending";
  }

  giveUp(id: string): Consequences | undefined {
    return this.tasks.get(id)!.state === "paused" ? this.end(id, "failed") : undefined;
  }

  retry(id: string, lost: readonly Plan[]): Consequences {
    return this.#after(() => {
      this.#reopen(lost);
      this.#restart(this.tasks.get(id)!);
    });
  }

  reopen(lost: readonly Plan[]): Consequences {
    return this.#after(() => this.#reopen(lost));
  }

  /** The tasks that have neither ended nor been skipped. */
  get unfinished(): string[] {
    return this.ids(...UNFINISHED);
  }

  ids(...states: State[]): string[] {
    return [...this.tasks.values()].filter(({ state }) => states.includes(state))
      .map(({ plan }) => plan.id);
  }

  /** Whether a task that has yet to end needs the result of this one. */
  isNeeded(id: string): boolean {
    return this.unfinished.some((each) => this.tasks.get(each)!.dependencies.includes(id));
  }

  /** Everything that a task depends on. */
  below(id: string): Set<string> {
    const found = new Set<string>();
    const visit = (at: string) => {
      for (const dependency of this.tasks.get(at)!.dependencies) {
        if (!found.has(dependency)) visit(found.add(dependency) && dependency);
      }
    };
    visit(id);
    return found;
  }

  #needed(): string[] {
    return [...this.tasks.keys()].filter((id) => this.isNeeded(id));
  }

  #isDead(id: string): boolean {
    return ["failed", "skipped"].includes(this.tasks.get(id)!.state);
  }

  #restart(task: ModelTask): void {
    task.state = "pending";
    task.forgiven = new Set();
  }

  #mayRun({ state, plan, dependencies, forgiven }: ModelTask): boolean {
    if (state !== "pending") return false;
    const running = [...this.tasks.values()].filter((other) =>
      other.state === "running" && other.plan.type === plan.type
    );
    return running.length < plan.limit &&
      dependencies.every((id) => this.tasks.get(id)!.state === "done" || forgiven.has(id));
  }

  #reopen(lost: readonly Plan[]): void {
    for (const plan of lost) {
      const task = this.tasks.get(plan.id)!;
      if (task.state !== "done") continue;
      this.#restart(task);
      task.plan = plan;
      task.dependencies = plan.dependencies ?? [];
    }
  }

  /** What a change entails. */
  #after(change: () => void, ended?: string): Consequences {
    const needed = new Set(this.#needed());
    change();
    // What is skipped as soon as it is known needed its dependencies for that instant.
    for (const id of this.#needed()) needed.add(id);
    const skipped: string[] = [];
    for (let found = true; found;) {
      found = false;
      for (const task of this.tasks.values()) {
        const waits = task.state === "pending" || task.state === "paused";
        const isVain = task.dependencies.some((id) => this.#isDead(id) && !task.forgiven.has(id));
        if (!waits || !isVain) continue;
        task.state = "skipped";
        skipped.push(task.plan.id);
        found = true;
      }
    }
    const released = this.ids("done").filter((id) =>
      (needed.has(id) || id === ended) && !this.isNeeded(id)
    );
    return { skipped, released };
  }
}

function heightOf(id: string, plans: readonly Plan[]): number {
  const above = plans.filter(({ dependencies }) => dependencies?.includes(id));
  return Math.max(0, ...above.map((plan) => 1 + heightOf(plan.id, plans)));
}
