import { TaskError } from "../errors.ts";
import type { Task } from "../task.ts";

// How long, in ms, a task whose signal aborted may take to end before it is taken to go on.
const GRACE = 100;

/** Says that a task took longer than it may. */
export function overtimeError(task: Task, timeout: number): TaskError {
  return new TaskError(`${task} took longer than its timeout of ${timeout} ms`);
}

/** Thrown when a task took longer than it may. */
export class Overtime {
  /** `goesOn`: whether the task goes on all the same. */
  constructor(readonly error: TaskError, readonly goesOn: boolean) {}
}

/** The time that a task has. */
export class TimeLimit implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #task: Task;
  readonly #timeout: number;

  constructor(task: Task, timeout: number) {
    this.#task = task;
    this.#timeout = timeout;
    this.#timer = setTimeout(() => this.#expire(), timeout);
  }

  /** Aborts when the time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Gives what a task gives in time.
   *
   * @throws {Overtime} When its time is over, whatever it gives then.
   */
  async hold<T>(running: T | Promise<T>): Promise<T> {
    const { signal } = this.#controller;
    const { promise: over, resolve } = Promise.withResolvers<"over">();
    signal.addEventListener("abort", () => resolve("over"), { once: true });
    const settled = Promise.resolve(running).then(
      (value) => ({ value }),
      (error) => ({ error }),
    );
    const first = await Promise.race([settled, over]);
    // What never yielded kept the timer from its turn.
    if (first !== "over" && !this.#isOver()) {
      if ("error" in first) throw first.error;
      return first.value;
    }
    const { promise: late, resolve: giveUp } = Promise.withResolvers<"late">();
    const timer = setTimeout(() => giveUp("late"), GRACE);
    const last = await Promise.race([settled, late]);
    clearTimeout(timer);
    throw new Overtime(overtimeError(this.#task, this.#timeout), last === "late");
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }

  readonly #began = performance.now();

  #isOver(): boolean {
    return this.signal.aborted || performance.now() - this.#began > this.#timeout;
  }

  #expire(): void {
    this.#controller.abort(overtimeError(this.#task, this.#timeout));
  }
}
