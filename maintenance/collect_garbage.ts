import { StorageError } from "../errors.ts";
import type { Call, Leftover, LeftoverOptions, Storage } from "../storages/storage.ts";
import { atOnce } from "./_at_once.ts";
import { unusedCode, VersionsInUse } from "./_unused_code.ts";
import { findRuns, loadRun } from "../runs/find_runs.ts";
import { isCodeKey } from "../code_version/code_key.ts";
import { loadCode } from "../code_version/code_record.ts";
import { ownRecord } from "./own_record.ts";
import { outdatedBy, type TypeVersion } from "./outdated_versions.ts";
import { readEntry, storedEntries, type StoredEntry } from "./stored_entries.ts";

/** Which entries are garbage. What no entry holds any more always is. */
export interface GarbageCriteria extends Call, Pick<LeftoverOptions, "grace"> {
  /**
   * Entries whose result was computed longer ago than this, in ms; and, where `types` names none, records
   * of runs that began longer ago.
   */
  readonly olderThan?: number;
  /**
   * Entries that a program with these task types would not use any more: whose own code version, or that
   * of a task nested in it, is another one than its type has now. Entries of other types are not touched.
   */
  readonly stale?: Iterable<TypeVersion>;
  /**
   * How many bytes all entries may take. Where they take more, those go first whose results took the
   * fewest seconds of computing a byte. Each entry is judged by itself: whether others were computed from
   * it does not matter, as their results do not need it any more.
   */
  readonly downTo?: number;
  /** The names of the task types whose entries may be removed. @default {all} */
  readonly types?: Iterable<string>;
}

/** An entry that is to be removed: a result, or the record of a run or of code. */
export interface GarbageEntry {
  /** Its key. */
  readonly key: string;
  /** Its task in words, safe to print; of a record, what it is of. */
  readonly task: string;
  /** Why it goes: it is older than asked for, of a stale code version, or cheap to compute again. */
  readonly reason: "old" | "stale" | "cheap";
  /** The size of its files. */
  readonly bytes: number;
  /** How long its result took to compute, in ms; 0 for a record. */
  readonly duration: number;
  /** When its result was there, the run began, or code was kept. Invalid when what the entry says makes no sense. */
  readonly cached: Date;
  /** What tells it from an entry that comes in its place, where the storage knows that. */
  readonly version: string | undefined;
}

/** How far {@linkcode GarbagePlan.carryOut} has come. */
export interface GarbageProgress {
  /** How many entries and leftovers were dealt with. */
  readonly done: number;
  /** How many there are. */
  readonly of: number;
}

/** What was removed. */
export interface GarbageCount {
  /** How many entries. */
  readonly entries: number;
  /** How many other things. */
  readonly leftovers: number;
  /** Their size, in bytes. */
  readonly bytes: number;
  /** How many of the plan stayed: replaced since, or of use again. */
  readonly spared: number;
}

/** What would be removed, and what that would cost. Nothing is changed before it is carried out. */
export interface GarbagePlan {
  /** The entries that go. */
  readonly entries: readonly GarbageEntry[];
  /** What goes and is no entry. */
  readonly leftovers: readonly Leftover[];
  /** The size of all that goes, in bytes. */
  readonly bytes: number;
  /** How long it took to compute what goes, in ms. */
  readonly duration: number;
  /** How many entries of results stay, and their size in bytes; `undefined` where entries were not looked at. */
  readonly kept: { readonly entries: number; readonly bytes: number } | undefined;
  /** How many entries were passed over: torn ones, and those that something else made. */
  readonly passedOver: number;
  /**
   * Removes what the plan says. An entry that was replaced since, or a leftover that came to be of use,
   * stays.
   *
   * @throws {StorageError} When the storage fails; what was removed until then is gone.
   */
  carryOut(options?: CarryOutOptions): Promise<GarbageCount>;
}

/** How {@linkcode GarbagePlan.carryOut} works. */
export interface CarryOutOptions extends Call {
  /** Is told now and then how far it has come. */
  readonly onProgress?: (progress: GarbageProgress) => void;
}

