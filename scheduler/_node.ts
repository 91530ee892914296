import type { Ready } from "./ready_queue.ts";

/** What became of a task so far. */
export type State = "waiting" | "ready" | "running" | "done" | "failed" | "skipped";

/** A task in the graph. */
export interface Node extends Ready {
  readonly id: string;
  limit: number;
  state: State;
  /** The failed task because of which it was skipped. */
  cause: Node | undefined;
  dependencies: readonly Node[];
  readonly dependents: Node[];
  /** Dependencies that are not done yet. */
  missing: number;
  /** Dependents that have yet to run. */
  uses: number;
  height: number;
}

/** Whether what depends on it can never run. */
export function isDead({ state }: Node): boolean {
  return state === "failed" || state === "skipped";
}
