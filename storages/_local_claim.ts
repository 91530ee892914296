import { look, SEPARATOR, tryRemoveFolder } from "./_local_files.ts";
import { contentOf } from "./_local_folder.ts";
import type { LocalRoot } from "./_local_root.ts";
import type { LockPlace } from "./_lock_claim.ts";
import { RECORD } from "./_record.ts";

/** The folder of a key, as what is locked for a claim on it. */
export function keyFolder(root: LocalRoot, key: string): LockPlace {
  const path = root.folderOf(key);
  const hasRecord = () => look(path + SEPARATOR + RECORD) !== undefined;
  return {
    key,
    path,
    make: () => root.makeFolder(path),
    find: () => hasRecord() ? "entry" : contentOf(path).isEmpty ? "nothing" : "rest",
    clear: () => {
      if (!hasRecord()) tryRemoveFolder(path);
    },
  };
}
