import { openEntry } from "../caches/_opening.ts";
import { atOnce } from "../maintenance/_at_once.ts";
import type { EntrySigning } from "../signing/entry_signing.ts";
import type { Call, Storage } from "../storages/storage.ts";
import type { TaskTypeInfo } from "../task.ts";
import type { KnownDurations } from "./_known_durations.ts";

/** Fewer results than this that were seen anyway are not enough to tell how long tasks of a type take. */
const ENOUGH = 12;
/** How many entries of a type are read for that alone. */
const READ = 24;
const AT_ONCE = 16;
const DIGEST = /^[0-9a-f]{40}$/;

/** Reads the metadata of some results of types, of whatever code version, to tell how long tasks take. */
export async function addResultsOf(
  storage: Storage,
  types: ReadonlyMap<TaskTypeInfo, string>,
  durations: KnownDurations,
  { signing, signal }: Call & { readonly signing: EntrySigning | undefined },
): Promise<void> {
  for (const [{ taskName }, keyPrefix] of types) {
    if (durations.samplesOf(taskName) >= ENOUGH) continue;
    const prefix = `${keyPrefix}${taskName}__`;
    const keys: string[] = [];
    for await (const key of storage.findKeys({ prefix, signal })) {
      if (DIGEST.test(key.slice(prefix.length))) keys.push(key);
      if (keys.length === READ) break;
    }
    await atOnce(keys, AT_ONCE, async (key) => {
      const opened = await openEntry(storage, key, { signal, signing, refused: () => {} });
      if (opened?.metadata.task.id.startsWith(`${taskName}__`)) {
        durations.addEntry(opened.metadata);
      }
    });
  }
}
