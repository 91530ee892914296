import { look, SEPARATOR, tryRemoveFolder } from "./_local_files.ts";
import { contentOf, writerOf } from "./_local_folder.ts";
import type { LocalRoot } from "./_local_root.ts";
import { lifeOf } from "./_local_writer.ts";
import type { Found, LockPlace } from "./_lock_claim.ts";
import { RECORD } from "./_record.ts";

/** The folder of a key, as what is locked for a claim on it. */
export function keyFolder(root: LocalRoot, key: string): LockPlace {
  const path = root.folderOf(key);
  const hasRecord = () => look(path + SEPARATOR + RECORD) !== undefined;
  return {
    key,
    path,
    make: () => root.makeFolder(path),
    find: () => hasRecord() ? "entry" : foundIn(root, path),
    clear: () => {
      if (!hasRecord()) tryRemoveFolder(path);
    },
  };
}

function foundIn(root: LocalRoot, path: string): Found {
  const { generations, isEmpty } = contentOf(path);
  if (isEmpty) return "nothing";
  // A worker of a program that was killed may live long enough to save what it just computed.
  const isBusy = [...generations.keys()].some((name) =>
    root.hasDraft(name) ?? lifeOf(root.dir, writerOf(name)) === "alive"
  );
  return isBusy ? "busy" : "rest";
}
