import { isAutoVersion } from "../code_version/auto.ts";
import { CODE_PREFIX, isCodeKey } from "../code_version/code_key.ts";
import { loadCode } from "../code_version/code_record.ts";
import { neutralizeLine } from "../progress/neutralize.ts";
import type { Storage } from "../storages/storage.ts";
import { atOnce } from "./_at_once.ts";
import type { GarbageCriteria, GarbageEntry } from "./collect_garbage.ts";
import type { TypeVersion } from "./outdated_versions.ts";
import type { StoredEntry } from "./stored_entries.ts";

const AT_ONCE = 8;
/** In ms. */
const DAY = 86_400_000;

/** The versions that follow the code, of entries that stay. */
export class VersionsInUse {
  readonly #counts = new Map<string, number>();
  readonly #byKey = new Map<string, readonly string[]>();

  /** The versions that `types` have now are in use in any case. */
  constructor(types: Iterable<TypeVersion> = []) {
    for (const { codeVersion } of types) if (codeVersion !== undefined) this.#count(codeVersion, 1);
  }

  has(version: string): boolean {
    return (this.#counts.get(version) ?? 0) > 0;
  }

  add({ task, nested, metadata: { key } }: StoredEntry): void {
    const all = [task, ...nested].map(({ codeVersion }) => codeVersion);
    const versions = [...new Set(all)].filter(isAutoVersion) as string[];
    if (versions.length === 0) return;
    this.#byKey.set(key, versions);
    for (const version of versions) this.#count(version, 1);
  }

  remove(key: string): void {
    for (const version of this.#byKey.get(key) ?? []) this.#count(version, -1);
  }

  #count(version: string, by: number): void {
    this.#counts.set(version, (this.#counts.get(version) ?? 0) + by);
  }
}

/** The records of code that no entry is of any more; but for new ones, whose results may be on their way. */
export async function unusedCode(
  storage: Storage,
  versions: VersionsInUse,
  { signal, grace = DAY }: GarbageCriteria,
): Promise<GarbageEntry[]> {
  const unused: GarbageEntry[] = [];
  await atOnce(storage.findKeys({ prefix: CODE_PREFIX, signal }), AT_ONCE, async (key) => {
    const code = isCodeKey(key) ? await loadCode(storage, key, { signal }) : undefined;
    if (code === undefined || versions.has(code.version) || Date.now() - +code.kept < grace) return;
    const { type, bytes, kept, entryVersion: version } = code;
    const task = neutralizeLine(`code of ${type}`);
    unused.push({ key, task, reason: "stale", bytes, duration: 0, cached: kept, version });
  });
  return unused;
}
