import { codeKey } from "../code_version/code_key.ts";
import { loadCode } from "../code_version/code_record.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { TaskTableJson } from "../serialize.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { CodeDifference, PartDifference } from "./explanation.ts";
import { jsonOf } from "./_table_differences.ts";

/** What finding out about code needs to know. */
export interface CodeSetting extends Call {
  /** Where it is kept what versions were made of. */
  readonly storage: Storage;
  /** What tells which records are trusted, if anything does. */
  readonly signing: EntrySigning | undefined;
  /** The parts of a type's code as it is now, where this is its version. */
  partsOf(type: string, version: string): Promise<ReadonlyMap<string, string> | undefined>;
}

/** So many types and versions are told of at most, and so much of each, in code units. */
const MOST = 100;
const LONGEST_VERSION = 1000;

/**
 * How the code of two tasks and of what is nested in them differs: of tasks that are in both tables, and of pairs
 * that stand at the same place. Each type and pair of versions once: the task's own type first.
 */
export async function codeDifferences(
  before: TaskTableJson,
  after: TaskTableJson,
  pairs: Iterable<{ readonly before: string; readonly after: string }>,
  setting: CodeSetting,
): Promise<CodeDifference[]> {
  const versions = new Map<string, { type: string; from?: string; to?: string; tasks: number }>();
  const compare = (id: string, now: string) => {
    const [old, json] = [jsonOf(before, id), jsonOf(after, now)];
    if (!old || !json || old.codeVersion === json.codeVersion) return;
    const { name: type, codeVersion: to } = json;
    const { codeVersion: from } = old;
    const key = JSON.stringify([type, from, to]);
    const known = versions.get(key) ?? { type, from, to, tasks: 0 };
    versions.set(key, { ...known, tasks: known.tasks + 1 });
  };
  const compared = new Set<string>();
  for (const pair of pairs) {
    compare(pair.before, pair.after);
    compared.add(pair.after);
  }
  for (const id of Object.keys(after.tasks)) if (!compared.has(id)) compare(id, id);
  const differences: CodeDifference[] = [];
  for (const each of versions.values().take(MOST)) {
    differences.push(await codeDifference(each, setting));
  }
  return differences;
}

/** How the code of two versions of a type differs. */
export async function codeDifference(
  { type, from, to, tasks = 1 }: {
    readonly type: string;
    readonly from?: string;
    readonly to?: string;
    readonly tasks?: number;
  },
  setting: CodeSetting,
): Promise<CodeDifference> {
  const parts = from && to && await changedParts(type, from, to, setting);
  const safe = (version: string | undefined) =>
    version && neutralizeLine(version.slice(0, LONGEST_VERSION));
  return {
    type: neutralizeLine(type),
    ...{ from: safe(from), to: safe(to), tasks, ...(parts && { parts }) },
  };
}

async function changedParts(
  type: string,
  from: string,
  to: string,
  setting: CodeSetting,
): Promise<PartDifference[] | undefined> {
  const { storage, signing, signal } = setting;
  const kept = async (version: string) => {
    const key = codeKey(version);
    if (key === undefined) return undefined;
    return (await loadCode(storage, key, { signing, signal }))?.parts;
  };
  const before = await kept(from);
  const after = before && (await setting.partsOf(type, to) ?? await kept(to));
  return before && after && partDifferences(before, after);
}

/** A locked package: `1.2.3` or `1.2.3 digest`. */
const VERSION = /^\d+\.\d+\.\d+\S*/;

/** What of some code is another one: what changed, then what came, went and moved. */
export function partDifferences(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): PartDifference[] {
  const changed: PartDifference[] = [];
  const added: PartDifference[] = [];
  const moved: PartDifference[] = [];
  const gone = new Map(Iterator.from(before).filter(([part]) => !after.has(part)));
  for (const [part, digest] of after) {
    const old = before.get(part);
    if (old === digest) continue;
    const name = neutralizeLine(part);
    if (old !== undefined) {
      const [from, to] = [old, digest].map((each) => {
        const version = VERSION.exec(each)?.[0];
        return version && neutralizeLine(version);
      });
      const isPackage = from !== undefined && to !== undefined && from !== to;
      changed.push({ part: name, change: "changed", ...(isPackage && { from, to }) });
      continue;
    }
    const place = gone.entries().find(([, each]) => each === digest)?.[0];
    if (place === undefined) added.push({ part: name, change: "added" });
    else {
      gone.delete(place);
      moved.push({ part: name, change: "moved", from: neutralizeLine(place) });
    }
  }
  const removed = gone.keys().map((part): PartDifference => {
    return { part: neutralizeLine(part), change: "removed" };
  });
  return [...changed, ...added, ...removed, ...moved];
}
