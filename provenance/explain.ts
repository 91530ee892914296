import type { Cache } from "../caches/cache.ts";
import { openEntry } from "../caches/_opening.ts";
import type { TaskCode } from "../code_version/task_code.ts";
import type { Place, PlannedTask } from "../plan.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import { type TaskTableJson, taskTableToJson } from "../serialize.ts";
import type { EntrySigning, Refusal } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import { definesMigrations, findTaskType, type Task, type TaskTypeInfo } from "../task.ts";
import { codeDifference, codeDifferences, type CodeSetting } from "./_code_differences.ts";
import { EntryLook, type Look } from "./_entry_look.ts";
import { explainedEntry } from "./_explained_entry.ts";
import { latestRun, runThatComputed } from "./_explained_run.ts";
import { type NearestEntry, NearestSearch } from "./_nearest_entry.ts";
import { jsonOf, TableComparison } from "./_table_differences.ts";
import {
  type ExplainedEntry,
  type ExplainedRun,
  Explanation,
  type ExplanationParts,
  type ExplanationReason,
  type NearestResult,
} from "./explanation.ts";

/** What explaining needs to know of a Lab. */
export interface ExplainPlace extends Place {
  /** What tells which entries are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** How results of a type are formatted, asking nothing of signatures; `null` when they are not kept. */
  cacheOf(type: TaskTypeInfo): Cache | null;
  /** The version of a type's code as it is now. */
  versionOf(type: TaskTypeInfo): Promise<string | undefined>;
  /** What that is made of; `undefined` where it does not follow the code. */
  codeOf(type: TaskTypeInfo): Promise<TaskCode | undefined>;
}

/** How many differences of params are told. */
const MOST = 100;
/** All that are told may be looked for, however long that takes. */
const NO_BUDGET = Infinity;

const REFUSED: Readonly<Record<Refusal, string>> = {
  unsigned: "It has no signature",
  "unknown key": "It is signed by a key that is not among those to trust",
  altered: "It is not what was signed",
};

/** A place that has a storage. */
type StoredPlace = ExplainPlace & { readonly storage: Storage };

/**
 * Tells whether the result of a task is in the storage, and why. See {@linkcode Lab.explain}.
 *
 * @param task With its versions settled.
 * @param given The same as it was given.
 */
export async function explainTask(
  place: ExplainPlace,
  { task, given, key }: { readonly task: Task; readonly given: Task; readonly key: string },
  call: Call,
): Promise<Explanation> {
  call.signal?.throwIfAborted();
  const explained = (parts: Omit<ExplanationParts, "task" | "key">) =>
    new Explanation({ task: given, key, ...parts });
  const cache = place.cacheOf(task.type);
  if (place.storage === null) return explained({ reason: "no-storage" });
  if (cache === null) return explained({ reason: "no-cache" });
  const stored = place as StoredPlace;
  const seen = await lookAt(stored, cache, { task, key }, call);
  if (seen.kind !== "absent") {
    return explained(await thereParts(stored, { task, key, seen }, call));
  }
  const runs = { storage: stored.storage, signing: place.signing, ...call };
  const run = await latestRun(task, key, runs);
  const migrated = await migratedFrom(stored, { task, key, cache }, call);
  if (migrated !== undefined) return explained({ reason: "migrated", entry: migrated, run });
  const search = new NearestSearch(task, key, runs);
  const entry = await search.find();
  const nearest = entry && await nearestResult(stored, entry, taskTableToJson(task), call);
  const reason = reasonOf(run, entry, nearest, task);
  const told = await withCode(stored, run, nearest, task, call);
  return explained({ reason, run: told, nearest, looked: search.looked });
}

/** A run of other code, of which there are no results any more, with what has changed since. */
async function withCode(
  place: StoredPlace,
  run: ExplainedRun | undefined,
  nearest: NearestResult | undefined,
  { taskName: type, codeVersion: to }: Task,
  { signal }: Call,
): Promise<ExplainedRun | undefined> {
  const from = run?.codeVersion;
  if (run === undefined || run.same || from === to) return run;
  if (nearest?.code.some((each) => each.type === type && each.from === from)) return run;
  return { ...run, code: await codeDifference({ type, from, to }, codeSetting(place, signal)) };
}

function codeSetting(
  { storage, signing, versionOf, codeOf }: StoredPlace,
  signal: AbortSignal | undefined,
): CodeSetting {
  return {
    ...{ storage, signing, signal },
    async partsOf(name, version) {
      const type = findTaskType(name);
      const isNow = type !== undefined && await versionOf(type) === version;
      return isNow ? (await codeOf(type))?.parts : undefined;
    },
  };
}

