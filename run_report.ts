import type { ProgressDisplay, RunEvent } from "./progress/events.ts";
import { labelOf } from "./runners/_label.ts";
import type { Task } from "./task.ts";

/** Tells the display of a run what goes on. Its functions can be handed on as they are. */
export class RunReport {
  readonly #display: ProgressDisplay;

  /** Speaks to a display. */
  constructor(display: ProgressDisplay) {
    this.#display = display;
  }

  /** Something happened. */
  readonly event = (event: RunEvent): void => this.#display.handle(event);

  /** A task is planned. */
  readonly planned = (task: Task): void => {
    this.event({ kind: "planned", at: Date.now(), type: task.taskName, count: 1 });
  };

  /** A task waits for another program to compute it. */
  readonly waits = (task: Task): void => {
    this.event({ kind: "waiting", at: Date.now(), task: labelOf(task) });
  };

  /** Something worth to know. */
  readonly tell = (text: string): void => {
    this.event({ kind: "log", at: Date.now(), level: "info", text });
  };

  /** Something that should not be so. */
  readonly warn = (text: string): void => {
    this.event({ kind: "log", at: Date.now(), level: "warn", text });
  };
}
