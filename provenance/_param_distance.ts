import { TaskNode } from "../params.ts";

/** Params in parts: what stands at which place. Numbers are compared by how far they lie apart. */
export type ParamParts = ReadonlyMap<string, number | string>;

/** So many parts tell enough of how long a task takes. */
const MOST = 24;

/** The first parts of a task's params, and of those of tasks nested in it. */
export function paramParts(task: TaskNode): ParamParts {
  const parts = new Map<string, number | string>();
  const pending: [path: string, value: unknown][] = [["", task.params]];
  for (let next = pending.shift(); next && parts.size < MOST; next = pending.shift()) {
    const [path, value] = next;
    const inner = value instanceof TaskNode ? value.params : value;
    if (typeof inner !== "object" || inner === null || inner instanceof Date) {
      const isNumber = typeof inner === "number" && Number.isFinite(inner);
      parts.set(path, isNumber ? inner : inner instanceof Date ? +inner : String(inner));
      continue;
    }
    if (value instanceof TaskNode) parts.set(`${path}@`, value.taskName);
    const entries = Object.entries(inner);
    // How long a list is tells more of the time than what stands in it.
    if (Array.isArray(inner)) parts.set(`${path}#`, inner.length);
    for (const [key, each] of entries.slice(0, MOST)) pending.push([`${path}/${key}`, each]);
  }
  return parts;
}

/** How far numbers at each place lie apart among all of these. */
export function numberRanges(all: Iterable<ParamParts>): ReadonlyMap<string, number> {
  const bounds = new Map<string, { least: number; most: number }>();
  for (const parts of all) {
    for (const [path, value] of parts) {
      if (typeof value !== "number") continue;
      const { least, most } = bounds.get(path) ?? { least: value, most: value };
      bounds.set(path, { least: Math.min(least, value), most: Math.max(most, value) });
    }
  }
  return new Map(Iterator.from(bounds).map(([path, { least, most }]) => [path, most - least]));
}

/**
 * How unlike params are: 1 for each place at which they differ, and for numbers the part of their range that
 * they lie apart by.
 */
export function paramDistance(
  a: ParamParts,
  b: ParamParts,
  ranges: ReadonlyMap<string, number>,
): number {
  let distance = 0;
  for (const [path, value] of a) {
    const other = b.get(path);
    if (value === other) continue;
    const range = ranges.get(path) ?? 0;
    distance += typeof value === "number" && typeof other === "number" && range > 0
      ? Math.abs(value - other) / range
      : 1;
  }
  for (const path of b.keys()) if (!a.has(path)) distance++;
  return distance;
}
