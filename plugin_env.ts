import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import type { PluginEnv } from "./plugin.ts";

/** Where a plugin is made whose path options are relative to a folder. */
export function pluginEnv(folder: string): PluginEnv {
  return {
    folder,
    path: (path) => path.startsWith("file:") ? fromFileUrl(path) : resolve(folder, path),
  };
}
