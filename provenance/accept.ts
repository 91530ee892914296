import type { CacheCall } from "../caches/cache.ts";
import type { AcceptedChange, EntryMetadata } from "../caches/metadata.ts";
import { describe } from "../describe.ts";
import { CacheError, TaskError } from "../errors.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import { storedEntries, type StoredEntry } from "../maintenance/stored_entries.ts";
import type { Place } from "../plan.ts";
import { resultKey, type TaskTableJson } from "../serialize.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import { NO_KEY } from "../signing/key_ring.ts";
import type { Call, Storage } from "../storages/storage.ts";
import { findTaskType, isTask, isTaskType, type Task, type TaskTypeInfo } from "../task.ts";
import { rebuiltTask, taskFromTable } from "./rebuilt_task.ts";
import { rekey } from "./rekey.ts";

/** How {@linkcode Lab.accept} works. */
export interface AcceptOptions extends Call {
  /** Why the edit does no harm. It is kept in each entry, and `lab show` prints it. */
  readonly why: string;
  /**
   * The code version whose results are taken over; `null` for results without one.
   *
   * @default {of each type or task, the one that was in use last}
   */
  readonly from?: string | null;
  /** Only tells what would be done. @default {false} */
  readonly preview?: boolean;
  /** Is told now and then how far it has come. */
  readonly onProgress?: (progress: AcceptProgress) => void;
}

