import type { Cache } from "./caches/cache.ts";
import { describe } from "./describe.ts";
import { LabtechError, TaskError } from "./errors.ts";
import { neutralizeLine } from "./progress/neutralize.ts";
import type { StoredRun } from "./runs/find_runs.ts";
import type { RecordedState } from "./runs/run_record.ts";
import type { Call } from "./storages/storage.ts";
import { isTask, type Task, type TaskTypeInfo } from "./task.ts";

/** What {@linkcode buildRunDiagram} asks of a Lab; a `Lab` is such. */
export interface DrawnLab {
  /** How results of a type are formatted; `null` when they are not kept. */
  cacheOf(type: TaskTypeInfo): Cache | null;
  /** The key under which the result of a task lies. */
  keyOf(task: Task): Promise<string>;
  /** Whether the result of a task is in the storage. */
  isCached(task: Task, options?: Call): Promise<boolean>;
  /** The records of runs, the newest first. */
  runs(options?: Call): Promise<StoredRun[]>;
}

/** Options of {@linkcode buildRunDiagram}. */
export interface RunDiagramOptions extends Call {
  /**
   * Which way the arrows from dependencies to what depends on them point: up (`"BT"`), down, right or
   * left.
   *
   * @default {"BT"}
   */
  readonly direction?: "BT" | "TB" | "LR" | "RL";
  /**
   * How many tasks are drawn at most. Whatever it is, there are no more than Mermaid takes by default:
   * 500 arrows, 50,000 characters.
   *
   * @default {200}
   */
  readonly limit?: number;
}

/** What is known of a task: as in a record, or nothing. */
type TaskState = RecordedState | "none";

const DIRECTIONS: readonly unknown[] = ["BT", "TB", "LR", "RL"];
const LIMIT = 200;
/** A little less than `maxEdges` and `maxTextSize` of https://mermaid.js.org/config/schema-docs/config.html */
const MOST_ARROWS = 490;
const MOST_TEXT = 48_000;
/** Tasks in words are cut here, in characters. */
const LABEL = 60;
/** No more records are read, however many tasks are named by none of them. */
const MOST_RECORDS = 20;
const AT_ONCE = 16;

const WORDS: Readonly<Record<TaskState, string>> = {
  run: "ran",
  cached: "cached",
  failed: "failed",
  skipped: "skipped",
  none: "not run",
};
const STYLES: Readonly<Record<TaskState, string>> = {
  run: "fill:#d3f2d6,stroke:#2b7a3b,color:#12351a",
  cached: "fill:#dbe9fb,stroke:#2f5f9e,color:#12294a",
  failed: "fill:#fbd9d7,stroke:#b3261e,color:#4a0f0b",
  skipped: "fill:#fdebc8,stroke:#a86c00,color:#432b00",
  none: "fill:#f2f2f2,stroke:#7a7a7a,color:#303030,stroke-dasharray:4 3",
};

/**
 * Draws tasks, and all that are nested in them, as a Mermaid
 * {@link https://mermaid.js.org/syntax/flowchart.html | flowchart}: a box a task, with the task in words,
 * coloured by its state, which stands below; arrows point from a dependency to what depends on it. The
 * states: `ran` or `cached`, where the result is in the storage, and the latest record of a run that names
 * the task (of the newest 20) says that it ran there, or does not; `failed` and `skipped`, where there is no
 * result, and that record says so; `ran` too where the results of the type are not kept; else `not run`.
 *
 * Where there are more tasks than `limit`, those given come first, then what is nearest to them, and a
 * last box says how many are left out.
 *
 * @throws {TaskError} When something given is no task.
 * @throws {StorageError} When the storage cannot be read.
 *
 * @example
 * ```ts
 * import { Lab, task } from "@labtech/lab";
 * import { buildRunDiagram } from "@labtech/lab/diagram";
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "DrawnSquare",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 *
 * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial" });
 * const [two, three] = [Square({ base: 2 }), Square({ base: 3 })];
 * await lab.runTasks([two]);
 *
 * const diagram = await buildRunDiagram([two, three], lab);
 * assertStringIncludes(diagram, 'n0["DrawnSquare(base=2)<br/>ran"]:::run');
 * assertStringIncludes(diagram, 'n1["DrawnSquare(base=3)<br/>not run"]:::none');
 * ```
 */
export async function buildRunDiagram(
  tasks: Iterable<Task>,
  lab: DrawnLab,
  options: RunDiagramOptions = {},
): Promise<string> {
  const { direction = "BT", limit = LIMIT, signal } = options;
  if (!DIRECTIONS.includes(direction)) {
    throw new TypeError(
      `Expected the direction to be "BT", "TB", "LR" or "RL", got ${describe(direction)}`,
    );
  }
  if (!Number.isSafeInteger(limit) || limit < 1) {
    throw new TypeError(`Expected the limit to be a whole number from 1, got ${describe(limit)}`);
  }
  signal?.throwIfAborted();
  const { drawn, leftOut } = choose(tasks, limit);
  const states = await statesOf(drawn.map(({ task }) => task), lab, { signal });
  const used = new Set(states.values());
  const lines = [
    ...drawn.map(({ task, label }, n) => {
      const state = states.get(task.id)!;
      return `n${n}["${label}<br/>${WORDS[state]}"]:::${state}`;
    }),
    ...leftOut > 0 ? [`more["and ${leftOut} more ${leftOut === 1 ? "task" : "tasks"}"]`] : [],
    ...drawn.flatMap(({ arrows }) => arrows),
    ...Object.entries(STYLES).filter(([state]) => used.has(state as TaskState))
      .map(([state, style]) => `classDef ${state} ${style}`),
  ];
  return `flowchart ${direction}\n${lines.map((line) => `    ${line}\n`).join("")}`;
}

