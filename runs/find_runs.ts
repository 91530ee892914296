import { sha256Hex } from "../digest.ts";
import { SerializationError, StorageError } from "../errors.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Entry, Storage } from "../storages/storage.ts";
import { decodeRunMetadata, decodeTasks, HEAD_LIMIT, TASKS_LIMIT } from "./decode_run.ts";
import { RUN_PREFIX, startOfRun } from "./run_key.ts";
import {
  type RecordedTask,
  RUN_FILE,
  type RunHead,
  type RunMetadata,
  TASKS_FILE,
} from "./run_record.ts";

/** How many digits of ids and keys records have. */
const DIGITS = 40;

/** The record of a run: what it says of the run, and the tasks when they are asked for. */
export interface RunRecord extends RunHead {
  /** The key under which it lies. */
  readonly key: string;
  /** Its size in the storage, in bytes. */
  readonly bytes: number;
  /** What tells the entry from one that comes in its place, where the storage knows that. */
  readonly version: string | undefined;
  /**
   * The tasks: first those that failed, then those that were skipped, that ran, and whose results were in
   * the cache.
   *
   * @throws {StorageError} When they cannot be read (any more).
   * @throws {SerializationError} When they are not as they were saved.
   */
  tasks(options?: Call): Promise<RecordedTask[]>;
  /**
   * What it says of one task: of the result under its key, or else of the task by its id, whatever its code. Gives
   * `undefined` where it does not name it, and is quicker then than to read all of them.
   *
   * @throws {StorageError} When the tasks cannot be read (any more).
   * @throws {SerializationError} When they are not as they were saved.
   */
  task(named: { readonly key: string; readonly id: string }, options?: Call): Promise<
    RecordedTask | undefined
  >;
}

/** A record that is in the storage, as far as its key tells. */
export interface StoredRun {
  /** The key under which it lies. */
  readonly key: string;
  /** When the run began. */
  readonly start: Date;
  /**
   * Reads the record. Gives `undefined` when it is torn, foreign, of another version, not trusted, or not
   * there any more.
   *
   * @throws {StorageError} When the storage cannot be read at all.
   */
  load(options?: Call): Promise<RunRecord | undefined>;
}

/** What {@linkcode findRuns} looks for. */
export interface RunQuery extends Call {
  /** Whose records are trusted; all when it is left out. */
  readonly signing?: EntrySigning | undefined;
}

/** Finds the records of a storage by their keys alone, the newest first. */
export async function findRuns(
  storage: Storage,
  { signal, signing }: RunQuery = {},
): Promise<StoredRun[]> {
  const found: StoredRun[] = [];
  for await (const key of storage.findKeys({ prefix: RUN_PREFIX, signal })) {
    const start = startOfRun(key);
    if (start === undefined) continue;
    found.push({ key, start, load: (call) => loadRun(storage, key, { ...call, signing }) });
  }
  return found.sort((a, b) => a.key < b.key ? 1 : -1);
}

/** Reads a record; see {@linkcode StoredRun.load}. */
export async function loadRun(
  storage: Storage,
  key: string,
  query: RunQuery = {},
): Promise<RunRecord | undefined> {
  const { signal, signing } = query;
  const entry = await storage.open(key, { signal });
  const size = entry?.files.get(RUN_FILE);
  if (entry === undefined || size === undefined || size > HEAD_LIMIT) return undefined;
  let metadata: RunMetadata | undefined;
  try {
    const bytes = await entry.read(RUN_FILE, { signal });
    if (await signing?.check(entry, bytes, { signal }) !== undefined) return undefined;
    metadata = decodeRunMetadata(bytes);
  } catch (error) {
    // What cannot be read was removed meanwhile, or is damaged.
    if (error instanceof StorageError) return undefined;
    throw error;
  }
  if (metadata?.key !== key) return undefined;
  const { run, files } = metadata;
  return {
    key,
    bytes: entry.files.values().reduce((sum, bytes) => sum + bytes, 0),
    version: entry.version,
    ...run,
    tasks: async (call) => decodeTasks(await readTasks(entry, files[TASKS_FILE]!, call)),
    task: async (named, call) => taskIn(await readTasks(entry, files[TASKS_FILE]!, call), named),
  };
}

async function readTasks(
  entry: Entry,
  { bytes, sha256 }: RunMetadata["files"][string],
  call?: Call,
): Promise<Uint8Array> {
  if (bytes <= TASKS_LIMIT && entry.files.get(TASKS_FILE) === bytes) {
    const data = await entry.read(TASKS_FILE, call);
    if (sha256Hex(data) === sha256) return data;
  }
  throw new SerializationError(`The record ${entry.key} is not as it was saved (${TASKS_FILE})`);
}

const decoder = new TextDecoder();

function taskIn(
  data: Uint8Array,
  { key, id }: { readonly key: string; readonly id: string },
): RecordedTask | undefined {
  const text = decoder.decode(data);
  const isNamed = [key, id].some((each) => text.includes(each.slice(-DIGITS)));
  if (!isNamed) return undefined;
  const tasks = decodeTasks(data);
  return tasks.find((task) => task.key === key) ?? tasks.find((task) => task.id === id);
}
