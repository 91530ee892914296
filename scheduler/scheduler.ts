import { measureHeights } from "./_heights.ts";
import { isDead, Node, type State } from "./_node.ts";
import { ReadyQueue } from "./ready_queue.ts";

/** A task as the scheduler sees it. */
export interface Plan {
  /** Which task. */
  readonly id: string;
  /** The name of its type. */
  readonly type: string;
  /** How many tasks of the type may run at once. */
  readonly limit: number;
  /**
   * The ids of the tasks whose results it needs; `undefined` when its own result is there already, so
   * that it need not run.
   */
  readonly dependencies: readonly string[] | undefined;
}

/** What the end of a task entails. */
export interface Consequences {
  /** Tasks that can never run, since one that they depend on failed. */
  readonly skipped: readonly string[];
  /** Tasks whose results no task needs any more. */
  readonly released: readonly string[];
}

interface Skipping extends Consequences {
  readonly skipped: string[];
  readonly released: string[];
}

/**
 * Decides which task runs next. Pure: tasks and outcomes come in, tasks to run come out. Each call costs
 * O(1) amortised per task and edge (and O(log n) for the order of those that are ready).
 */
export class Scheduler {
  readonly #nodes = new Map<string, Node>();
  readonly #queue = new ReadyQueue<Node>();
  #running = 0;
  #unfinished = 0;

  /** How many tasks run. */
  get running(): number {
    return this.#running;
  }

  /** How many tasks have neither run to the end nor been skipped. */
  get unfinished(): number {
    return this.#unfinished;
  }

  /** Whether a task is known. */
  has(id: string): boolean {
    return this.#nodes.has(id);
  }

  /** Whether some task has yet to run that needs the result of this one. */
  isNeeded(id: string): boolean {
    return this.#nodes.get(id)!.uses > 0;
  }

  /** The failed task because of which a task was skipped. */
  causeOf(id: string): string | undefined {
    return this.#nodes.get(id)!.cause?.id;
  }

