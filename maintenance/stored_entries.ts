import {
  decodeMetadata,
  type EntryMetadata,
  METADATA_FILE,
  METADATA_LIMIT,
} from "../caches/metadata.ts";
import { SerializationError, StorageError } from "../errors.ts";
import type { Call, Entry, Storage } from "../storages/storage.ts";
import { ownRecord } from "./own_record.ts";
import { nestedTasks, StoredTask } from "./stored_task.ts";

/** One entry, as its metadata tells of it. */
export interface StoredEntry {
  /** The open entry. */
  readonly entry: Entry;
  /** What it says of itself. */
  readonly metadata: EntryMetadata;
  /** The task whose result it holds. */
  readonly task: StoredTask;
  /** All tasks nested in it: those nearest to it first, each once. */
  readonly nested: readonly StoredTask[];
  /** The task in words, made safe to print. */
  readonly text: string;
  /** The size of all its files, in bytes. */
  readonly bytes: number;
  /** When the result was there. Invalid when what the entry says makes no sense. */
  readonly cached: Date;
}

/** Why an entry cannot be shown: it is damaged, or something else than this library made it. */
export type Problem = "torn" | "foreign";

/** How many entries were left out. */
export type Problems = Record<Problem, number>;

const AT_ONCE = 32;
const KEY = /^(.+)__[0-9a-f]{40}$/;

/** Reads what an entry is, by its metadata alone. Imports nothing, and trusts nothing. */
export async function readEntry(
  storage: Storage,
  key: string,
  call: Call = {},
): Promise<StoredEntry | Problem> {
  const entry = await storage.open(key, call);
  if (entry === undefined) return "torn";
  const size = entry.files.get(METADATA_FILE);
  // What is larger than any that is written is not read: it may be larger than the memory.
  if (size === undefined || size > METADATA_LIMIT) return "foreign";
  try {
    const metadata = decodeMetadata(await entry.read(METADATA_FILE, call));
    if (metadata?.key !== key) return "foreign";
    const task = new StoredTask(metadata.task);
    const bytes = entry.files.values().reduce((sum, size) => sum + size, 0);
    const cached = new Date(Date.parse(metadata.start) + metadata.duration);
    return { entry, metadata, task, nested: nestedTasks(task), text: String(task), bytes, cached };
  } catch (error) {
    if (error instanceof SerializationError) return "foreign";
    if (error instanceof StorageError) return "torn";
    throw error;
  }
}

/** What {@linkcode storedEntries} looks for. */
export interface EntryQuery extends Call {
  /** Of these types only; of all when it is empty. */
  readonly types?: readonly string[];
  /** Takes the count of what is left out. */
  readonly problems: Problems;
}

/** Reads all entries of results that a storage has, a few at a time, in no particular order. */
export async function* storedEntries(
  storage: Storage,
  { types = [], problems, signal }: EntryQuery,
): AsyncGenerator<StoredEntry> {
  const wanted = new Set(types);
  let batch: string[] = [];
  const read = async () => {
    const entries = await Promise.all(batch.map((key) => readEntry(storage, key, { signal })));
    batch = [];
    return entries.filter((entry) => {
      if (typeof entry !== "string") return wanted.size === 0 || wanted.has(entry.task.taskName);
      problems[entry]++;
      return false;
    }) as StoredEntry[];
  };
  for await (const key of storage.findKeys({ signal })) {
    if (ownRecord(key) || !mayBeOf(key, types)) continue;
    batch.push(key);
    if (batch.length === AT_ONCE) yield* await read();
  }
  yield* await read();
}

/** Whether a key may be that of a task of one of the types: its cache may put something before. */
function mayBeOf(key: string, types: readonly string[]): boolean {
  if (types.length === 0) return true;
  const name = KEY.exec(key)?.[1];
  return name !== undefined && types.some((type) => name.endsWith(type));
}