/** What lies under the task's own key. */
async function lookAt(
  { storage, signing }: StoredPlace,
  cache: Cache,
  { task, key }: { readonly task: Task; readonly key: string },
  { signal }: Call,
): Promise<Look> {
  const look = new EntryLook({ storage, signing, signal, verify: false, seen: () => {} });
  const seen = await look.look(cache, key, task);
  if (seen.kind !== "absent") return seen;
  // What is torn is no entry, and listed all the same.
  for await (const each of storage.findKeys({ prefix: key, signal })) {
    if (each !== key || await storage.exists(key, { signal })) continue;
    const why = "Its record is damaged, or a file of it is missing or of another size";
    return { kind: "damaged", why };
  }
  return seen;
}

/** What is told of an entry that lies under the task's key, of use or not. */
async function thereParts(
  { storage, signing }: StoredPlace,
  { task, key, seen }: { readonly task: Task; readonly key: string; readonly seen: Look },
  { signal }: Call,
): Promise<Omit<ExplanationParts, "task" | "key">> {
  const problem = seen.kind === "refused"
    ? REFUSED[seen.why]
    : "why" in seen
    ? neutralizeLine(seen.why)
    : undefined;
  const isThere = seen.kind === "there";
  // What is not trusted is not repeated either.
  const trusting = { signal, ...(signing && { signing, refused: () => {} }) };
  const opened = await openEntry(storage, key, trusting);
  const entry = opened && explainedEntry(opened.entry, opened.metadata);
  const began = opened && new Date(opened.metadata.start);
  const run = isThere && began && !entry!.migrated.length && !entry!.accepted.length
    ? await runThatComputed(task, key, began, { storage, signing, signal })
    : undefined;
  const reason = isThere ? "cached" : seen.kind === "absent" ? "absent" : seen.kind;
  return { reason, problem, entry, run };
}

/** The entry of an earlier shape that a run would take over. */
async function migratedFrom(
  { storage, signing, cacheOf, versionOf }: StoredPlace,
  planned: PlannedTask,
  { signal }: Call,
): Promise<ExplainedEntry | undefined> {
  if (!definesMigrations() || (signing && !signing.signs)) return undefined;
  const { Migrations } = await import("./migrate.ts");
  const trusting = { signal, ...(signing && { signing, refused: () => {} }) };
  const migrations = new Migrations({ storage, cacheOf, versionOf, ...trusting });
  const earlier = (await migrations.find([planned])).get(planned.task.id);
  const opened = earlier && await openEntry(storage, earlier.key, trusting);
  return opened && explainedEntry(opened.entry, opened.metadata);
}

/** The nearest entry with all that is different. */
async function nearestResult(
  place: StoredPlace,
  { entry, metadata, kinship }: NearestEntry,
  table: TaskTableJson,
  { signal }: Call,
): Promise<NearestResult> {
  const { task: before } = metadata;
  const { differences } = new TableComparison(before, table, { left: NO_BUDGET });
  const { params, pairs } = differences;
  const isSame = kinship === "cache" || kinship === "code";
  const code = await codeDifferences(before, table, pairs, codeSetting(place, signal));
  const { name } = jsonOf(before, before.id)!;
  return {
    ...explainedEntry(entry, metadata),
    ...(kinship === "renamed" && { renamedFrom: neutralizeLine(name) }),
    params: isSame ? [] : params.slice(0, MOST),
    more: isSame ? 0 : Math.max(0, params.length - MOST),
    code,
  };
}

/** Why there is nothing under the key, by what is known of the task and of what is like it. */
function reasonOf(
  run: ExplainedRun | undefined,
  entry: NearestEntry | undefined,
  nearest: NearestResult | undefined,
  task: Task,
): ExplanationReason {
  if (entry?.kinship === "cache") return "cache";
  if (run?.same) return run.state === "failed" || run.state === "skipped" ? run.state : "removed";
  const whose = (isOwn: boolean) => isOwn ? "code" : "nested-code";
  if (entry?.kinship === "code") {
    return whose(nearest!.code.some(({ type }) => type === task.taskName));
  }
  if (entry?.kinship === "renamed") return "renamed";
  if (run !== undefined) return whose(run.codeVersion !== task.codeVersion);
  return entry === undefined ? "absent" : "params";
}
