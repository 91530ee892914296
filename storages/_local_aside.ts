/**
 * Entries that were taken out of the way: `.aside/TIME-GENERATION/PLACE`, where PLACE is the name that the
 * entry's folder had. Nothing there is read by any other call.
 *
 * @module
 */

import { isAbsence, look, SEPARATOR, tryRemoveFolder } from "./_local_files.ts";
import { contentOf, writerOf } from "./_local_folder.ts";
import type { LocalRoot } from "./_local_root.ts";
import { lifeOf, makePlainFolder } from "./_local_writer.ts";
import { RECORD } from "./_record.ts";

/** The folder of them; no key is named so. */
export const ASIDE = ".aside";

const NAME = /^\d{8}T\d{6}Z-[0-9a-z]{8}-[0-9a-z]{1,11}$/;

/**
 * Moves the entry of a folder aside, damaged or not. Gives where to; `undefined` when there is none. The
 * record goes first, which is the end of the entry. What living writers are at stays where it is.
 */
export function moveAside(root: LocalRoot, folder: string): string | undefined {
  const place = folder.slice(root.dir.length + SEPARATOR.length);
  if (!look(folder)?.isDirectory || !look(folder + SEPARATOR + RECORD)?.isFile) {
    root.check();
    return undefined;
  }
  const names = ownNames(root, folder);
  const outer = root.dir + SEPARATOR + ASIDE;
  const time = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const inner = `${outer}${SEPARATOR}${time}-${root.nextGeneration()}`;
  const target = inner + SEPARATOR + place;
  try {
    for (const path of [outer, inner, target]) makePlainFolder(path);
    Deno.renameSync(folder + SEPARATOR + RECORD, target + SEPARATOR + RECORD);
  } catch (error) {
    for (const path of [target, inner, outer]) tryRemoveFolder(path);
    if (isAbsence(error)) return undefined;
    throw error;
  }
  for (const name of names) tryMove(folder + SEPARATOR + name, target + SEPARATOR + name);
  // Fails, as it should, where a writer is at something in it.
  tryRemoveFolder(folder);
  return target;
}

/** Gives the paths of what lies aside: entries, and what no storage of this kind makes. */
export function findAside(
  dir: string,
): readonly { readonly path: string; readonly isEntry: boolean }[] {
  const outer = dir + SEPARATOR + ASIDE;
  return Array.from(Deno.readDirSync(outer), ({ name, isDirectory }) => ({
    path: outer + SEPARATOR + name,
    isEntry: isDirectory && NAME.test(name),
  }));
}

/** Names what goes with the record: the files of its entry; where that cannot be told, all of the dead. */
function ownNames(root: LocalRoot, folder: string): string[] {
  const { generation, generations } = contentOf(folder);
  const files = generation === undefined ? undefined : generations.get(generation)?.files;
  return files ? [...files] : [...generations.values()].flatMap(({ name, files }) => {
    const isOpen = root.hasDraft(name);
    const isOver = isOpen === undefined ? lifeOf(root.dir, writerOf(name)) === "dead" : !isOpen;
    return isOver ? files : [];
  });
}

function tryMove(from: string, to: string): void {
  try {
    Deno.renameSync(from, to);
  } catch {
    // It is left over where it is.
  }
}