  /**
   * Adds tasks. Those that they depend on are among them, or known; whatever depends on a known one that
   * failed or was skipped is skipped at once.
   *
   * @throws {LabtechError} When tasks depend on themselves in a circle.
   */
  add(plans: readonly Plan[]): Consequences {
    const added = plans.map((plan) => this.#node(plan));
    added.forEach((node, i) => this.#connect(node, plans[i]!.dependencies ?? []));
    measureHeights(added);
    return this.#settle(added);
  }

  /** Takes out the next task to run; `undefined` when none can run now. */
  next(): string | undefined {
    const node = this.#queue.take();
    if (node === undefined) return undefined;
    node.state = "running";
    this.#running++;
    return node.id;
  }

  /** A task ran. */
  succeed(id: string): Consequences {
    const node = this.#stopped(id, "done");
    for (const dependent of node.dependents) {
      if (dependent.state === "waiting" && --dependent.missing === 0) this.#makeReady(dependent);
    }
    const released = this.#release(node);
    if (node.uses === 0) released.push(id);
    return { skipped: [], released };
  }

  /** A task failed: what depends on it can never run. */
  fail(id: string): Consequences {
    return this.#failed(this.#stopped(id, "failed"));
  }

  /** A task was taken out but not begun: it is to run again when all that it needs is there. */
  putBack(id: string): Consequences {
    return this.retry(id, []);
  }

  /** A task failed, and is tried again later: until then it takes no place among those that run. */
  pause(id: string): void {
    const node = this.#stopped(id, "waiting");
    this.#unfinished++;
    // Its own time, and what was lost while it ran. Of what failed meanwhile it is told when it begins.
    const lost = node.dependencies.filter((each) => each.state !== "done" && !isDead(each));
    node.missing = 1 + lost.length;
  }

  /** The time of a paused task has come. */
  resume(id: string): void {
    const node = this.#nodes.get(id)!;
    if (node.state === "waiting" && --node.missing === 0) this.#makeReady(node);
  }

  /**
   * A paused task is not tried again: what depends on it can never run. Gives `undefined` when it was
   * skipped meanwhile.
   */
  giveUp(id: string): Consequences | undefined {
    const node = this.#nodes.get(id)!;
    if (node.state !== "waiting") return undefined;
    node.state = "failed";
    this.#unfinished--;
    return this.#failed(node);
  }

  /**
   * A task could not begin, since results that were thought to be there are not. They are made again,
   * then it is tried again. It is skipped where one of them can never be made.
   *
   * @param lost What it takes to make them. All that these depend on is known.
   */
  retry(id: string, lost: readonly Plan[]): Consequences {
    const opened = this.#reopenAll(lost);
    const node = this.#stopped(id, "waiting");
    this.#unfinished++;
    node.missing = node.dependencies.filter((dependency) => dependency.state !== "done").length;
    return this.#settle([...opened, node]);
  }

  /**
   * Results that were thought to be there are not: the tasks are run (again), or skipped where they
   * depend on one that failed.
   *
   * @param lost What it takes to make them. All that these depend on is known.
   */
  reopen(lost: readonly Plan[]): Consequences {
    return this.#settle(this.#reopenAll(lost));
  }

  /** The tasks that have neither run to an end nor been skipped. */
  *pending(): IterableIterator<string> {
    for (const { id, state } of this.#nodes.values()) {
      if (state === "waiting" || state === "ready" || state === "running") yield id;
    }
  }

  #node({ id, type, limit, dependencies }: Plan): Node {
    const there = dependencies === undefined;
    const state = there ? "done" : "waiting";
    const node = new Node({ id, type, limit, state, order: this.#nodes.size });
    this.#nodes.set(id, node);
    if (!there) this.#unfinished++;
    return node;
  }

  #connect(node: Node, ids: readonly string[]): void {
    node.dependencies = ids.map((id) => this.#nodes.get(id)!);
    node.missing = 0;
    for (const dependency of node.dependencies) {
      dependency.dependents.push(node);
      dependency.uses++;
      if (dependency.state !== "done") node.missing++;
    }
  }

  /** Makes ready what waits for nothing, and skips what waits in vain. */
  #settle(nodes: readonly Node[]): Consequences {
    const consequences: Skipping = { skipped: [], released: [] };
    for (const node of nodes) {
      if (node.state !== "waiting") continue;
      if (node.missing === 0) this.#makeReady(node);
      else {
        const dead = node.dependencies.find(isDead);
        if (dead !== undefined) this.#skip(node, dead.cause ?? dead, consequences);
      }
    }
    return consequences;
  }

  /** Skips a task that waits, and all that waits for it. */
  #skip(node: Node, cause: Node, { skipped, released }: Skipping): void {
    const pending = [node];
    for (let next = pending.pop(); next; next = pending.pop()) {
      if (next.state !== "waiting") continue;
      next.state = "skipped";
      next.cause = cause;
      this.#unfinished--;
      skipped.push(next.id);
      for (const id of this.#release(next)) released.push(id);
      for (const dependent of next.dependents) pending.push(dependent);
    }
  }

  #makeReady(node: Node): void {
    node.state = "ready";
    this.#queue.push(node);
  }

  #stopped(id: string, state: State): Node {
    const node = this.#nodes.get(id)!;
    this.#queue.finished(node);
    node.state = state;
    this.#running--;
    this.#unfinished--;
    return node;
  }

  #failed(node: Node): Consequences {
    const consequences = { skipped: [], released: this.#release(node) };
    for (const dependent of node.dependents) this.#skip(dependent, node, consequences);
    return consequences;
  }

  #release(node: Node): string[] {
    const released: string[] = [];
    for (const dependency of node.dependencies) {
      if (--dependency.uses === 0 && dependency.state === "done") released.push(dependency.id);
    }
    return released;
  }

  #reopenAll(lost: readonly Plan[]): Node[] {
    return lost.map((plan) => this.#reopen(plan)).filter((node) => node !== undefined);
  }

  #reopen({ id, limit, dependencies = [] }: Plan): Node | undefined {
    const node = this.#nodes.get(id)!;
    if (node.state !== "done") return undefined;
    node.state = "waiting";
    node.limit = limit;
    this.#unfinished++;
    // What ran before let go of its dependencies; it needs them again.
    const connected = new Set(node.dependencies.map((dependency) => dependency.id));
    for (const dependency of node.dependencies) dependency.uses++;
    const before = node.dependencies;
    this.#connect(node, dependencies.filter((dependency) => !connected.has(dependency)));
    node.dependencies = [...before, ...node.dependencies];
    node.missing = node.dependencies.filter((dependency) => dependency.state !== "done").length;
    for (const dependent of node.dependents) {
      if (dependent.state === "waiting") dependent.missing++;
      else if (dependent.state === "ready") [dependent.state, dependent.missing] = ["waiting", 1];
    }
    return node;
  }
}
