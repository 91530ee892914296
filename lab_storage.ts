import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import type { PluginSpec } from "./plugin.ts";
import type { Storage } from "./storages/storage.ts";

const DEFAULT_DIRECTORY = "labtech_storage";

/** Gives the directory for results where nobody says one: beside the configuration, if there is one. */
export function defaultStorage(folder: string | undefined): string {
  const directory = folder === undefined ? DEFAULT_DIRECTORY : join(folder, DEFAULT_DIRECTORY);
  console.warn(
    `Results are kept in ${directory}; to silence this, say by the option "storage" where they are to ` +
      `lie, or null to keep none`,
  );
  return directory;
}

/** Has a path or URL stand for a directory. */
export function directorySpec(storage: string | URL | PluginSpec | Storage): PluginSpec | Storage {
  if (typeof storage === "string") return { type: "local", dir: storage };
  return storage instanceof URL ? { type: "local", dir: fromFileUrl(storage) } : storage;
}
