import type { TaskLabel } from "../progress/events.ts";
import type { Task } from "../task.ts";

/** A task as displays name it. The text is written only when it is asked for. */
export function labelOf(task: Task): TaskLabel {
  return new Label(task);
}

class Label implements TaskLabel {
  readonly #task: Task;

  constructor(task: Task) {
    this.#task = task;
  }

  get id(): string {
    return this.#task.id;
  }

  get type(): string {
    return this.#task.taskName;
  }

  get text(): string {
    return this.#task.toString();
  }

  toJSON(): TaskLabel {
    return { id: this.id, type: this.type, text: this.text };
  }
}
