import {
  outdatedBy,
  type OutdatedVersion,
  type TypeVersion,
} from "../maintenance/outdated_versions.ts";
import { storedEntries } from "../maintenance/stored_entries.ts";
import type { Call, Storage } from "../storages/storage.ts";

export type { OutdatedVersion };

/** An entry that no task of the program finds any more, since code that it comes from has moved on. */
export interface OutdatedEntry {
  /** Its key. */
  readonly key: string;
  /** Its task in words, safe to print. */
  readonly task: string;
  /** The name of the task's type. */
  readonly taskName: string;
  /** What has moved on, each type and version once: first the entry's own, then those nested in it. */
  readonly because: readonly OutdatedVersion[];
  /** The size of its files, in bytes. */
  readonly bytes: number;
  /** How long its result took to compute, in ms. */
  readonly duration: number;
  /** When its result was there. Invalid when what the entry says makes no sense. */
  readonly cached: Date;
}

/** What of a storage is outdated. */
export interface OutdatedEntries {
  /** The entries, in no particular order. */
  readonly entries: readonly OutdatedEntry[];
  /** Their size, in bytes. */
  readonly bytes: number;
  /** How long it took to compute them, in ms. */
  readonly duration: number;
  /** The versions that were compared with: what `collectGarbage` takes as `stale` to remove the entries. */
  readonly types: readonly TypeVersion[];
  /** How many entries were passed over: torn ones, and those that something else made. */
  readonly passedOver: number;
}

/**
 * Finds the entries whose own code version, or that of a task nested in them, is another one than its type
 * has now. Reads metadata only. Types that are not among those given are not judged by.
 *
 * @throws {StorageError} When the storage cannot be listed.
 */
export async function outdatedEntries(
  storage: Storage,
  types: Iterable<TypeVersion>,
  { signal }: Call = {},
): Promise<OutdatedEntries> {
  signal?.throwIfAborted();
  const current = Array.from(types, ({ taskName, codeVersion }) => ({ taskName, codeVersion }));
  const outdated = outdatedBy(current);
  const problems = { torn: 0, foreign: 0 };
  const entries: OutdatedEntry[] = [];
  for await (const entry of storedEntries(storage, { problems, signal })) {
    const { task, text, metadata: { key, duration }, bytes, cached } = entry;
    const because = outdated(entry);
    if (because.length === 0) continue;
    entries.push({ key, task: text, taskName: task.taskName, because, bytes, duration, cached });
  }
  return {
    entries,
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    duration: entries.reduce((sum, { duration }) => sum + duration, 0),
    types: current,
    passedOver: problems.torn + problems.foreign,
  };
}
