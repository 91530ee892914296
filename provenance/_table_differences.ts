import { isPlainObject, showPath } from "../describe.ts";
import { StoredTask } from "../maintenance/stored_task.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { jsonTag, paramsFromJson, type TaskJson, type TaskTableJson } from "../serialize.ts";
import { ABSENT, cut, textOf } from "./_value_text.ts";
import type { ParamDifference } from "./explanation.ts";

/** How much comparing may be done in all: a value looked at is one. */
export interface Budget {
  left: number;
}

/** A place at which the params of two tasks differ. */
interface Leaf {
  readonly pair: Pair;
  readonly path: readonly PropertyKey[];
  readonly before: unknown;
  readonly after: unknown;
}

/** Two tasks of one type that stand at the same place. */
interface Pair {
  readonly before: string;
  readonly after: string;
  /** How many places refer to them. */
  places: number;
}

/** How two tables differ. */
export interface TableDifferences {
  /** In params: those that are told alike stand together. */
  readonly params: readonly ParamDifference[];
  /** The ids of tasks that stand at the same place and are of one type: in both tables. */
  readonly pairs: readonly { readonly before: string; readonly after: string }[];
}

/** Where there are more differences than this, no more are looked for. */
const MOST_DIFFERENCES = 10_000;
/** Params are nested no deeper; what comes from a storage may be. */
const DEEPEST = 300;

/**
 * Compares two tasks with all that is nested in them, by their params as JSON. Tasks that differ and stand at
 * the same place are compared once, however many refer to them. Nothing in either table is believed.
 *
 * @param before The earlier task, from a storage.
 */
export class TableComparison {
  readonly #before: TaskTableJson;
  readonly #after: TaskTableJson;
  readonly #budget: Budget;
  readonly #most: number;
  readonly #pairs = new Map<string, Pair>();
  readonly #pending: Pair[] = [];
  readonly #leaves: Leaf[] = [];
  #path: PropertyKey[] = [];
  #pair: Pair;

  /** `most`: where there are more differences than this (or 10,000), no more are looked for. */
  constructor(
    before: TaskTableJson,
    after: TaskTableJson,
    budget: Budget,
    most: number = Infinity,
  ) {
    this.#before = before;
    this.#after = after;
    this.#budget = budget;
    this.#most = Math.min(most, MOST_DIFFERENCES);
    this.#pair = this.#meet(before.id, after.id);
    for (let pair = this.#pending.pop(); pair && !this.#isOver; pair = this.#pending.pop()) {
      this.#pair = pair;
      const [a, b] = [jsonOf(before, pair.before), jsonOf(after, pair.after)];
      this.#compare(a?.params ?? {}, b?.params ?? {});
    }
  }

  /** In how many places they differ; `Infinity` where the budget did not suffice to say that. */
  get count(): number {
    return this.#budget.left < 0 ? Infinity : this.#leaves.length;
  }

  /** How far they lie apart in those places: numbers by their ratio, up to 1 for each. */
  get distance(): number {
    return this.#leaves.reduce((sum, { before, after }) => sum + distanceOf(before, after), 0);
  }

