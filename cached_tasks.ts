import type { Cache } from "./caches/cache.ts";
import type { Place } from "./plan.ts";
import type { Call } from "./storages/storage.ts";
import type { Task, TaskTypeInfo } from "./task.ts";

/** The tasks found in a storage. */
export interface CachedTasks {
  /** The tasks, without their results. */
  readonly tasks: Task[];
  /** How many entries look like ones of the types, but are of no use. */
  readonly passedOver: number;
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
  const wanted = new Map<string, { readonly type: TaskTypeInfo; readonly cache: Cache }>();
  for (const type of types) {
    const cache = place.cacheOf(type);
    if (cache !== null) wanted.set(cache.keyPrefix + type.taskName, { type, cache });
  }
  const tasks: Task[] = [];
  let passedOver = 0;
  if (storage === null || wanted.size === 0) return { tasks, passedOver };

  const keys = storage.findKeys(call)[Symbol.asyncIterator]();
  const load = async () => {
    for (let next = await keys.next(); !next.done; next = await keys.next()) {
      const match = wanted.get(KEY.exec(next.value)?.[1] ?? "");
      if (match === undefined) continue;
      const task = await match.cache.loadTask(storage, match.type, next.value, call);
      if (task === undefined) passedOver++;
      else tasks.push(task);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, load));
  return { tasks, passedOver };
}