/** How many entries are removed at a time. */
const AT_ONCE = 8;

/**
 * Plans what to remove from a storage: what programs that died left behind, and the entries that the
 * criteria name. What something else put into the storage stays.
 *
 * @throws {StorageError} When the storage cannot be listed, or a criterion is no number that makes sense.
 *
 * @example Results that are older than 30 days
 * ```ts
 * import { collectGarbage } from "@labtech/lab/maintenance";
 * import { MemoryStorage } from "@labtech/lab/storages";
 * import { assertEquals } from "@std/assert";
 *
 * const storage = new MemoryStorage();
 * const plan = await collectGarbage(storage, { olderThan: 30 * 24 * 60 * 60 * 1000 });
 * console.log(`${plan.entries.length} entries, ${plan.bytes} bytes, ${plan.duration} ms of computing`);
 * const removed = await plan.carryOut();
 * assertEquals(removed.entries, 0);
 * ```
 */
export async function collectGarbage(
  storage: Storage,
  criteria: GarbageCriteria = {},
): Promise<GarbagePlan> {
  checkCriteria(criteria);
  const { signal, grace } = criteria;
  signal?.throwIfAborted();
  const { chosen, kept, passedOver } = await chooseEntries(storage, criteria);
  const leftovers: Leftover[] = [];
  for await (const leftover of storage.findLeftovers({ signal, grace })) {
    if (leftover.kind !== "foreign") leftovers.push(leftover);
  }
  return {
    entries: chosen,
    leftovers,
    bytes: sum(chosen, "bytes") + leftovers.reduce((total, { bytes }) => total + bytes, 0),
    duration: sum(chosen, "duration"),
    kept,
    passedOver,
    carryOut: (options) => carryOut(storage, chosen, leftovers, options),
  };
}

function checkCriteria(criteria: GarbageCriteria): void {
  for (const name of ["olderThan", "downTo", "grace"] as const) {
    const value = criteria[name];
    if (value === undefined || value >= 0) continue;
    throw new StorageError(`Expected ${name} of 0 or more, got ${value}`);
  }
}

interface Choice {
  readonly chosen: GarbageEntry[];
  readonly kept: GarbagePlan["kept"];
  readonly passedOver: number;
}

async function chooseEntries(storage: Storage, criteria: GarbageCriteria): Promise<Choice> {
  const { signal, olderThan, stale, downTo } = criteria;
  const chosen: GarbageEntry[] = [];
  if (olderThan === undefined && stale === undefined && downTo === undefined) {
    return { chosen, kept: undefined, passedOver: 0 };
  }
  const judge = judgeBy(criteria);
  const versions = new VersionsInUse(stale);
  const types = criteria.types && new Set(criteria.types);
  const problems = { torn: 0, foreign: 0 };
  const rest: GarbageEntry[] = [];
  const kept = { entries: 0, bytes: 0 };
  for await (const entry of storedEntries(storage, { problems, signal })) {
    const mayGo = !types || types.has(entry.task.taskName);
    const reason = mayGo ? judge(entry) : undefined;
    if (reason !== undefined) chosen.push(garbage(entry, reason));
    else {
      versions.add(entry);
      kept.entries++;
      kept.bytes += entry.bytes;
      if (mayGo && downTo !== undefined) rest.push(garbage(entry, "cheap"));
    }
  }
  rest.sort((a, b) => cost(a) - cost(b) || a.cached.getTime() - b.cached.getTime());
  for (const entry of rest) {
    if (kept.bytes <= downTo!) break;
    chosen.push(entry);
    versions.remove(entry.key);
    kept.entries--;
    kept.bytes -= entry.bytes;
  }
  const records = types || olderThan === undefined
    ? { old: [], passedOver: 0 }
    : await oldRecords(storage, olderThan, { signal });
  chosen.push(...records.old);
  if (!types) chosen.push(...await unusedCode(storage, versions, criteria));
  return { chosen, kept, passedOver: problems.torn + problems.foreign + records.passedOver };
}

