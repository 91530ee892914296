import { describe } from "../describe.ts";
import { ConfigError } from "../errors.ts";
import { nearest } from "../suggest.ts";
import { isTask, isTaskType, type Task } from "../task.ts";

/** Where tasks are looked for when nobody says. */
const USUAL = ["default", "tasks"] as const;

/**
 * The tasks that a module exports: one task, an iterable of tasks, or a function that gives either,
 * at once or later.
 *
 * @param module The module's exports.
 * @param name What to call the module in messages.
 * @param wanted The export to take. @default {`default`, else `tasks`}
 * @throws {ConfigError} When there are none.
 */
export async function givenTasks(
  module: Readonly<Record<string, unknown>>,
  name: string,
  wanted?: string,
): Promise<Task[]> {
  const key = wanted ?? USUAL.find((usual) => Object.hasOwn(module, usual));
  if (key === undefined || !Object.hasOwn(module, key)) {
    throw mistake(`${name} ${missing(module, wanted)}`);
  }
  const where = `the export ${JSON.stringify(key)} of ${name}`;
  const tasks = await tasksIn(await called(module[key], where), where);
  if (tasks.length === 0) {
    throw mistake(`${capital(where)} gives no tasks: there is nothing to run`);
  }
  return tasks;
}

async function called(value: unknown, where: string): Promise<unknown> {
  if (typeof value !== "function" || isTaskType(value)) return await value;
  try {
    return await value();
  } catch (cause) {
    const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
    throw new ConfigError(
      [{ path: "", message: `${capital(where)} is a function, and threw: ${message}` }],
      undefined,
      { cause },
    );
  }
}

async function tasksIn(value: unknown, where: string): Promise<Task[]> {
  if (isTask(value)) return [value];
  if (isTaskType(value)) {
    throw mistake(
      `${capital(where)} is the task type ${value.taskName}; export tasks of it, such as ` +
        `[${value.taskName}({ … })], to run them`,
    );
  }
  refuseOtherCopy(value, where);
  if (!isIterable(value)) {
    throw mistake(
      `Expected ${where} to be a task, a list of tasks, or a function that gives them, got ` +
        describe(value),
    );
  }
  const tasks: Task[] = [];
  for await (const item of value) {
    refuseOtherCopy(item, where);
    if (!isTask(item)) {
      throw mistake(`Expected ${where} to hold tasks only, got ${describe(item)} among them`);
    }
    tasks.push(item);
  }
  return tasks;
}

function isIterable(value: unknown): value is Iterable<unknown> | AsyncIterable<unknown> {
  return typeof value === "object" && value !== null &&
    (Symbol.iterator in value || Symbol.asyncIterator in value);
}

// What another version of this library made looks like a task, and is none.
function refuseOtherCopy(value: unknown, where: string): void {
  if (isTask(value) || typeof value !== "object" || value === null) return;
  const { id, taskName, type } = value as Record<string, unknown>;
  if (typeof id !== "string" || typeof taskName !== "string" || typeof type !== "function") return;
  throw mistake(
    `${capital(where)} holds tasks of another copy of this library than the one that runs this ` +
      `command; start it by the name that the module imports: deno run -A @labtech/lab/cli run …`,
  );
}

function missing(module: object, wanted: string | undefined): string {
  const names = Object.keys(module);
  const shown = names.slice(0, 10).map((name) => JSON.stringify(name)).join(", ");
  const known = names.length === 0
    ? "it exports nothing"
    : `it exports ${shown}${names.length > 10 ? ` and ${names.length - 10} more` : ""}`;
  if (wanted === undefined) {
    return `exports neither "default" nor "tasks"; ${known}. Export the tasks to run ` +
      `(export const tasks = [ … ]), or name the export by --tasks`;
  }
  const near = nearest(wanted, names);
  return `has no export ${JSON.stringify(wanted)}${
    near === undefined ? "" : `; did you mean ${JSON.stringify(near)}?`
  }${near === undefined ? ";" : ""} ${known}`;
}

function capital(text: string): string {
  return text[0]!.toUpperCase() + text.slice(1);
}

function mistake(message: string): ConfigError {
  return new ConfigError([{ path: "", message }]);
}
