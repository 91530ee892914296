import { describe } from "../describe.ts";
import { TaskError } from "../errors.ts";
import type { StoredEntry } from "../maintenance/stored_entries.ts";
import { isTask, isTaskType, type Task, type TaskTypeInfo } from "../task.ts";
import type { EarlierVersion } from "./accept_report.ts";

/** A code version; `null` for none. */
export type Version = string | null;

/** What was named to be accepted. */
export class Named {
  readonly #types = new Set<string>();
  readonly #ids = new Set<string>();

  constructor(what: Iterable<TaskTypeInfo | Task>) {
    for (const each of what) {
      if (isTask(each)) this.#ids.add(each.id);
      else if (isTaskType(each)) this.#types.add(each.taskName);
      else throw new TaskError(`Expected task types or tasks to accept, got ${describe(each)}`);
    }
  }

  /** By what a task was named: one version is chosen for each of them. */
  groupOf(id: string, name: string): string | undefined {
    if (this.#ids.has(id)) return id;
    return this.#types.has(name) ? name : undefined;
  }
}

/** An earlier version of what was named, and by what it was. */
export type Grouped = EarlierVersion & { readonly group: string };

/** The versions in which what was named occurs, but for the present one. */
export function earlierVersions(
  found: readonly StoredEntry[],
  named: Named,
  now: ReadonlyMap<string, Version>,
): Grouped[] {
  const versions = new Map<string, Grouped>();
  for (const { metadata, cached } of found) {
    const { accepted = [] } = metadata;
    // An acceptance comes after what it accepts, though the clock may not have moved on.
    const used = accepted.length +
      Math.max(+cached || 0, Date.parse(accepted.at(-1)?.at ?? "") || 0);
    const counted = new Set<string>();
    for (const [id, { name, codeVersion: version = null }] of Object.entries(metadata.task.tasks)) {
      const group = named.groupOf(id, name);
      if (group === undefined || version === now.get(name)) continue;
      const key = JSON.stringify([group, version]);
      if (counted.has(key)) continue;
      counted.add(key);
      const { entries = 0, latest = new Date(0) } = versions.get(key) ?? {};
      const at = new Date(Math.max(+latest, used));
      versions.set(key, { group, type: name, version, entries: entries + 1, latest: at });
    }
  }
  return [...versions.values()].sort((a, b) => +b.latest - +a.latest);
}

/** Chooses the version that was in use last: `sorted` has that first. */
export function latestOf(sorted: readonly Grouped[]): (group: string) => Version | undefined {
  const latest = new Map<string, Version>();
  for (const { group, version } of sorted) if (!latest.has(group)) latest.set(group, version);
  return (group) => latest.get(group);
}
