import { fromFileUrl } from "@std/path/from-file-url";
import { localModules } from "../runners/_modules.ts";
import { definitionOf, type TaskTypeInfo } from "../task.ts";
import { configsAbove } from "./_jsx_configs.ts";
import { isLibrary } from "./_library.ts";
import { nearestLockfile } from "./_nearest_lockfile.ts";

/** What it takes to read the code of task types whose versions follow it. */
export function sourcePermissions(types: readonly TaskTypeInfo[]): Deno.PermissionOptionsObject {
  const modules = types.flatMap(({ module }) => module?.startsWith("file:") ? [module] : []);
  if (modules.length === 0) return {};
  const included = types.flatMap((type) => {
    const { include = [] } = definitionOf(type);
    return include.map((pattern) =>
      new URL(pattern.replace(/[^/]*[*?].*$/, "") || ".", type.module)
    );
  });
  const reached = [...localModules(modules, isLibrary)];
  const urls = [
    ...reached,
    ...reached.flatMap(configsAbove),
    ...included.map(String),
    ...modules.map(nearestLockfile),
  ];
  return { read: [...new Set(urls.map((url) => fromFileUrl(url)))].sort() };
}
