import { RunnerError } from "../errors.ts";
import type { TaskTypeInfo } from "../task.ts";
import { asError } from "./_executor.ts";

type Context = Readonly<Record<string, unknown>>;

/**
 * Gives a context that can be sent to a worker, as `check` has it.
 *
 * @throws {RunnerError} Which names the variable that cannot.
 */
export function sendable(context: Context, check: (value: unknown) => void): Context {
  for (const [name, value] of Object.entries(context)) {
    try {
      check(value);
    } catch (error) {
      throw new RunnerError(
        `context.${name} cannot be sent to a worker (${asError(error).message}); leave it out by ` +
          `filterContext and make it within run, or take the runner "serial" or "async"`,
        { cause: error },
      );
    }
  }
  return context;
}

/**
 * Refuses a type that no worker can import.
 *
 * @throws {RunnerError} When the type has no module.
 */
export function refuseWithoutModule({ taskName, module }: TaskTypeInfo): void {
  if (module !== undefined) return;
  throw new RunnerError(
    `The task type ${taskName} has no module that a worker could import (it was defined in a REPL ` +
      `or notebook); define it in a file by task(import.meta, …), or take the runner "serial" or ` +
      `"async"`,
  );
}