/** The records of runs that began before a time: those of later ones are not even opened. */
async function oldRecords(
  storage: Storage,
  age: number,
  { signal }: Call,
): Promise<{ readonly old: GarbageEntry[]; readonly passedOver: number }> {
  const before = Date.now() - age;
  const runs = (await findRuns(storage, { signal })).filter(({ start }) => +start <= before);
  const old: GarbageEntry[] = [];
  await atOnce(runs, AT_ONCE, async ({ key }) => {
    const record = await loadRun(storage, key, { signal });
    if (record === undefined) return;
    const { bytes, version, start, summary: { tasks } } = record;
    const task = `run of ${tasks} ${tasks === 1 ? "task" : "tasks"}`;
    old.push({ key, task, reason: "old", bytes, duration: 0, cached: start, version });
  });
  return { old, passedOver: runs.length - old.length };
}

function judgeBy(
  { olderThan, stale }: GarbageCriteria,
): (entry: StoredEntry) => "old" | "stale" | undefined {
  const now = Date.now();
  const outdated = outdatedBy(stale ?? []);
  return (entry) => {
    // An entry that does not say when it was cached counts as new.
    if (olderThan !== undefined && now - entry.cached.getTime() >= olderThan) return "old";
    return outdated(entry).length > 0 ? "stale" : undefined;
  };
}

function garbage(
  { entry, metadata, text, bytes, cached }: StoredEntry,
  reason: GarbageEntry["reason"],
): GarbageEntry {
  const { key, duration } = metadata;
  return { key, task: text, reason, bytes, duration, cached, version: entry.version };
}

/** What a byte of an entry took to compute. What does not say how long it took counts as cheap. */
function cost({ duration, bytes }: GarbageEntry): number {
  return duration > 0 ? duration / Math.max(bytes, 1) : 0;
}

async function carryOut(
  storage: Storage,
  entries: readonly GarbageEntry[],
  leftovers: readonly Leftover[],
  { signal, onProgress }: CarryOutOptions = {},
): Promise<GarbageCount> {
  signal?.throwIfAborted();
  const removed = { entries: 0, leftovers: 0, bytes: 0, spared: 0 };
  const of = entries.length + leftovers.length;
  const note = (isGone: boolean, kind: "entries" | "leftovers", bytes: number) => {
    if (isGone) removed[kind]++;
    else removed.spared++;
    removed.bytes += isGone ? bytes : 0;
    onProgress?.({ done: removed.entries + removed.leftovers + removed.spared, of });
  };
  await atOnce(entries, AT_ONCE, async (entry) => {
    signal?.throwIfAborted();
    const isSame = await isAsPlanned(storage, entry, { signal });
    note(isSame && await storage.delete(entry.key, { signal }), "entries", entry.bytes);
  });
  // In their order: one may tell what is to become of those before it.
  for (const leftover of leftovers) {
    note(await leftover.remove({ signal }), "leftovers", leftover.bytes);
  }
  return removed;
}

/** Whether an entry is the one that was planned with, and not one that came in its place. */
async function isAsPlanned(storage: Storage, planned: GarbageEntry, call: Call): Promise<boolean> {
  if (isCodeKey(planned.key)) {
    const now = await loadCode(storage, planned.key, call);
    return now !== undefined && now.entryVersion === planned.version &&
      +now.kept === +planned.cached;
  }
  if (ownRecord(planned.key) === "run") {
    const now = await loadRun(storage, planned.key, call);
    return now?.version === planned.version && now?.bytes === planned.bytes;
  }
  const now = await readEntry(storage, planned.key, call);
  if (typeof now === "string") return false;
  return now.entry.version === planned.version && now.bytes === planned.bytes &&
    Object.is(now.cached.getTime(), planned.cached.getTime());
}

function sum(entries: readonly GarbageEntry[], of: "bytes" | "duration"): number {
  return entries.reduce((total, entry) => total + entry[of], 0);
}