interface DrawnTask {
  readonly task: Task;
  readonly label: string;
  /** From those of its dependencies that are drawn. */
  readonly arrows: string[];
}

/** Chooses what is drawn: the tasks given, and those nested in them, level by level, while there is room. */
function choose(
  tasks: Iterable<Task>,
  limit: number,
): { readonly drawn: DrawnTask[]; readonly leftOut: number } {
  const all = new Map<string, Task>();
  for (const task of tasks) {
    if (!isTask(task)) throw new TaskError(`Expected tasks to draw, got ${describe(task)}`);
    all.set(task.id, task);
  }
  // The map grows while it is walked: what is added comes last.
  for (const task of all.values()) {
    for (const nested of task.dependencies) if (!all.has(nested.id)) all.set(nested.id, nested);
  }
  const room = new Room(all, limit);
  const drawn: DrawnTask[] = [];
  for (const task of all.values()) {
    const label = labelText(task);
    if (!room.takes(task, label)) break;
    drawn.push({ task, label, arrows: [] });
  }
  const places = new Map(drawn.map(({ task }, n) => [task.id, n]));
  for (const [n, { task, arrows }] of drawn.entries()) {
    for (const { id } of task.dependencies) {
      const from = places.get(id);
      if (from !== undefined) arrows.push(`n${from} --> n${n}`);
    }
  }
  return { drawn, leftOut: all.size - drawn.length };
}

/** Counts what a diagram holds. An arrow counts with the one of its two tasks that comes later. */
class Room {
  readonly #limit: number;
  readonly #dependents = new Map<string, string[]>();
  readonly #taken = new Set<string>();
  #arrows = 0;
  #text = 0;

  constructor(all: ReadonlyMap<string, Task>, limit: number) {
    this.#limit = limit;
    for (const { id, dependencies } of all.values()) {
      for (const nested of dependencies) {
        const known = this.#dependents.get(nested.id);
        if (known) known.push(id);
        else this.#dependents.set(nested.id, [id]);
      }
    }
  }

  takes({ id, dependencies }: Task, label: string): boolean {
    const isTaken = (other: string) => this.#taken.has(other);
    const arrows = dependencies.filter((nested) => isTaken(nested.id)).length +
      (this.#dependents.get(id) ?? []).filter(isTaken).length;
    this.#arrows += arrows;
    // "    n1234["…<br/>not run"]:::skipped" and "    n1234 --> n1234".
    this.#text += label.length + 40 + 20 * arrows;
    this.#taken.add(id);
    return this.#taken.size <= this.#limit && this.#arrows <= MOST_ARROWS &&
      this.#text <= MOST_TEXT;
  }
}

async function statesOf(
  tasks: readonly Task[],
  lab: DrawnLab,
  call: Call,
): Promise<Map<string, TaskState>> {
  const keys = new Map<string, Task>();
  for (const task of tasks) keys.set(await lab.keyOf(task), task);
  const recorded = await recordedStates(new Set(keys.keys()), lab, call);
  const states = new Map<string, TaskState>();
  const queue = keys.entries();
  const look = async () => {
    for (const [key, task] of queue) {
      const state = recorded.get(key) ?? "none";
      const isThere = await lab.isCached(task, call);
      const isKept = lab.cacheOf(task.type) !== null;
      if (isThere) states.set(task.id, state === "run" ? "run" : "cached");
      else states.set(task.id, state === "cached" || state === "run" && isKept ? "none" : state);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, look));
  return states;
}

/** What the latest record that names a task says of it, by key. */
async function recordedStates(
  keys: ReadonlySet<string>,
  lab: DrawnLab,
  call: Call,
): Promise<Map<string, RecordedState>> {
  const states = new Map<string, RecordedState>();
  for (const run of (await lab.runs(call)).slice(0, MOST_RECORDS)) {
    if (states.size === keys.size) break;
    for (const { key, state } of await tasksOf(run, call)) {
      if (keys.has(key) && !states.has(key)) states.set(key, state);
    }
  }
  return states;
}

/** The tasks that a record names; none where it is of no use. */
async function tasksOf(
  run: StoredRun,
  call: Call,
): Promise<Iterable<{ readonly key: string; readonly state: RecordedState }>> {
  const record = await run.load(call);
  try {
    return await record?.tasks(call) ?? [];
  } catch (error) {
    if (error instanceof LabtechError) return [];
    throw error;
  }
}

/** What can stand in a quoted label of Mermaid as it is. */
const PLAIN = /[\p{L}\p{N} _\-.,:=()/…]/u;

/** A task in words, cut, with all that might mean something to Mermaid as entity codes. */
function labelText(task: Task): string {
  const characters = [...neutralizeLine(String(task))];
  const cut = characters.length > LABEL ? [...characters.slice(0, LABEL - 1), "…"] : characters;
  return cut.map((character) => PLAIN.test(character) ? character : `#${character.codePointAt(0)};`)
    .join("");
}
