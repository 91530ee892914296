import { BaseCache } from "../../caches/cache.ts";
import { LocalStorage } from "../../storages/local.ts";
import { copyChanged, type Edit } from "../_changed_copy.ts";

/** The parts of the library that the checks put to the test; of a mutant they are changed copies. */
export interface Library {
  readonly LocalStorage: typeof LocalStorage;
  readonly BaseCache: typeof BaseCache;
}

/** The library as it is. */
export const GENUINE: Library = { LocalStorage, BaseCache };

/** The folders that mutants have copies of; the rest they share with the library. */
const FOLDERS = ["storages", "caches"] as const;

/** Makes a copy of the storage and the cache with changes, in a directory that is there already. */
export async function mutate(dir: string, edits: readonly Edit[]): Promise<Library> {
  copyChanged(dir, FOLDERS, edits);
  const [local, cache] = await Promise.all([
    import(`file://${dir}/storages/local.ts`),
    import(`file://${dir}/caches/cache.ts`),
  ]);
  return { LocalStorage: local.LocalStorage, BaseCache: cache.BaseCache };
}
