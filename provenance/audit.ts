import { openEntry } from "../caches/_opening.ts";
import { describe } from "../describe.ts";
import { SerializationError, TaskError } from "../errors.ts";
import { LabError } from "../lab_error.ts";
import type { Task, TaskResult } from "../task.ts";
import { findCandidates, rounds } from "./_audit_candidates.ts";
import type { AuditPlace, AuditRun } from "./_audit_place.ts";
import { AuditStorage } from "./_audit_storage.ts";
import { isStream, streamDifferences } from "./_stream_difference.ts";
import type { AuditedTask, AuditOptions, AuditReport } from "./audit_report.ts";
import { stratifiedSample } from "./stratified_sample.ts";
import { type Differences, valueDifferences } from "./value_difference.ts";

const SAMPLE = 20;
/** So many tasks a worker run together: their results are in memory until they are compared. */
const EACH = 2;

/** Runs tasks again whose results are there, and compares. See {@linkcode Lab.audit}. */
export async function auditResults(
  place: AuditPlace,
  options: AuditOptions = {},
): Promise<AuditReport> {
  checkOptions(options);
  const { signal, sample = SAMPLE, seed = 0, onProgress } = options;
  signal?.throwIfAborted();
  const { candidates, passedOver } = await findCandidates(place, options);
  const chosen = stratifiedSample(candidates.keys(), sample, seed);
  const audited = new Map<Task, AuditedTask>();
  for (const round of rounds(chosen, EACH * place.maxWorkers)) {
    const keys = new Map(round.map((task) => [task, candidates.get(task)!]));
    for (const each of await auditRound(place, keys, options)) audited.set(each.task, each);
    onProgress?.({ done: audited.size, of: chosen.length });
  }
  const tasks = chosen.map((task) => audited.get(task)!);
  const passed = tasks.every(({ verdict }) => verdict === "same" || verdict === "close");
  return { passed, tasks, candidates: candidates.size, passedOver };
}

function checkOptions({ tolerance = 0, differences = 1, seed = 0 }: AuditOptions): void {
  const limits = typeof tolerance === "number" ? [tolerance] : [
    tolerance?.absolute ?? 0,
    tolerance?.relative ?? 0,
  ];
  if (!limits.every((limit) => typeof limit === "number" && limit >= 0)) {
    throw new TaskError(
      `Expected tolerance to be a number of 0 or more, or { absolute, relative } of such, got ` +
        describe(tolerance),
    );
  }
  if (!Number.isSafeInteger(differences) || differences < 1) {
    throw new TaskError(
      `Expected differences to be a whole number from 1, got ${describe(differences)}`,
    );
  }
  if (typeof seed !== "number" && typeof seed !== "string") {
    throw new TaskError(`Expected seed to be a number or a text, got ${describe(seed)}`);
  }
}

async function auditRound(
  place: AuditPlace,
  keys: ReadonlyMap<Task, string>,
  options: AuditOptions,
): Promise<AuditedTask[]> {
  const { signal } = options;
  const scratch = new AuditStorage(place.storage!, new Set(keys.values()), place.signing);
  let { failures, skipped } = await ran(place, scratch, [...keys.keys()], { signal });
  // Of a runner elsewhere, what cannot come over, such as a stream, would go by way of a storage there.
  const apart = [...keys.keys()].filter(({ id }) => isHandOver(failures.get(id)));
  if (apart.length > 0) {
    const here = await ran(place, scratch, apart, { signal, runner: "async" });
    for (const { id } of apart) failures.delete(id);
    failures = new Map([...failures, ...here.failures]);
    skipped = skipped.union(here.skipped);
  }
  const audited: AuditedTask[] = [];
  for (const [task, key] of keys) {
    const base = { task, key, differences: [], more: false };
    const failure = failures.get(task.id);
    if (failure) audited.push({ ...base, verdict: "failed", error: failure });
    else if (skipped.has(task.id)) audited.push({ ...base, verdict: "skipped" });
    else audited.push({ ...base, ...await compared(place, scratch, task, key, options) });
  }
  return audited;
}

/** Whether all that failed was to hand the result over from another thread. */
function isHandOver(failure: Error | undefined): boolean {
  const { name, cause } = Object(failure?.cause) as Partial<Error>;
  return name === "RunnerError" && Object(cause).name === "SerializationError";
}

/** Runs tasks; what fails does not keep the others from being compared. */
async function ran(
  place: AuditPlace,
  scratch: AuditStorage,
  tasks: readonly Task[],
  options: AuditRun,
): Promise<{ readonly failures: Map<string, Error>; readonly skipped: Set<string> }> {
  const [failures, skipped] = [new Map<string, Error>(), new Set<string>()];
  try {
    await place.run(scratch, tasks, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    const isOfTasks = error instanceof LabError && error.results && error.stopped === undefined;
    if (!isOfTasks) throw error;
    for (const [{ id }, failure] of error.failures) failures.set(id, failure);
    for (const { id } of error.skipped.keys()) skipped.add(id);
  }
  return { failures, skipped };
}

async function compared(
  place: AuditPlace,
  scratch: AuditStorage,
  task: Task,
  key: string,
  options: AuditOptions,
): Promise<Pick<AuditedTask, "verdict"> & Partial<AuditedTask>> {
  const { signal } = options;
  const [{ signing, storage }, { computed }] = [place, scratch];
  const [before, after] = [
    (await openEntry(storage!, key, { signal, signing, refused: () => {} }))?.metadata,
    (await openEntry(computed, key, { signal }))?.metadata,
  ];
  if (before === undefined || after === undefined) return { verdict: "unreadable" };
  const times = {
    stored: { start: new Date(before.start), duration: before.duration },
    duration: after.duration,
  };
  const digests = (files: typeof before.files) =>
    JSON.stringify(Object.entries(files).map(([name, { sha256 }]) => [name, sha256]).sort());
  // Equal bytes need not be loaded, however many they are.
  if (digests(before.files) === digests(after.files)) return { ...times, verdict: "same" };
  const stored = await place.cacheOf(task.type)!.load(storage!, key, task, { signal });
  const now = await place.bareCacheOf(task.type)!.load(computed, key, task, { signal });
  if (stored === undefined || now === undefined) return { ...times, verdict: "unreadable" };
  const found = await differencesOf(stored, now, options);
  if (found === undefined) return { ...times, verdict: "unreadable" };
  const { first, more, within } = found;
  const verdict = first.length > 0 ? "different" : within ? "close" : "same";
  return { ...times, verdict, differences: first, more };
}

/** How two results differ; `undefined` where a stream turns out to be damaged. */
async function differencesOf(
  { value: before }: TaskResult,
  { value: after }: TaskResult,
  { tolerance, differences: most }: AuditOptions,
): Promise<Differences | undefined> {
  if (!isStream(before) || !isStream(after)) {
    return valueDifferences(before, after, { tolerance, most });
  }
  try {
    return await streamDifferences(before, after);
  } catch (error) {
    if (error instanceof SerializationError) return undefined;
    throw error;
  }
}
