import {
  look,
  lookAgain,
  patiently,
  removeFile,
  removeWhole,
  sizeOf,
  tryRemoveFolder,
} from "./_local_files.ts";
import type { Call, Leftover } from "./storage.ts";

/** What is left over, as it was when it was looked at. */
export interface Found {
  readonly place: string;
  readonly kind: Leftover["kind"];
  /** The paths of the files or folders that go, in this order. */
  readonly paths: readonly string[];
  /** The folder that goes after them, if nothing else lies in it. */
  readonly folder?: string;
  /** Looks again; gives `undefined` where there is nothing to remove, or it has come to be of use. */
  again(): Found | undefined;
  /** Removes one of the paths. @default {as files} */
  remove?(path: string): void;
}

/** Gives what was found as it is shown to others. `failure` tells what an error of its removal means. */
export function leftoverOf(found: Found, failure: (error: unknown) => unknown): Leftover {
  const { place, kind, paths, folder = [] } = found;
  const infos = [...paths, folder].flat().map(look).filter((info) => info !== undefined);
  const times = infos.flatMap(({ mtime }) => mtime?.getTime() ?? []);
  return {
    ...{ place, kind },
    bytes: paths.reduce((sum, path) => sum + sizeOf(path), 0),
    since: times.length === 0 ? undefined : new Date(Math.max(...times)),
    async remove({ signal }: Call = {}) {
      signal?.throwIfAborted();
      try {
        return await patiently(() => lookAgain(() => remove(found)));
      } catch (error) {
        throw failure(error);
      }
    },
  };
}

function remove({ paths, folder, again }: Found): boolean {
  // Who was dead at the first look commits nothing after it, so that the second one sees the last.
  const found = again() && again();
  for (const path of found?.paths ?? []) (found!.remove ?? removeFile)(path);
  if (found?.folder !== undefined) tryRemoveFolder(found.folder);
  return (paths.length === 0 ? [folder!] : paths).every((path) => look(path) === undefined);
}

/** What goes with all that is in it, and the folder that it lies in with the last of them. */
export function whole(path: string, kind: "aside" | "foreign", folder?: string): Found {
  const remove = () => removeWhole(path);
  return {
    ...{ place: path, kind, paths: [path], folder },
    again: () => whole(path, kind, folder),
    remove,
  };
}
