import type { SlowTask } from "./progress/events.ts";
import { labelOf } from "./runners/_label.ts";
import type { Task } from "./task.ts";

const MOST = 5;

/** Remembers, of all tasks that ran, the few that ran longest. */
export class SlowestTasks {
  readonly #tasks: { readonly task: Task; readonly duration: number }[] = [];

  /** Takes in a task that ran for so many ms. */
  add(task: Task, duration: number): void {
    const least = this.#tasks[MOST - 1]?.duration ?? -1;
    if (duration <= least) return;
    const at = this.#tasks.findIndex((other) => other.duration < duration);
    this.#tasks.splice(at < 0 ? this.#tasks.length : at, 0, { task, duration });
    this.#tasks.length = Math.min(this.#tasks.length, MOST);
  }

  /** The longest first. */
  list(): SlowTask[] {
    return this.#tasks.map(({ task, duration }) => ({ task: labelOf(task), duration }));
  }
}
