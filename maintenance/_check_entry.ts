import {
  decodeMetadata,
  type EntryMetadata,
  METADATA_FILE,
  METADATA_LIMIT,
} from "../caches/metadata.ts";
import { codeKey } from "../code_version/code_key.ts";
import {
  CODE_FILE,
  CODE_LIMIT,
  type CodeMetadata,
  decodeCodeRecord,
} from "../code_version/code_record.ts";
import { Sha256 } from "../digest.ts";
import { LabtechError, StorageError } from "../errors.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { decodeRunMetadata, decodeTasks, HEAD_LIMIT, TASKS_LIMIT } from "../runs/decode_run.ts";
import { RUN_FILE, type RunMetadata, TASKS_FILE } from "../runs/run_record.ts";
import { resultKey, taskFromJson } from "../serialize.ts";
import { type EntrySigning, type Refusal, SIGNATURE_FILE } from "../signing/entry_signing.ts";
import type { Call, Entry, Storage } from "../storages/storage.ts";
import { createTask, type Task, type TaskTypeInfo } from "../task.ts";
import { ownRecord } from "./own_record.ts";

/** What is wrong with an entry. */
export interface EntryFault {
  readonly kind: "torn" | "foreign" | "untrusted" | "unreadable";
  /** In words, safe to print. */
  readonly reason: string;
  /** Whether there is none, as far as {@linkcode Storage.open} tells. */
  readonly isAbsent?: boolean;
}

/** How an entry is checked. */
export interface EntryCheck extends Call {
  /** Whose entries are trusted; all when it is left out. */
  readonly signing?: EntrySigning | undefined;
  /** Is told of each piece that was read. */
  readonly onBytes?: (count: number) => void;
}

const ABSENT: EntryFault = {
  kind: "torn",
  reason: "its record is damaged, or a file of it is missing or of another size",
  isAbsent: true,
};
const REFUSALS: Readonly<Record<Refusal, string>> = {
  unsigned: "it is not signed",
  "unknown key": "it is signed by a key that is not trusted",
  altered: "it is not what was signed",
};
/** How often an entry without a version is looked at before a fault counts, and one that is replaced meanwhile. */
const TRIES = 3;
const MOST_TRIES = 100;

/** Reads all of an entry, and gives what is wrong with it; `undefined` where nothing is. */
export async function checkEntry(
  storage: Storage,
  key: string,
  check: EntryCheck,
): Promise<EntryFault | undefined> {
  for (let tries = 1;; tries++) {
    check.signal?.throwIfAborted();
    const looked = await look(storage, key, check);
    if (looked.fault === undefined) return undefined;
    const now = await opened(storage, key, check);
    const isAsBefore = now.entry?.version === looked.version &&
      (now.entry === undefined) === (looked.fault.isAbsent === true);
    // What was replaced between two looks tells nothing of either.
    const isSure = isAsBefore && (looked.version !== undefined || tries >= TRIES || !now.entry);
    if (isSure || now.fault || tries >= MOST_TRIES) return looked.fault;
  }
}

interface Looked {
  readonly version?: string;
  readonly fault?: EntryFault;
}

