import type { CacheReference, ResultMeta } from "../definition.ts";
import { CacheError, StorageError } from "../errors.ts";
import type { PluginSpec } from "../plugin.ts";
import { resultKey, taskFromJson, taskTableToJson } from "../serialize.ts";
import type { EntrySigning, Refusal } from "../signing/entry_signing.ts";
import type { Call, Draft, Entry, Storage } from "../storages/storage.ts";
import {
  createTask,
  findTaskType,
  type Task,
  type TaskResult,
  type TaskTypeInfo,
} from "../task.ts";
import { DamagedFile, DigestingDraft, VerifyingEntry } from "./_digests.ts";
import { environment } from "./environment.ts";
import { encodeMetadata, type EntryMetadata, METADATA_FILE } from "./metadata.ts";
import { type OpenedEntry, openEntry, refuse } from "./_opening.ts";

/** What the calls of a cache take. */
export interface CacheCall extends Call {
  /** Is told of an entry that is there but of no use, and why: torn, foreign, of another version. */
  readonly report?: (problem: string) => void;
  /** Signs what is saved; and what it does not trust counts as not there. @default {none} */
  readonly signing?: EntrySigning;
  /**
   * Is told, in place of `report`, of an entry that `signing` does not trust, and why: its signature, or
   * a file that is not what was signed. The same entry may be told of more than once.
   */
  readonly refused?: (key: string, why: Refusal) => void;
}

/** How a thread that shares memory with others loads a large result. */
export interface MemorySharing {
  /** From how many bytes on a typed array is to lie in a `SharedArrayBuffer` of its own. */
  readonly from: number;
  /** Asks, before so many bytes are read, for the value that another thread has by now. */
  readonly find: () => Promise<{ readonly value: unknown } | undefined>;
}

/** What {@linkcode Cache.load} takes. */
export interface LoadCall extends CacheCall {
  /** Where a runner has its threads share memory. A cache may leave it aside. @default {they do not} */
  readonly sharing?: MemorySharing;
}

/** What {@linkcode Cache.save} takes. */
export interface SaveCall extends CacheCall {
  /**
   * The token of a claim on the key, for the draft that is saved: a result whose claim is lost to somebody
   * else is not kept. See the claims of `Storage`.
   *
   * @default {none}
   */
  readonly claim?: string;
}

/** How results are formatted. A cache holds no results itself: those lie in a {@linkcode Storage}. */
export interface Cache extends CacheReference {
  /**
   * How another thread or process makes the same cache: its registered name and options. Where it is
   * undefined, results are formatted in the Lab's own thread.
   */
  readonly spec?: PluginSpec | undefined;
  /**
   * Whether all methods honour {@linkcode CacheCall.signing}: `save` signs, and `isCached`, `load` and
   * `loadTask` believe nothing of an entry before its signature was checked. A Lab that signs, or trusts
   * certain keys, takes no other caches.
   *
   * @default {false}
   */
  readonly honoursSigning?: boolean;
  /** Whether the storage holds a whole entry of this cache under the key. */
  isCached(storage: Storage, key: string, call?: CacheCall): Promise<boolean>;
  /**
   * Which of the keys have an entry. Cheaper than {@linkcode isCached} and less sure: an entry that is
   * named here may turn out to be of no use when it is loaded.
   */
  areCached?(storage: Storage, keys: Iterable<string>, call?: CacheCall): Promise<Set<string>>;
  /**
   * Whether a value can be used once only, as a stream: after it was saved, each who needs it gets one
   * loaded afresh. Left out where no value is so.
   */
  isOnce?(value: unknown): boolean;
  /**
   * Saves a result, in place of an earlier one.
   *
   * @throws {CacheError} When the cache cannot hold the value; an earlier entry stays.
   * @throws {StorageError} When the storage fails; an earlier entry stays.
   */
  save(
    storage: Storage,
    key: string,
    task: Task,
    result: TaskResult,
    call?: SaveCall,
  ): Promise<void>;
  /**
   * Loads a result. Gives `undefined` when there is none, or one that is torn, foreign, of another task
   * or format version.
   *
   * @throws {StorageError} When the storage cannot be read at all.
   */
  load(
    storage: Storage,
    key: string,
    task: Task,
    call?: LoadCall,
  ): Promise<TaskResult | undefined>;
  /**
   * Rebuilds the task whose result lies under the key, without its result. Gives `undefined` when there
   * is no such entry of this cache and type.
   */
  loadTask(
    storage: Storage,
    type: TaskTypeInfo,
    key: string,
    call?: CacheCall,
  ): Promise<Task | undefined>;
  /** Removes an entry. Gives whether there was anything to remove. */
  delete(storage: Storage, key: string, call?: CacheCall): Promise<boolean>;
}

