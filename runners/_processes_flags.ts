import { fromFileUrl } from "@std/path/from-file-url";
import { variablesIn } from "../environment_variables.ts";
import { permissionFlags, union } from "../permissions.ts";
import { storages } from "../registry.ts";
import type { Storage } from "../storages/storage.ts";
import { findTaskType, type TaskTypeInfo, taskTypeNames } from "../task.ts";
import { declaredPermissions, isUnbounded, permissionKinds } from "./_declared_permissions.ts";
import { modulesOf } from "./_modules.ts";
import { likenessFlags } from "./_processes_config.ts";
import { graphOf } from "./_processes_graph.ts";

/** What children are to do. */
export interface Surroundings {
  /** The types whose tasks they run, as far as they are known. */
  readonly types: readonly TaskTypeInfo[];
  /** Where they save results. */
  readonly storage: Storage | null;
  /** URLs of the plugin modules that they import. */
  readonly plugins: readonly string[];
  /** How many MB tasks may take. */
  readonly memory?: number | undefined;
  /** The path of the configuration. */
  readonly config?: string | undefined;
}

/** How a child is started. */
export interface ChildPlan {
  /** The flags of `deno run`. */
  readonly flags: readonly string[];
  /** Whether its tasks may touch only what their type declares. */
  readonly isBounded: boolean;
}

const WORKER = "./_processes_worker.ts";

/** Finds out how the children for tasks of each type are started. */
export async function planChildren(
  { types, storage, plugins, memory, config }: Surroundings,
): Promise<(type: TaskTypeInfo) => ChildPlan> {
  // Tasks of any type of the program may be nested in the params.
  const known = new Set([...types, ...taskTypeNames().map((name) => findTaskType(name)!)]);
  const needsModules = !isUnbounded("read") ||
    [...known].some((type) => declaredPermissions(type) !== undefined);
  const modules = needsModules ? await localModules(known, plugins) : [];
  const like = likenessFlags({
    config,
    v8Flags: memory === undefined ? [] : [`--max-old-space-size=${memory}`],
  });
  const inherited = inheritedPermissions(storage);
  return (type) => {
    const declared = declaredPermissions(type);
    const read = known.has(type) ? modules : modulesOf(localUrls([type], plugins), WORKER);
    const permissions = declared === undefined && inherited === "all"
      ? ["--allow-all"]
      : permissionFlags(union([{ read }, declared ?? inherited as Deno.PermissionOptionsObject]));
    // What is bounded does not get out by importing, either.
    const bounds = declared === undefined || like.includes("--cached-only")
      ? []
      : ["--cached-only"];
    return {
      flags: ["--no-prompt", "--quiet", ...permissions, ...bounds, ...like],
      isBounded: declared !== undefined,
    };
  };
}

/** What the program may do without bounds; of the rest, what it takes to save results. */
function inheritedPermissions(storage: Storage | null): Deno.PermissionOptionsObject | "all" {
  const kinds = permissionKinds();
  const free = kinds.filter(isUnbounded);
  if (free.length === kinds.length) return "all";
  return union([storageNeeds(storage), Object.fromEntries(free.map((kind) => [kind, true]))]);
}

function storageNeeds(storage: Storage | null): Deno.PermissionOptionsObject {
  if (storage === null) return {};
  const variables = variablesIn(storages.originOf(storage)?.spec);
  return union([storage.permissions, variables.length > 0 ? { env: variables } : {}]);
}

async function localModules(
  types: Iterable<TaskTypeInfo>,
  plugins: readonly string[],
): Promise<string[]> {
  const urls = localUrls(types, plugins);
  const worker = import.meta.resolve(WORKER);
  return [worker, ...urls].every(isReadable)
    ? modulesOf(urls, WORKER)
    : await graphOf([worker, ...urls]);
}

function localUrls(types: Iterable<TaskTypeInfo>, plugins: readonly string[]): string[] {
  return [...new Set([...[...types].flatMap(({ module }) => module ?? []), ...plugins])];
}

function isReadable(url: string): boolean {
  if (!url.startsWith("file:")) return true;
  return Deno.permissions.querySync({ name: "read", path: fromFileUrl(url) }).state === "granted";
}
