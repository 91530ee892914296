import type { Environment } from "../caches/environment.ts";
import type { EntryMetadata } from "../caches/metadata.ts";
import { isPlainObject } from "../describe.ts";
import { SerializationError } from "../errors.ts";
import { StoredTask } from "../maintenance/stored_task.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Entry } from "../storages/storage.ts";
import type { ExplainedEntry } from "./explanation.ts";

/** What an entry says of itself, made safe to print. */
export function explainedEntry(entry: Entry, metadata: EntryMetadata): ExplainedEntry {
  const { key, task: table, cache, start, duration, accepted = [], migrated = [] } = metadata;
  const safe = <T extends object>(given: T): T =>
    Object.fromEntries(
      Object.entries(given).map(([name, value]) => [
        name,
        typeof value === "string" ? neutralizeLine(value) : value,
      ]),
    ) as T;
  const { text, codeVersion } = wordsOf(table);
  return {
    ...{ key, task: text, codeVersion, cache: safe(cache) },
    cached: new Date(Date.parse(start) + duration),
    duration,
    bytes: entry.files.values().reduce((sum, size) => sum + size, 0),
    environment: environmentOf(metadata.environment),
    accepted: accepted.map(safe),
    migrated: migrated.map(safe),
  };
}

function wordsOf(table: EntryMetadata["task"]): { text: string; codeVersion: string | undefined } {
  try {
    const task = new StoredTask(table);
    const { codeVersion } = task;
    return { text: String(task), codeVersion: codeVersion && neutralizeLine(codeVersion) };
  } catch (error) {
    if (!(error instanceof SerializationError)) throw error;
    return { text: neutralizeLine(table.id), codeVersion: undefined };
  }
}

function environmentOf(given: unknown): Partial<Environment> {
  if (!isPlainObject(given)) return {};
  const known = ["labtech", "deno", "target", "host", "commit"] as const;
  return Object.fromEntries(
    known.filter((name) => typeof given[name] === "string")
      .map((name) => [name, neutralizeLine(given[name] as string)]),
  );
}