/** Where {@linkcode BaseCache.saveResult} writes the files of a result. */
export type ResultDraft = Pick<Draft, "key" | "write">;

const DURABLE_AFTER = 1000;
const TRIES = 3;

/**
 * The class to extend for a format of one's own: it needs a name, and to write and read a result as
 * any number of files. This class does the rest: metadata, digests, refusal of what is torn or foreign.
 *
 * @example A cache that stores a text as a file
 * ```ts
 * import { BaseCache } from "@labtech/lab/caches";
 * import type { Task } from "@labtech/lab";
 * import type { Entry, ResultDraft } from "@labtech/lab/caches";
 *
 * class TextCache extends BaseCache {
 *   readonly name = "text";
 *   override readonly keyPrefix = "text__";
 *
 *   async saveResult(draft: ResultDraft, _task: Task, result: unknown) {
 *     await draft.write("result.txt", new TextEncoder().encode(String(result)));
 *   }
 *
 *   async loadResult(entry: Entry) {
 *     return new TextDecoder().decode(await entry.read("result.txt"));
 *   }
 * }
 * new TextCache();
 * ```
 */
export abstract class BaseCache implements Cache {
  /** The name of the cache, recorded in its entries. */
  abstract readonly name: string;

  /** What the keys of its entries begin with. Should differ for each cache. */
  readonly keyPrefix: string = "";

  /** The version of the format; entries of another one are not loaded. */
  readonly formatVersion: number = 1;

  /** Entries are signed, and checked, by this class. */
  readonly honoursSigning: boolean = true;

  /** Writes a result as files of the draft. Any name but `metadata.json` and `signature.json`. */
  abstract saveResult(draft: ResultDraft, task: Task, result: unknown, call: Call): Promise<void>;

  /** Reads back what {@linkcode saveResult} wrote. Whatever it throws makes the entry a miss. */
  abstract loadResult(
    entry: Entry,
    task: Task,
    call: Pick<LoadCall, "signal" | "sharing">,
  ): Promise<unknown>;

  /** How another thread or process makes the same cache, where it can. */
  get spec(): PluginSpec | undefined {
    return undefined;
  }

  /** Whether the storage holds a whole entry of this cache under the key. */
  async isCached(storage: Storage, key: string, call: CacheCall = {}): Promise<boolean> {
    return await this.#open(storage, key, call) !== undefined;
  }

  /** Which of the keys have a whole entry, of whatever cache. */
  areCached(storage: Storage, keys: Iterable<string>, call: CacheCall = {}): Promise<Set<string>> {
    return storage.existsMany(keys, call);
  }

  /** Saves a result; see {@linkcode Cache.save}. */
  async save(
    storage: Storage,
    key: string,
    task: Task,
    { value, meta }: TaskResult,
    call: SaveCall = {},
  ): Promise<void> {
    const { signal, signing, claim } = call;
    const durable = meta.duration >= DURABLE_AFTER;
    await using draft = await storage.create(key, { signal, durable, claim });
    const digesting = new DigestingDraft(draft);
    let bytes: Uint8Array;
    try {
      await this.saveResult(digesting, task, value, { signal });
      bytes = encodeMetadata({
        key,
        cache: { name: this.name, version: this.formatVersion },
        task: taskTableToJson(task),
        start: meta.start.toISOString(),
        duration: meta.duration,
        ...(meta.attempts !== undefined && { attempts: meta.attempts }),
        environment: environment(),
        files: digesting.files,
      });
    } catch (error) {
      if (error instanceof StorageError || signal?.aborted) throw error;
      const reason = error instanceof Error ? error.message : String(error);
      throw new CacheError(
        `The cache "${this.name}" cannot hold the result of ${task}: ${reason}`,
        {
          cause: error,
        },
      );
    }
    await draft.write(METADATA_FILE, bytes, { signal });
    await signing?.sign(draft, bytes, { signal });
    await draft.commit({ signal });
  }

