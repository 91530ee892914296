/**
 * Diagrams of tasks, in the language of {@link https://mermaid.js.org | Mermaid}, which GitHub, GitLab
 * and Jupyter draw.
 *
 * @module
 */

import { describe } from "./describe.ts";
import { TaskError } from "./errors.ts";
import { isTask, type Task } from "./task.ts";

export { buildRunDiagram, type DrawnLab, type RunDiagramOptions } from "./run_diagram.ts";

/** Options of {@linkcode buildTaskDiagram}. */
export interface TaskDiagramOptions {
  /**
   * Which way the arrows from dependencies to what depends on them point: up (`"BT"`), down, right or
   * left.
   *
   * @default {"BT"}
   */
  readonly direction?: "BT" | "TB" | "LR" | "RL";
}

const DIRECTIONS: readonly unknown[] = ["BT", "TB", "LR", "RL"];

/**
 * Draws the types of tasks, and of all tasks nested in them, as a Mermaid
 * {@link https://mermaid.js.org/syntax/classDiagram.html | class diagram}. Each type lists its params
 * with the types that their values have: `number | string` where tasks differ, `name?` where some tasks
 * lack the param. Arrows point from a dependency to what depends on it, are labelled with the param, and
 * say `"many"` where one task has several there. Takes time linear in the size of the graph.
 *
 * @throws {TaskError} When something given is no task.
 *
 * @example
 * ```ts
 * import { task, type Task } from "@labtech/lab";
 * import { buildTaskDiagram } from "@labtech/lab/diagram";
 * import { assertEquals } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "Square",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 * const Sum = task(import.meta, {
 *   name: "Sum",
 *   run: ({ of }: { of: Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
 * });
 *
 * const sum = Sum({ of: [Square({ base: 2 }), Square({ base: 3 })] });
 * assertEquals(
 *   buildTaskDiagram([sum]),
 *   `classDiagram
 *     direction BT
 *
 *     class Sum {
 *         of: Square[]
 *     }
 *     class Square {
 *         base: number
 *     }
 *
 *     Sum <-- "many" Square : of
 * `,
 * );
 * ```
 */
export function buildTaskDiagram(
  tasks: Iterable<Task>,
  options: TaskDiagramOptions = {},
): string {
  const { direction = "BT" } = options;
  if (!DIRECTIONS.includes(direction)) {
    throw new TypeError(
      `Expected the direction to be "BT", "TB", "LR" or "RL", got ${describe(direction)}`,
    );
  }
  const shapes = shapesOf(tasks);
  const ids = classIds([...shapes.keys()]);
  const classes = [...shapes].map(([name, shape]) => drawClass(name, shape, ids.get(name)!));
  const arrows = [...shapes].flatMap(([name, shape]) => drawArrows(name, shape, ids));
  const parts = [[`    direction ${direction}`], classes, arrows].filter(({ length }) =>
    length > 0
  );
  return `classDiagram\n${parts.map((lines) => `${lines.join("\n")}\n`).join("\n")}`;
}

/** What is seen of one task type. */
interface TypeShape {
  /** How many tasks of the type there are. */
  tasks: number;
  readonly params: Map<string, ParamShape>;
}

interface ParamShape {
  /** How many tasks have the param. */
  tasks: number;
  readonly types: TypesSeen;
  /** Types of nested tasks, and whether one task has several of them in this param. */
  readonly dependencies: Map<string, { many: boolean }>;
}

interface TypesSeen {
  readonly names: Set<string>;
  /** Those of the elements of arrays. */
  elements?: TypesSeen;
}

function shapesOf(tasks: Iterable<Task>): Map<string, TypeShape> {
  const shapes = new Map<string, TypeShape>();
  const seen = new Map<string, Task>();
  for (const task of tasks) {
    if (!isTask(task)) throw new TaskError(`Expected tasks to draw, got ${describe(task)}`);
    seen.set(task.id, task);
  }
  // The map grows while it is walked: what is added comes last.
  for (const task of seen.values()) {
    let shape = shapes.get(task.taskName);
    if (shape === undefined) shapes.set(task.taskName, shape = { tasks: 0, params: new Map() });
    addTask(shape, task);
    for (const nested of task.dependencies) if (!seen.has(nested.id)) seen.set(nested.id, nested);
  }
  return shapes;
}

