import type { CacheCall } from "../caches/cache.ts";
import type { AcceptedChange, EntryMetadata } from "../caches/metadata.ts";
import { describe } from "../describe.ts";
import { CacheError, TaskError } from "../errors.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import type { StoredEntry } from "../maintenance/stored_entries.ts";
import type { Place } from "../plan.ts";
import { resultKey, type TaskJson, type TaskTableJson } from "../serialize.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import { NO_KEY } from "../signing/key_ring.ts";
import type { Call } from "../storages/storage.ts";
import { findTaskType, type Task, type TaskTypeInfo } from "../task.ts";
import { concernedEntries } from "./_concerned_entries.ts";
import { earlierVersions, latestOf, Named, type Version } from "./_earlier_versions.ts";
import type { AcceptLeft, AcceptOptions, AcceptReport, VersionChange } from "./accept_report.ts";
import { rebuiltTask, taskFromTable } from "./rebuilt_task.ts";
import { rekey } from "./rekey.ts";

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
  checkOptions(place, options ?? {});
  const { storage } = place;
  const { signal, preview = false } = options;
  signal?.throwIfAborted();
  const { found, unusable } = storage === null
    ? { found: [], unusable: 0 }
    : await concernedEntries(storage, named, { signal });
  const left: Left = {
    ...{ otherVersion: 0, otherCode: 0, unknownType: 0, unusable, untrusted: 0, meanwhile: 0 },
  };
  const now = await versionsNow(place, found);
  const versions = earlierVersions(found, named, now);
  const chosen = options.from === undefined ? latestOf(versions) : () => options.from!;
  const { plans, present } = await plansFor(place, found, { named, now, chosen, left }, { signal });
  const accepted = preview ? 0 : await carryOut(place, plans, left, options);
  const entries = plans.map(({ stored, to, changes }) => ({
    from: stored.metadata.key,
    ...{ to, task: stored.text, changes },
    ...{ bytes: stored.bytes, duration: stored.metadata.duration, cached: stored.cached },
  }));
  return {
    ...{ entries, accepted, left, present },
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

/** An entry, and where it is to lie. */
interface Planned {
  readonly stored: StoredEntry;
  readonly to: string;
  readonly keyPrefix: string;
  readonly table: TaskTableJson;
  readonly changes: readonly VersionChange[];
  /** Whether it is of another version than the one that is to be taken over. */
  readonly isOther: boolean;
}

interface Choice {
  readonly named: Named;
  readonly now: ReadonlyMap<string, Version>;
  readonly chosen: (group: string) => Version | undefined;
  readonly left: Left;
}

/** Which of the entries are taken over, and for how many there is a result already. */
async function plansFor(
  place: AcceptPlace,
  found: readonly StoredEntry[],
  choice: Choice,
  call: Call,
): Promise<{ readonly plans: readonly Planned[]; readonly present: number }> {
  const { left } = choice;
  const planned = new Map<string, Planned>();
  const others: Planned[] = [];
  for (const stored of found) {
    const plan = planOf(stored, choice);
    if (plan === undefined) continue;
    const rival = planned.get(plan.to);
    if (plan.isOther) others.push(plan);
    // Of two for one key the later one.
    else if (!rival || rival.stored.cached < stored.cached) planned.set(plan.to, plan);
  }
  const keys = [...planned.keys(), ...others.map(({ to }) => to)];
  const there = await place.storage?.existsMany(keys, call) ?? new Set<string>();
  left.otherVersion = others.filter(({ to }) => !planned.has(to) && !there.has(to)).length;
  const plans: Planned[] = [];
  for (const plan of planned.values()) {
    if (!there.has(plan.to) && await isUsable(place, plan, left, call)) plans.push(plan);
  }
  return { plans, present: there.intersection(planned).size };
}

/** How an entry is taken over; `undefined`, and counted, where it is not. */
function planOf(stored: StoredEntry, { named, now, chosen, left }: Choice): Planned | undefined {
  const { task: table, key } = stored.metadata;
  const tasks: Record<string, TaskJson> = {};
  const changes = new Map<string, VersionChange>();
  let [isMeant, isOther] = [false, false];
  let obstacle: keyof AcceptLeft | undefined;
  for (const [id, json] of Object.entries(table.tasks)) {
    const { name, codeVersion: from = null } = json;
    const to = now.get(name);
    const group = named.groupOf(id, name);
    if (to === undefined) obstacle = "unknownType";
    else if (to !== from && group === undefined) obstacle ??= "otherCode";
    else if (to !== from && chosen(group!) !== from) isOther = true;
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
  return { stored, to, keyPrefix, table: revised, changes: [...changes.values()], isOther };
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
    else if (outcome === "damaged") left.unusable++;
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
