import { isPlainObject } from "../describe.ts";
import { SerializationError } from "../errors.ts";
import { TaskNode } from "../params.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { nestedIds, paramsFromJson, type TaskJson, type TaskTableJson } from "../serialize.ts";
import { summarize } from "../summary.ts";

/**
 * A task as it stands in the metadata of an entry, whose type the program need not know. It is good for
 * being shown; what it says is not verified.
 */
export class StoredTask extends TaskNode {
  override readonly id: string;
  override readonly taskName: string;
  override readonly codeVersion: string | undefined;
  readonly #table: TaskTableJson;
  readonly #json: TaskJson;

  /**
   * Reads a task of a table.
   *
   * @throws {SerializationError} When the table lacks it, or it is malformed. Its params are read later.
   */
  constructor(table: TaskTableJson, id: string = table.id) {
    super();
    const json = Object.hasOwn(table.tasks, id) ? table.tasks[id] : undefined;
    if (
      !isPlainObject(json) || typeof json.name !== "string" || !isPlainObject(json.params) ||
      !(json.codeVersion === undefined || typeof json.codeVersion === "string")
    ) throw new SerializationError(`Task ${id} is missing from its table, or malformed`);
    this.#table = table;
    this.#json = json as unknown as TaskJson;
    this.id = id;
    this.taskName = json.name;
    this.codeVersion = json.codeVersion;
  }

  /** The params; throws when they are malformed. */
  override get params(): object {
    return paramsFromJson(this.#json.params, (id) => new StoredTask(this.#table, id));
  }

  /** The params as they stand in JSON. */
  get paramsJson(): Record<string, unknown> {
    return this.#json.params;
  }

  /** The tasks in the params, each once. */
  override get dependencies(): readonly StoredTask[] {
    return Array.from(
      nestedIds(this.#json.params),
      (id) => new StoredTask(this.#table, id),
    );
  }

  /** The task in words, made safe to print. */
  override toString(): string {
    return neutralizeLine(summarize(this));
  }

  /** The same in the console. */
  [Symbol.for("Deno.customInspect")](): string {
    return this.toString();
  }
}

/** All tasks of an entry beside its own: those nearest to it first, each once. */
export function nestedTasks(task: StoredTask): StoredTask[] {
  const found = new Map<string, StoredTask>([[task.id, task]]);
  for (const above of found.values()) {
    for (const nested of above.dependencies) {
      if (!found.has(nested.id)) found.set(nested.id, nested);
    }
  }
  return [...found.values()].slice(1);
}