function addTask(shape: TypeShape, task: Task): void {
  shape.tasks++;
  for (const [name, value] of Object.entries(task.params)) {
    let param = shape.params.get(name);
    if (param === undefined) {
      param = { tasks: 0, types: { names: new Set() }, dependencies: new Map() };
      shape.params.set(name, param);
    }
    param.tasks++;
    addTypes(param.types, value);
    if (task.dependencies.length > 0) addDependencies(param, value);
  }
}

function addTypes(seen: TypesSeen, value: unknown): void {
  if (Array.isArray(value)) {
    seen.elements ??= { names: new Set() };
    for (const element of value) addTypes(seen.elements, element);
  } else seen.names.add(typeName(value));
}

function typeName(value: unknown): string {
  if (value === null) return "null";
  if (isTask(value)) return value.taskName;
  return value instanceof Date ? "Date" : typeof value;
}

function addDependencies(param: ParamShape, value: unknown): void {
  const found = new Map<string, Set<string>>();
  const listed = new Set<string>();
  const visit = (part: unknown, inList: boolean): void => {
    if (typeof part !== "object" || part === null || part instanceof Date) return;
    if (isTask(part)) {
      const ids = found.get(part.taskName);
      if (ids === undefined) found.set(part.taskName, new Set([part.id]));
      else ids.add(part.id);
      if (inList) listed.add(part.taskName);
    } else {
      for (const entry of Object.values(part)) visit(entry, inList || Array.isArray(part));
    }
  };
  visit(value, false);
  for (const [name, ids] of found) {
    const many = listed.has(name) || ids.size > 1;
    const known = param.dependencies.get(name);
    if (known === undefined) param.dependencies.set(name, { many });
    else known.many ||= many;
  }
}

function drawClass(name: string, shape: TypeShape, id: string): string {
  const lines = [...shape.params].map(([param, { tasks, types }]) =>
    `        ${escaped(param)}${tasks < shape.tasks ? "?" : ""}: ${drawTypes(types)}\n`
  );
  const head = `    class ${id}${id === name ? "" : `["${name}"]`}`;
  return lines.length === 0 ? head : `${head} {\n${lines.join("")}    }`;
}

function drawTypes({ names, elements }: TypesSeen): string {
  return [...names, ...(elements === undefined ? [] : [drawArray(elements)])].join(" | ");
}

function drawArray(elements: TypesSeen): string {
  const types = drawTypes(elements);
  if (types === "") return "unknown[]";
  // Mermaid takes parentheses for those of a method; tildes are its angle brackets.
  return types.includes(" | ") ? `Array~${types}~` : `${types}[]`;
}

function drawArrows(
  name: string,
  shape: TypeShape,
  ids: ReadonlyMap<string, string>,
): string[] {
  return [...shape.params].flatMap(([param, { dependencies }]) =>
    [...dependencies].map(([dependency, { many }]) => {
      const from = `${many ? '"many" ' : ""}${ids.get(dependency)}`;
      return `    ${ids.get(name)} <-- ${from} : ${escaped(param)}`;
    })
  );
}

/** Words of Mermaid's class diagrams; even quoted, some cannot be the id of a class. */
const RESERVED = new Set(
  ("accDescr accTitle call callback class classDef classDiagram click cssClass default direction " +
    "end for href link namespace note o style _blank _parent _self _top").split(" "),
);

/** Ids of classes by task type: the name itself where Mermaid can take it. */
function classIds(names: readonly string[]): Map<string, string> {
  const plain = names.filter((name) => /^\w+$/.test(name) && !RESERVED.has(name));
  const ids = new Map(plain.map((name) => [name, name]));
  const taken = new Set(plain);
  for (const name of names) {
    if (ids.has(name)) continue;
    let id = `${name.replaceAll("-", "_")}_`;
    while (taken.has(id)) id += "_";
    taken.add(id);
    ids.set(name, id);
  }
  return ids;
}

const PLAIN = /[\p{L}\p{N}_]/u;
const PLAIN_INSIDE = new Set(["-", ".", "/"]);

/** Text with all that might mean something to Mermaid as entity codes. */
function escaped(text: string): string {
  if (text === "") return "#quot;#quot;";
  const characters = [...text];
  return characters.map((character, i) => {
    const inside = i > 0 && i < characters.length - 1;
    const plain = PLAIN.test(character) || (inside && PLAIN_INSIDE.has(character));
    return plain ? character : `#${character.codePointAt(0)};`;
  }).join("");
}