  /** Loads a result; see {@linkcode Cache.load}. */
  async load(
    storage: Storage,
    key: string,
    task: Task,
    call: LoadCall = {},
  ): Promise<TaskResult | undefined> {
    const { signal, sharing } = call;
    let problem: unknown;
    // An entry that is replaced while it is read is opened again.
    for (let attempt = 0; attempt < TRIES; attempt++) {
      const opened = await this.#open(storage, key, call);
      if (opened === undefined) return undefined;
      const { entry, metadata } = opened;
      if (metadata.task.id !== task.id) {
        call.report?.(`The entry ${key} holds the result of another task (${metadata.task.id})`);
        return undefined;
      }
      try {
        const meta = metaOf(metadata);
        const shared = sharing && isLarge(metadata, sharing) && await sharing.find();
        if (shared) return { value: shared.value, meta };
        const verifying = new VerifyingEntry(entry, metadata.files);
        return { value: await this.loadResult(verifying, task, { signal, sharing }), meta };
      } catch (error) {
        signal?.throwIfAborted();
        problem = error;
        if (!(error instanceof StorageError)) break;
      }
    }
    if (call.signing && problem instanceof DamagedFile) {
      refuse(call, key, "altered");
      return undefined;
    }
    const reason = problem instanceof Error ? problem.message : String(problem);
    call.report?.(`The entry ${key} cannot be read and counts as not there: ${reason}`);
    return undefined;
  }

  /** Rebuilds a task from its entry; see {@linkcode Cache.loadTask}. */
  async loadTask(
    storage: Storage,
    type: TaskTypeInfo,
    key: string,
    call: CacheCall = {},
  ): Promise<Task | undefined> {
    const table = (await this.#open(storage, key, call))?.metadata.task;
    if (table === undefined) return undefined;
    let task: Task | undefined;
    try {
      task = taskFromJson(table, (name, codeVersion, params) => {
        const known = findTaskType(name);
        return known && createTask(known, params, codeVersion);
      });
    } catch (error) {
      call.report?.(`The entry ${key} is malformed: ${(error as Error).message}`);
      return undefined;
    }
    if (task?.taskName !== type.taskName || resultKey(this.keyPrefix, task) !== key) {
      return undefined;
    }
    return task;
  }

  /** Removes an entry. Gives whether there was anything to remove. */
  delete(storage: Storage, key: string, call: CacheCall = {}): Promise<boolean> {
    return storage.delete(key, call);
  }

  /** Opens an entry of this cache, format version and key; one that is trusted, where that is asked for. */
  async #open(
    storage: Storage,
    key: string,
    call: CacheCall,
  ): Promise<OpenedEntry | undefined> {
    const opened = await openEntry(storage, key, call);
    if (opened === undefined) return undefined;
    const { name, version } = opened.metadata.cache;
    if (name !== this.name || version !== this.formatVersion) {
      call.report?.(
        `The entry ${key} is of the cache "${name}", format ${version}, not of "${this.name}", ` +
          `format ${this.formatVersion}`,
      );
      return undefined;
    }
    return opened;
  }
}

function isLarge({ files }: EntryMetadata, { from }: MemorySharing): boolean {
  return Object.values(files).some(({ bytes }) => bytes >= from);
}

function metaOf({ start, duration, attempts }: EntryMetadata): ResultMeta {
  return { start: new Date(start), duration, ...(attempts !== undefined && { attempts }) };
}
