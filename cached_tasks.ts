import type { Cache, CacheCall } from "./caches/cache.ts";
import type { Place } from "./plan.ts";
import { refusalCounts } from "./refusal_text.ts";
import type { Refusal } from "./signing/entry_signing.ts";
import type { Call } from "./storages/storage.ts";
import type { Task, TaskTypeInfo } from "./task.ts";

/** The tasks found in a storage. */
export interface CachedTasks {
  /** The tasks, without their results. */
  readonly tasks: Task[];
  /** How many entries look like ones of the types, but are of no use. */
  readonly passedOver: number;
  /** Those of them that are not trusted: their keys, and why. */
  readonly untrusted: ReadonlyMap<string, Refusal>;
}

interface Candidate {
  readonly type: TaskTypeInfo;
  readonly cache: Cache;
}

const AT_ONCE = 16;
const KEY = /^(.+)__[0-9a-f]{40}$/;

/** Lists what a storage holds of some types. */
export async function cachedTasks(
  place: Place,
  types: Iterable<TaskTypeInfo>,
  call: Call,
): Promise<CachedTasks> {
  const { storage } = place;
  // A type X whose cache has the prefix "json__" shares its keys' beginning with a type named json__X.
  const wanted = new Map<string, Candidate[]>();
  for (const type of types) {
    const cache = place.cacheOf(type);
    if (cache === null) continue;
    const start = cache.keyPrefix + type.taskName;
    wanted.set(start, [...wanted.get(start) ?? [], { type, cache }]);
  }
  const tasks: Task[] = [];
  let passedOver = 0;
  const untrusted = new Map<string, Refusal>();
  if (storage === null || wanted.size === 0) return { tasks, passedOver, untrusted };

  const loading: CacheCall = { ...call, refused: (key, why) => untrusted.set(key, why) };
  const keys = storage.findKeys(call)[Symbol.asyncIterator]();
  const load = async () => {
    for (let next = await keys.next(); !next.done; next = await keys.next()) {
      const candidates = wanted.get(KEY.exec(next.value)?.[1] ?? "");
      if (candidates === undefined) continue;
      let task: Task | undefined;
      for (const { type, cache } of candidates) {
        task ??= await cache.loadTask(storage, type, next.value, loading);
      }
      if (task === undefined) passedOver++;
      else tasks.push(task);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, load));
  return { tasks, passedOver, untrusted };
}

/** Says what was passed over. */
export function passedOverText(
  passedOver: number,
  untrusted: ReadonlyMap<string, Refusal>,
): string {
  const entries = passedOver === 1 ? "entry" : "entries";
  const others = passedOver - untrusted.size;
  const rest = "torn, foreign, or with nested tasks of types that the program does not define";
  const reasons = [
    untrusted.size > 0 ? refusalCounts(untrusted) : "",
    others === 0 ? "" : untrusted.size > 0 ? `${others} ${rest}` : rest,
  ].filter((reason) => reason !== "");
  return `${passedOver} ${entries} of the storage were passed over: ${reasons.join("; ")}`;
}
