import { TaskError } from "./errors.ts";
import type { RunSummary } from "./progress/events.ts";
import type { ResultOf, Task, TaskResult } from "./task.ts";

/** The results of a run, by task, in the order in which the tasks were given. Equal tasks are one. */
export class TaskResults<T extends Task = Task> {
  /** The run in numbers. */
  readonly summary: RunSummary;
  readonly #tasks: ReadonlyMap<string, T>;
  readonly #results: ReadonlyMap<string, TaskResult>;

  /** Made by the Lab: the tasks in their order, and the results that there are, by id. */
  constructor(
    tasks: ReadonlyMap<string, T>,
    results: ReadonlyMap<string, TaskResult>,
    summary: RunSummary,
  ) {
    this.#tasks = new Map([...tasks].filter(([id]) => results.has(id)));
    this.#results = results;
    this.summary = summary;
  }

  /** How many distinct tasks have a result here. */
  get size(): number {
    return this.#tasks.size;
  }

  /** Whether the result of a task is here. */
  has(task: Task): boolean {
    return this.#tasks.has(task.id);
  }

  /**
   * The result of a task.
   *
   * @throws {TaskError} When the task is not among those that were run, or has no result.
   */
  get<K extends T>(task: K): ResultOf<K> {
    const result = this.#tasks.has(task.id) ? this.#results.get(task.id) : undefined;
    if (result === undefined) {
      throw new TaskError(`${task} has no result here; has(task) tells which tasks have one`);
    }
    return result.value as ResultOf<K>;
  }

  /** The tasks. */
  keys(): IterableIterator<T> {
    return this.#tasks.values();
  }

  /** The results. */
  *values(): IterableIterator<ResultOf<T>> {
    for (const [, value] of this) yield value;
  }

  /** The tasks with their results. */
  *entries(): IterableIterator<[T, ResultOf<T>]> {
    for (const task of this.#tasks.values()) yield [task, this.get(task)];
  }

  /** The tasks with their results. */
  [Symbol.iterator](): IterableIterator<[T, ResultOf<T>]> {
    return this.entries();
  }

  /** What a notebook on Deno's Jupyter kernel shows of the results: a table, the first 50 tasks of it. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const { resultsHtml } = await import("./results_html.ts");
    const rows = Array.from(
      this.#tasks.values(),
      (task) => [task, this.#results.get(task.id)!] as const,
    );
    return { "text/html": resultsHtml(rows, this.summary) };
  }
}
