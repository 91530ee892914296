import { isPlainObject } from "../describe.ts";
import { storedEntries, type StoredEntry } from "../maintenance/stored_entries.ts";
import type { TaskJson } from "../serialize.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { Named } from "./_earlier_versions.ts";

/** The entries that may be taken over. */
export interface Concerned {
  /** They. */
  readonly found: readonly StoredEntry[];
  /** How many entries of the storage are torn, or foreign. */
  readonly unusable: number;
}

/** The entries in which a task occurs that was named. */
export async function concernedEntries(
  storage: Storage,
  named: Named,
  { signal }: Call,
): Promise<Concerned> {
  const problems = { torn: 0, foreign: 0 };
  const found: StoredEntry[] = [];
  for await (const entry of storedEntries(storage, { problems, signal })) {
    const tasks = Object.entries(entry.metadata.task.tasks);
    if (!tasks.every(([, json]) => isTaskJson(json))) {
      problems.foreign++;
      continue;
    }
    const isConcerned = tasks.some(([id, { name }]) => named.groupOf(id, name) !== undefined);
    if (isConcerned) found.push(entry);
  }
  return { found, unusable: problems.torn + problems.foreign };
}

function isTaskJson(json: unknown): json is TaskJson {
  return isPlainObject(json) && typeof json.name === "string" &&
    (json.codeVersion === undefined || typeof json.codeVersion === "string");
}