  /** How they differ. */
  get differences(): TableDifferences {
    const params = new Map<
      string,
      { -readonly [K in keyof ParamDifference]: ParamDifference[K] }
    >();
    for (const { pair, path, before: a, after: b } of this.#leaves) {
      const type = neutralizeLine(jsonOf(this.#after, pair.after)?.name ?? "");
      const difference = {
        ...{ type, path: neutralizeLine(showPath("params", path)) },
        before: leafText(a, this.#before),
        after: leafText(b, this.#after),
      };
      const known = params.get(JSON.stringify(difference));
      if (known) known.places += pair.places;
      else params.set(JSON.stringify(difference), { ...difference, places: pair.places });
    }
    return { params: [...params.values()], pairs: [...this.#pairs.values()] };
  }

  get #isOver(): boolean {
    return this.#leaves.length > this.#most || this.#budget.left < 0;
  }

  #meet(before: string, after: string): Pair {
    const key = `${before} ${after}`;
    let pair = this.#pairs.get(key);
    if (pair === undefined) {
      this.#pairs.set(key, pair = { before, after, places: 0 });
      this.#pending.push(pair);
    }
    pair.places++;
    return pair;
  }

  #compare(a: unknown, b: unknown): void {
    this.#budget.left--;
    if (a === b || this.#isOver) return;
    if (!isContainer(a) || !isContainer(b) || this.#path.length > DEEPEST) {
      return this.#differ(a, b);
    }
    const [tag, other] = [jsonTag(a), jsonTag(b)];
    if (tag !== undefined || other !== undefined) this.#compareTagged(a, b);
    else if (Array.isArray(a) && Array.isArray(b)) this.#compareLists(a, b);
    else if (Array.isArray(a) || Array.isArray(b)) this.#differ(a, b);
    else {
      for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
        const step = key.startsWith("$") ? key.slice(1) : key;
        this.#compareAt(step, own(a, key), own(b, key));
      }
    }
  }

  #compareAt(step: PropertyKey, a: unknown, b: unknown): void {
    this.#path.push(step);
    this.#compare(a, b);
    this.#path.pop();
  }

  #compareTagged(a: object, b: object): void {
    const [one, other] = [taskIdIn(a), taskIdIn(b)];
    if (one === undefined || other === undefined) {
      if (JSON.stringify(a) !== JSON.stringify(b)) this.#differ(a, b);
    } else if (one !== other) {
      const name = jsonOf(this.#before, one)?.name;
      const isAlike = name !== undefined && name === jsonOf(this.#after, other)?.name;
      if (isAlike) this.#meet(one, other);
      else this.#differ(a, b);
    }
  }

  /** What two lists have in common is left aside: at their ends, and then wherever it stands. */
  #compareLists(a: readonly unknown[], b: readonly unknown[]): void {
    if (a.length + b.length > this.#budget.left) {
      this.#budget.left = -1;
      return;
    }
    const texts = (list: readonly unknown[]) => {
      this.#budget.left -= list.length;
      return list.map((each) => isContainer(each) ? JSON.stringify(each) : each);
    };
    const [one, other] = [texts(a), texts(b)];
    let [from, endA, endB] = [0, a.length, b.length];
    while (from < endA && from < endB && one[from] === other[from]) from++;
    while (endA > from && endB > from && one[endA - 1] === other[endB - 1]) endA--, endB--;
    const [restA, restB] = [places(from, endA), places(from, endB)];
    const [leftA, leftB] = [without(restA, one, restB, other), without(restB, other, restA, one)];
    if (leftA.length + leftB.length === 0 && restA.length > 0) {
      return this.#differ(a.slice(from, endA), b.slice(from, endB));
    }
    for (let i = 0; i < Math.max(leftA.length, leftB.length) && !this.#isOver; i++) {
      const [atA, atB] = [leftA[i], leftB[i]];
      this.#compareAt(
        atB ?? atA!,
        atA === undefined ? ABSENT : a[atA],
        atB === undefined ? ABSENT : b[atB],
      );
    }
  }

  #differ(before: unknown, after: unknown): void {
    this.#leaves.push({ pair: this.#pair, path: [...this.#path], before, after });
  }
}

function distanceOf(before: unknown, after: unknown): number {
  if (typeof before !== "number" || typeof after !== "number") return 1;
  return Math.abs(before - after) / (Math.abs(before) + Math.abs(after) || 1);
}

function places(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** The places in one list of what is not in the other one as well, each of the same kind once. */
function without(
  rest: readonly number[],
  texts: readonly unknown[],
  otherRest: readonly number[],
  otherTexts: readonly unknown[],
): number[] {
  const counts = new Map<unknown, number>();
  for (const at of otherRest) counts.set(otherTexts[at], (counts.get(otherTexts[at]) ?? 0) + 1);
  return rest.filter((at) => {
    const count = counts.get(texts[at]) ?? 0;
    counts.set(texts[at], count - 1);
    return count <= 0;
  });
}

/** A task of a table; `undefined` where the table lacks it, or it is malformed. */
export function jsonOf({ tasks }: TaskTableJson, id: string): TaskJson | undefined {
  const json: unknown = Object.hasOwn(tasks, id) ? tasks[id] : undefined;
  const isOne = isPlainObject(json) && typeof json.name === "string" &&
    isPlainObject(json.params) &&
    (json.codeVersion === undefined || typeof json.codeVersion === "string");
  return isOne ? json as unknown as TaskJson : undefined;
}

function taskIdIn(json: object): string | undefined {
  const id = jsonTag(json) === "$task" ? own(json, "$task") : undefined;
  return typeof id === "string" ? id : undefined;
}

function isContainer(json: unknown): json is object {
  return typeof json === "object" && json !== null;
}

function own(json: object, key: string): unknown {
  return Object.hasOwn(json, key) ? (json as Record<string, unknown>)[key] : ABSENT;
}

/** What stands in a place, in a few words, safe to print; `undefined` where nothing does. */
function leafText(json: unknown, table: TaskTableJson): string | undefined {
  if (!isContainer(json)) return textOf(json);
  const id = taskIdIn(json);
  try {
    if (id !== undefined) return String(new StoredTask(table, id));
    if (jsonTag(json) !== undefined) return textOf(paramsFromJson(json, () => undefined));
  } catch { // it is malformed, and shown as it stands
  }
  return cut(neutralizeLine(JSON.stringify(json)));
}
