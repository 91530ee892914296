import type { Plan } from "../../scheduler/scheduler.ts";

/** How many tasks of a type may run at once. */
export const LIMITS: Readonly<Record<string, number>> = { free: Infinity, two: 2, one: 1 };
/** The names of the types. */
export const TYPES = Object.keys(LIMITS);

/** A task of a type; without dependencies one whose result is there already. */
export function plan(
  id: string,
  dependencies: readonly string[] | undefined,
  type = "free",
): Plan {
  return { id, type, limit: dependencies === undefined ? Infinity : LIMITS[type]!, dependencies };
}
