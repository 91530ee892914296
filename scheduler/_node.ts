import type { Ready } from "./ready_queue.ts";

/** What became of a task so far. */
export type State = "waiting" | "ready" | "running" | "done" | "failed" | "skipped";

/** A task in the graph. A class: literals with a getter take six times its memory. */
export class Node implements Ready {
  readonly id: string;
  readonly type: string;
  readonly order: number;
  limit: number;
  state: State;
  /** The failed task because of which it was skipped. */
  cause: Node | undefined = undefined;
  dependencies: readonly Node[] = NONE;
  readonly dependents: Node[] = [];
  /** Dependencies that are not done yet. */
  missing = 0;
  /** Dependents that have yet to run. */
  uses = 0;
  height = 0;
  queued = false;

  constructor(
    { id, type, limit, state, order }: Pick<Node, "id" | "type" | "limit" | "state" | "order">,
  ) {
    this.id = id;
    this.type = type;
    this.limit = limit;
    this.state = state;
    this.order = order;
  }

  get ready(): boolean {
    return this.state === "ready";
  }
}

const NONE: readonly Node[] = [];

/** Whether what depends on it can never run. */
export function isDead({ state }: Node): boolean {
  return state === "failed" || state === "skipped";
}