/** How far {@linkcode Lab.accept} has come. */
export interface AcceptProgress {
  /** How many entries were dealt with. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
}

/** A result that is taken over, or would be. */
export interface AcceptedEntry {
  /** The key under which it lies; that entry stays. */
  readonly from: string;
  /** The key under which it is to be found from then on. */
  readonly to: string;
  /** Its task in words, safe to print. */
  readonly task: string;
  /** The code versions that it is taken over to: its own, or those of nested tasks. */
  readonly changes: readonly VersionChange[];
  /** The size of its files, in bytes. */
  readonly bytes: number;
  /** How long it took to compute, in ms. */
  readonly duration: number;
  /** When it was computed. */
  readonly cached: Date;
}

/** A code version in place of another one. */
export type VersionChange = Pick<AcceptedChange, "type" | "from" | "to">;

/** An earlier code version that a storage has results of. */
export interface EarlierVersion {
  /** The name of the task type. */
  readonly type: string;
  /** The version; `null` for none. */
  readonly version: string | null;
  /** How many results were computed with it, those that depend on such tasks included. */
  readonly entries: number;
  /** When the latest of them was computed, or taken over to it. */
  readonly latest: Date;
}

/** Why earlier results were not taken over: how many, each. */
export interface AcceptLeft {
  /** Of other earlier versions than the one to be taken over. */
  readonly otherVersion: number;
  /** Depend on code that has changed and was not named. */
  readonly otherCode: number;
  /** Of a type, or with nested tasks of types, that the program does not define. */
  readonly unknownType: number;
  /** Torn, foreign, or of another cache than the type has now. */
  readonly unusable: number;
  /** Not signed by a key that the Lab trusts; or signed, and the Lab has no key to sign them anew by. */
  readonly untrusted: number;
  /** Computed by somebody else, removed or replaced at the same time. */
  readonly meanwhile: number;
}

/** What was taken over, or would be. */
export interface AcceptReport {
  /** The results that are taken over. */
  readonly entries: readonly AcceptedEntry[];
  /** How many of them were; 0 in a preview. */
  readonly accepted: number;
  /** Their size together, in bytes: so much room they take once more, until the earlier ones are removed. */
  readonly bytes: number;
  /** How long they took to compute, in ms. */
  readonly duration: number;
  /** How many earlier results were left, as there is one for the code of now. */
  readonly present: number;
  /** How many were left for other reasons. */
  readonly left: AcceptLeft;
  /** The earlier versions of what was named, the latest first. */
  readonly versions: readonly EarlierVersion[];
}

/** What accepting needs to know of a Lab. */
export interface AcceptPlace extends Place {
  /** What signs and checks entries, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** The version of a type's code as it is now. */
  versionOf(type: TaskTypeInfo): Promise<string | undefined>;
}

const AT_ONCE = 8;
const LONGEST_WHY = 1000;
type Left = { -readonly [Reason in keyof AcceptLeft]: AcceptLeft[Reason] };
type Version = string | null;

/**
 * Takes results of earlier code over to the code of now, which is known to compute the same. See
 * {@linkcode Lab.accept}.
 */
export async function acceptResults(
  place: AcceptPlace,
  what: Iterable<TaskTypeInfo | Task>,
  options: AcceptOptions,
): Promise<AcceptReport> {
  const named = new Named(what);
  checkOptions(place, options);
  const { storage } = place;
  const { signal, preview = false } = options;
  signal?.throwIfAborted();
  const left: Left = {
    ...{ otherVersion: 0, otherCode: 0, unknownType: 0, unusable: 0, untrusted: 0, meanwhile: 0 },
  };
  const found = storage === null ? [] : await concerned(storage, named, left, { signal });
  const now = await versionsNow(place, found);
  const versions = earlierVersions(found, named, now);
  const chosen = options.from === undefined ? latestOf(versions) : () => options.from!;
  const planned = new Map<string, Planned>();
  for (const each of found) {
    const plan = planOf(each, { named, now, chosen, left });
    const other = plan && planned.get(plan.to);
    // Of two for one key the later one.
    if (plan && !(other && other.stored.cached >= plan.stored.cached)) planned.set(plan.to, plan);
    if (other) left.otherVersion++;
  }
  const present = await storage?.existsMany(planned.keys(), { signal }) ?? new Set();
  const plans: Planned[] = [];
  for (const plan of planned.values()) {
    if (!present.has(plan.to) && await isUsable(place, plan, left, { signal })) plans.push(plan);
  }
  const accepted = preview ? 0 : await carryOut(place, plans, left, options);
  const entries = plans.map(({ stored, to, changes }) => ({
    from: stored.metadata.key,
    ...{ to, task: stored.text, changes },
    ...{ bytes: stored.bytes, duration: stored.metadata.duration, cached: stored.cached },
  }));
  return {
    ...{ entries, accepted, left, present: present.size },
    bytes: entries.reduce((sum, { bytes }) => sum + bytes, 0),
    duration: entries.reduce((sum, { duration }) => sum + duration, 0),
    versions: versions.map(({ group: _, ...version }) => version),
  };
}

function checkOptions(
  { signing }: AcceptPlace,
  { why, from, preview = false }: AcceptOptions,
): void {
  if (typeof why !== "string" || why.trim() === "" || why.length > LONGEST_WHY) {
    throw new TaskError(
      `Expected why, up to ${LONGEST_WHY} characters that say why the edit does no harm, got ` +
        describe(why),
    );
  }
  if (from !== undefined && from !== null && (typeof from !== "string" || from === "")) {
    throw new TaskError(
      `Expected from to be a code version, or null for none, got ${describe(from)}`,
    );
  }
  if (!preview && signing && !signing.signs) throw new CacheError(NO_KEY);
}

/** What was named to be accepted. */
class Named {
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

/** The entries in which a task occurs that was named. */
async function concerned(
  storage: Storage,
  named: Named,
  left: Left,
  { signal }: Call,
): Promise<StoredEntry[]> {
  const problems = { torn: 0, foreign: 0 };
  const found: StoredEntry[] = [];
  for await (const entry of storedEntries(storage, { problems, signal })) {
    const tasks = Object.entries(entry.metadata.task.tasks);
    const isConcerned = tasks.some(([id, { name }]) => named.groupOf(id, name) !== undefined);
    if (isConcerned) found.push(entry);
  }
  left.unusable += problems.torn + problems.foreign;
  return found;
}

/** The versions, as of now, of all types that occur and the program defines. */
async function versionsNow(
  place: AcceptPlace,
  found: readonly StoredEntry[],
): Promise<ReadonlyMap<string, Version>> {
  const names = new Set<string>();
  for (const { metadata } of found) {
    for (const { name } of Object.values(metadata.task.tasks)) names.add(name);
  }
  const versions = new Map<string, Version>();
  for (const name of names) {
    const type = findTaskType(name);
    if (type !== undefined) versions.set(name, await place.versionOf(type) ?? null);
  }
  return versions;
}

type Grouped = EarlierVersion & { readonly group: string };

/** The versions in which what was named occurs, but for the present one. */
function earlierVersions(
  found: readonly StoredEntry[],
  named: Named,
  now: ReadonlyMap<string, Version>,
): Grouped[] {
  const versions = new Map<string, Grouped>();
  for (const { metadata, cached } of found) {
    const used = Math.max(+cached || 0, Date.parse(metadata.accepted?.at(-1)?.at ?? "") || 0);
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
function latestOf(sorted: readonly Grouped[]): (group: string) => Version | undefined {
  const latest = new Map<string, Version>();
  for (const { group, version } of sorted) if (!latest.has(group)) latest.set(group, version);
  return (group) => latest.get(group);
}

/** An entry, and where it is to lie. */
interface Planned {
  readonly stored: StoredEntry;
  readonly to: string;
  readonly keyPrefix: string;
  readonly table: TaskTableJson;
  readonly changes: readonly VersionChange[];
}

interface Choice {
  readonly named: Named;
  readonly now: ReadonlyMap<string, Version>;
  readonly chosen: (group: string) => Version | undefined;
  readonly left: Left;
}

/** How an entry is taken over; `undefined`, and counted, where it is not. */
function planOf(stored: StoredEntry, { named, now, chosen, left }: Choice): Planned | undefined {
  const { task: table, key } = stored.metadata;
  const tasks: Record<string, TaskTableJson["tasks"][string]> = {};
  const changes = new Map<string, VersionChange>();
  let isMeant = false;
  let obstacle: keyof AcceptLeft | undefined;
  for (const [id, json] of Object.entries(table.tasks)) {
    const { name, codeVersion: from = null } = json;
    const to = now.get(name);
    const group = named.groupOf(id, name);
    if (to === undefined) obstacle = "unknownType";
    else if (to !== from && group === undefined) obstacle ??= "otherCode";
    else if (to !== from && chosen(group!) !== from) obstacle ??= "otherVersion";
    if (to !== undefined && to !== from) {
      changes.set(JSON.stringify([name, from]), { type: name, from, to });
      isMeant ||= group !== undefined;
    }
    Object.defineProperty(tasks, id, {
      value: { ...json, codeVersion: to ?? undefined },
      enumerable: true,
    });
  }
  if (!isMeant) return undefined;
  if (obstacle !== undefined) {
    left[obstacle]++;
    return undefined;
  }
  const rebuilt = rebuiltTask(table, key);
  if (rebuilt === undefined) {
    left.unusable++;
    return undefined;
  }
  const revised = { id: table.id, tasks };
  const { keyPrefix } = rebuilt;
  const to = resultKey(keyPrefix, taskFromTable(revised));
  return { stored, to, keyPrefix, table: revised, changes: [...changes.values()] };
}

/** Whether the Lab would believe the entry, and find it under the new key. */
async function isUsable(
  place: AcceptPlace,
  { stored, keyPrefix }: Planned,
  left: Left,
  { signal }: Call,
): Promise<boolean> {
  const cache = place.cacheOf(findTaskType(stored.task.taskName)!);
  let isRefused = false;
  const refused = () => isRefused = true;
  const isOfCache = cache?.keyPrefix === keyPrefix &&
    await cache.isCached(place.storage!, stored.metadata.key, { signal, refused });
  if (isRefused) left.untrusted++;
  else if (!isOfCache) left.unusable++;
  return isOfCache;
}

async function carryOut(
  { storage, signing }: AcceptPlace,
  plans: readonly Planned[],
  left: Left,
  { signal, why, onProgress }: AcceptOptions,
): Promise<number> {
  let [accepted, done] = [0, 0];
  const call: CacheCall = { signal, signing };
  await atOnce(plans, AT_ONCE, async ({ stored, to, table, changes }) => {
    signal?.throwIfAborted();
    const from = stored.metadata.key;
    const at = new Date().toISOString();
    const declared = changes.map((change) => ({ ...change, why: why.trim(), at }));
    const revise = (metadata: EntryMetadata) =>
      isAsPlanned(metadata, stored.metadata) ? revised(metadata, to, table, declared) : undefined;
    const outcome = await rekey(storage!, { from, to, revise }, call);
    if (outcome === "rekeyed") accepted++;
    else if (outcome === "signed") left.untrusted++;
    else left.meanwhile++;
    onProgress?.({ done: ++done, of: plans.length });
  });
  return accepted;
}

function isAsPlanned(now: EntryMetadata, planned: EntryMetadata): boolean {
  return now.task.id === planned.task.id && now.start === planned.start;
}

function revised(
  metadata: EntryMetadata,
  key: string,
  task: TaskTableJson,
  declared: readonly AcceptedChange[],
): EntryMetadata {
  return { ...metadata, key, task, accepted: [...metadata.accepted ?? [], ...declared] };
}