async function look(storage: Storage, key: string, check: EntryCheck): Promise<Looked> {
  const { entry, fault } = await opened(storage, key, check);
  if (entry === undefined) return { fault: fault ?? ABSENT };
  const { version } = entry;
  try {
    return { version, fault: await faultOf(entry, check) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    // With a cause, it is the medium that failed, and the entry may be a good one.
    const kind = isOfMedium(error) ? "unreadable" : "torn";
    return { version, fault: { kind, reason: neutralizeLine(error.message) } };
  }
}

async function opened(
  storage: Storage,
  key: string,
  { signal }: Call,
): Promise<{ entry?: Entry; fault?: EntryFault }> {
  try {
    return { entry: await storage.open(key, { signal }) };
  } catch (error) {
    if (!(error instanceof StorageError)) throw error;
    return { fault: { kind: "unreadable", reason: neutralizeLine(error.message) } };
  }
}

function isOfMedium({ cause }: StorageError): boolean {
  return cause !== undefined && !(cause instanceof Deno.errors.NotFound);
}

async function faultOf(entry: Entry, check: EntryCheck): Promise<EntryFault | undefined> {
  const { signal, signing } = check;
  const digests = new Map<string, string>();
  for (const file of entry.files.keys()) {
    const digest = new Sha256();
    for await (const piece of await entry.stream(file, { signal })) {
      digest.update(piece);
      check.onBytes?.(piece.length);
      signal?.throwIfAborted();
    }
    digests.set(file, digest.hex());
  }
  const head = headOf(entry);
  const size = entry.files.get(head);
  if (size === undefined) return foreign(`it has no ${head}: something else made it`);
  if (size > LIMITS[head]) {
    return foreign(`its ${head} has ${size} bytes, and ${LIMITS[head]} is the most`);
  }
  const bytes = await entry.read(head, { signal });
  const metadata = DECODERS[head](bytes);
  if (metadata === undefined) return foreign(`its ${head} is not one of this library`);
  if (metadata.key !== entry.key) {
    return foreign(`its ${head} is that of the entry ${neutralizeLine(metadata.key)}`);
  }
  const refusal = await signing?.check(entry, bytes, { signal });
  if (refusal !== undefined) return { kind: "untrusted", reason: REFUSALS[refusal] };
  const fault = fileFault(entry, metadata, digests);
  if (fault !== undefined) return fault;
  if ("run" in metadata) return await listFault(entry, check);
  return "task" in metadata ? keyFault(metadata) : codeFault(metadata);
}

type Head = typeof METADATA_FILE | typeof RUN_FILE | typeof CODE_FILE;
type HeadMetadata = EntryMetadata | RunMetadata | CodeMetadata;

const DECODERS: Readonly<Record<Head, (bytes: Uint8Array) => HeadMetadata | undefined>> = {
  [METADATA_FILE]: decodeMetadata,
  [RUN_FILE]: decodeRunMetadata,
  [CODE_FILE]: decodeCodeRecord,
};

/** No such file is larger, in bytes: what is, may be larger than the memory. */
const LIMITS: Readonly<Record<Head, number>> = {
  [METADATA_FILE]: METADATA_LIMIT,
  [RUN_FILE]: HEAD_LIMIT,
  [CODE_FILE]: CODE_LIMIT,
};

/** The file that says what an entry is: of a result, or of the record of a run or of code. */
function headOf({ key }: Entry): Head {
  const record = ownRecord(key);
  return record === "run" ? RUN_FILE : record === "code" ? CODE_FILE : METADATA_FILE;
}

function fileFault(
  entry: Entry,
  { files }: Pick<EntryMetadata, "files">,
  digests: ReadonlyMap<string, string>,
): EntryFault | undefined {
  for (const [file, { bytes, sha256 }] of Object.entries(files)) {
    const name = neutralizeLine(file);
    const size = entry.files.get(file);
    if (size === undefined) return torn(`its file ${name} is missing`);
    if (size !== bytes) return torn(`its file ${name} has ${size} bytes, and ${bytes} were saved`);
    if (digests.get(file) !== sha256) {
      return torn(`its file ${name} is not as it was saved (SHA-256 differs)`);
    }
  }
  for (const file of entry.files.keys()) {
    const head = headOf(entry);
    const isKnown = Object.hasOwn(files, file) || file === head || file === SIGNATURE_FILE;
    if (!isKnown) {
      return foreign(`it holds the file ${file}, which its ${head} does not name`);
    }
  }
}

/** Whether the record of a run has a list of tasks that can be read. */
async function listFault(entry: Entry, { signal }: EntryCheck): Promise<EntryFault | undefined> {
  const size = entry.files.get(TASKS_FILE) ?? 0;
  if (size > TASKS_LIMIT) {
    return foreign(`its ${TASKS_FILE} has ${size} bytes, and ${TASKS_LIMIT} is the most`);
  }
  const bytes = await entry.read(TASKS_FILE, { signal });
  try {
    decodeTasks(bytes);
  } catch (error) {
    return foreign(neutralizeLine((error as Error).message));
  }
}

/** Whether the record of code lies under the key of its version. */
function codeFault({ key, code }: CodeMetadata): EntryFault | undefined {
  return codeKey(code.version) === key ? undefined : foreign("its key is not that of its version");
}

/** Whether the key is that of the task, as far as that can be told without its type. */
function keyFault({ key, task: table }: EntryMetadata): EntryFault | undefined {
  let task: Task | undefined;
  try {
    task = taskFromJson(
      table,
      (name, codeVersion, params) => createTask(typeNamed(name), params, codeVersion),
    );
  } catch (error) {
    if (!(error instanceof LabtechError)) throw error;
    return foreign(`its task is malformed: ${neutralizeLine(error.message)}`);
  }
  // What comes before is the cache's own word.
  if (task && key.endsWith(resultKey("", task))) return undefined;
  return foreign("its key is not the one of its task and code versions");
}

function typeNamed(taskName: string): TaskTypeInfo {
  return {
    taskName,
    codeVersion: undefined,
    cache: undefined,
    maxParallel: Infinity,
    module: undefined,
  };
}

function torn(reason: string): EntryFault {
  return { kind: "torn", reason };
}

function foreign(reason: string): EntryFault {
  return { kind: "foreign", reason };
}
