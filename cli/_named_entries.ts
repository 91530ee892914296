import { ConfigError } from "../errors.ts";
import type { Lab } from "../lab.ts";
import { outdatedBy } from "../maintenance/outdated_versions.ts";
import { readEntry, type StoredEntry } from "../maintenance/stored_entries.ts";
import { rebuiltTask } from "../provenance/rebuilt_task.ts";
import type { Task } from "../task.ts";
import { currentTypes } from "./_current_versions.ts";
import { versionText } from "./_code_version.ts";
import { resolveKeys } from "./_keys.ts";
import { storageOf } from "./_lab_flags.ts";

/** Tasks that were named by the keys of their results. */
export interface NamedTasks {
  readonly tasks: readonly Task[];
  /** The code version that their results are of; `undefined` where no key was given. */
  readonly from: string | null | undefined;
}

/**
 * The tasks of entries of earlier code, by keys or their beginnings.
 *
 * @throws {ConfigError} Lists all that are unknown, unreadable, or not of earlier code.
 */
export async function tasksOfEntries(lab: Lab, given: readonly string[]): Promise<NamedTasks> {
  const storage = storageOf(lab);
  const outdated = outdatedBy(await currentTypes(lab));
  const tasks: Task[] = [];
  const versions = new Set<string | null>();
  const mistakes: string[] = [];
  for (const key of await resolveKeys(storage, given)) {
    const entry = await readEntry(storage, key);
    const task = typeof entry === "string"
      ? undefined
      : rebuiltTask(entry.metadata.task, key)?.task;
    if (typeof entry === "string" || task === undefined) {
      mistakes.push(`The entry ${key} is damaged, or something else made it`);
      continue;
    }
    const obstacle = obstacleOf(entry, outdated(entry).map(({ taskName }) => taskName));
    if (obstacle !== undefined) mistakes.push(`The entry ${key} (${entry.text}) ${obstacle}`);
    tasks.push(task);
    versions.add(task.codeVersion ?? null);
  }
  if (mistakes.length === 0 && versions.size > 1) {
    mistakes.push(
      `The entries are of ${versions.size} code versions (${
        [...versions].map(versionText).join(", ")
      }); accept those of one at a time`,
    );
  }
  if (mistakes.length > 0) {
    throw new ConfigError(mistakes.map((message) => ({ path: "", message })));
  }
  return { tasks, from: [...versions][0] };
}

function obstacleOf({ task }: StoredEntry, moved: readonly string[]): string | undefined {
  if (moved.includes(task.taskName)) return undefined;
  return moved.length === 0
    ? "is not of earlier code: there is nothing to take over"
    : `depends on code that has changed, and its own has not; name that by --types ${
      moved.join(",")
    }, or entries of it by --keys`;
}
