import { BaseCache, type Cache } from "../caches/cache.ts";
import type { EntryMetadata } from "../caches/metadata.ts";
import { openEntry } from "../caches/_opening.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import { type PlannedTask, presentKeys } from "../plan.ts";
import { type EntrySigning, type Refusal, SIGNATURE_FILE } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { Task } from "../task.ts";

/** What is known of a result; nothing where its cache is no {@linkcode BaseCache}. */
export interface SeenResult {
  /** How long it took to compute, in ms. */
  readonly duration?: number;
  /** The size of its files, in bytes. */
  readonly bytes?: number;
  /** Whether its entry has a signature. */
  readonly isSigned?: boolean;
}

/** What there is under the key of a task, as far as its metadata tells. */
export type Look =
  /** A result that a run would load. */
  | ({ readonly kind: "there" } & SeenResult)
  /** Nothing. */
  | { readonly kind: "absent" }
  /** An entry that counts as not there: torn, or of another cache, format or task. */
  | { readonly kind: "damaged" | "foreign"; readonly why: string }
  /** One that is not trusted. */
  | { readonly kind: "refused"; readonly why: Refusal };

/** How entries are looked at. */
export interface LookSetting extends Call {
  /** Where they lie. */
  readonly storage: Storage;
  /** What tells which are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** Whether results are loaded as well, which finds damage within their files. */
  readonly verify: boolean;
  /** Is told of what entries say of themselves. */
  readonly seen: (metadata: EntryMetadata) => void;
}

const AT_ONCE = 16;
/** From so many on that are not there, if they are most, asking for all that is left at once is cheaper. */
const MANY_ABSENT = 64;
const ABSENT: Look = { kind: "absent" };

/** Looks at the entries of tasks, at each once. */
export class EntryLook {
  readonly #setting: LookSetting;
  readonly #looks = new Map<string, Look>();

  constructor(setting: LookSetting) {
    this.#setting = setting;
  }

  /** What was seen under a key. */
  at(key: string): Look | undefined {
    return this.#looks.get(key);
  }

  /** Gives the keys of those tasks whose results a run would load. All are of one cache. */
  async present(tasks: readonly PlannedTask[]): Promise<ReadonlySet<string>> {
    const fresh = tasks.filter(({ key }) => !this.#looks.has(key));
    let [at, absent] = [0, 0];
    // Who asks first whether entries are there asks twice of those that are.
    while (at < fresh.length && !(absent >= MANY_ABSENT && absent > at / 2)) {
      const some = fresh.slice(at, at += MANY_ABSENT);
      await this.#lookAt(some);
      absent += some.filter(({ key }) => this.#looks.get(key) === ABSENT).length;
    }
    await this.#lookAt(await this.#there(fresh.slice(at)));
    const usable = tasks.filter(({ key }) => this.#looks.get(key)?.kind === "there");
    return new Set(usable.map(({ key }) => key));
  }

  async #lookAt(tasks: readonly PlannedTask[]): Promise<void> {
    await atOnce(tasks, AT_ONCE, async ({ task, key, cache }) => {
      this.#looks.set(key, await this.look(cache!, key, task));
    });
  }

  /** Those that have an entry. */
  async #there(tasks: readonly PlannedTask[]): Promise<PlannedTask[]> {
    if (tasks.length === 0) return [];
    const { storage, signal } = this.#setting;
    const keys = await presentKeys(tasks[0]!.cache!, storage, tasks.map(({ key }) => key), {
      signal,
    });
    for (const { key } of tasks) if (!keys.has(key)) this.#looks.set(key, ABSENT);
    return tasks.filter(({ key }) => keys.has(key));
  }

  /** Looks at one entry. */
  async look(cache: Cache, key: string, task: Task): Promise<Look> {
    const { storage, signing, signal, verify } = this.#setting;
    const [problems, refusals]: [string[], Refusal[]] = [[], []];
    const call = {
      ...{ signal, ...(signing && { signing }) },
      report: (problem: string) => void problems.push(problem),
      refused: (_: string, why: Refusal) => void refusals.push(why),
    };
    let seen: Look | undefined;
    if (cache instanceof BaseCache) {
      const opened = await openEntry(storage, key, call);
      seen = opened && judged(opened, cache, task, signing !== undefined);
      if (opened && seen!.kind !== "foreign") this.#setting.seen(opened.metadata);
    } else if (await cache.isCached(storage, key, call)) seen = { kind: "there" };
    if (seen?.kind === "there" && verify) {
      const result = await cache.load(storage, key, task, call);
      if (result === undefined) seen = undefined;
      // What is loaded piece by piece is let go of; a run leaves it unread as well.
      else if (result.value instanceof ReadableStream) await result.value.cancel();
    }
    if (seen !== undefined) return seen;
    if (refusals.length > 0) return { kind: "refused", why: refusals[0]! };
    // Nothing to say of it: it was removed meanwhile.
    return problems.length > 0 ? { kind: "damaged", why: problems.at(-1)! } : ABSENT;
  }
}

/** As {@linkcode BaseCache.load} judges, but for what only the content of the files tells. */
function judged(
  { entry, metadata }: NonNullable<Awaited<ReturnType<typeof openEntry>>>,
  { name, formatVersion }: BaseCache,
  task: Task,
  isSigned: boolean,
): Look {
  const { cache: { name: of, version }, files } = metadata;
  if (of !== name || version !== formatVersion) {
    const why = `The entry is of the cache "${of}", format ${version}, not of "${name}", format ` +
      formatVersion;
    return { kind: "foreign", why };
  }
  if (metadata.task.id !== task.id) {
    return { kind: "foreign", why: `The entry holds the result of another task` };
  }
  const torn = Object.entries(files).find(([file, { bytes }]) => entry.files.get(file) !== bytes);
  if (torn === undefined) {
    const bytes = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
    const isSigned = entry.files.has(SIGNATURE_FILE);
    return { kind: "there", duration: metadata.duration, bytes, isSigned };
  }
  if (isSigned) return { kind: "refused", why: "altered" };
  return { kind: "damaged", why: `Its file ${torn[0]} is not as it was saved (its size differs)` };
}
