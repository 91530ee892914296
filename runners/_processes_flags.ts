import { variablesIn } from "../environment_variables.ts";
import { permissionFlags, union } from "../permissions.ts";
import { storages } from "../registry.ts";
import type { Storage } from "../storages/storage.ts";
import { findTaskType, type TaskTypeInfo, taskTypeNames } from "../task.ts";
import { modulesOf } from "./_modules.ts";
import { likenessFlags } from "./_processes_config.ts";

/** What decides how a child is started. */
export interface ChildNeeds {
  /** The type whose tasks it runs. */
  readonly type: TaskTypeInfo;
  /** Where it saves results. */
  readonly storage: Storage | null;
  /** URLs of the plugin modules that it imports. */
  readonly plugins: readonly string[];
  /** How many MB tasks may take. */
  readonly memory?: number | undefined;
  /** The path of the configuration. */
  readonly config?: string | undefined;
}

const KINDS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;

/** The flags of `deno run` for a child. */
export function childFlags(needs: ChildNeeds): string[] {
  const { memory, config } = needs;
  return [
    "--no-prompt",
    "--quiet",
    ...inheritedFlags(needs),
    ...likenessFlags({
      config,
      v8Flags: memory === undefined ? [] : [`--max-old-space-size=${memory}`],
    }),
  ];
}

/** What the program may do without bounds; of the rest, what it takes to import modules and save results. */
function inheritedFlags(needs: ChildNeeds): string[] {
  const free = KINDS.filter(isUnbounded);
  if (free.length === KINDS.length) return ["--allow-all"];
  const permissions = Object.fromEntries(free.map((kind) => [kind, true]));
  const modules = free.includes("read") ? {} : { read: modulesFor(needs) };
  return permissionFlags(union([storageNeeds(needs.storage), modules, permissions]));
}

// Bounds of the program, say the folders that it may read, cannot be seen from within.
function isUnbounded(name: typeof KINDS[number]): boolean {
  const { state, partial } = Deno.permissions.querySync({ name } as Deno.PermissionDescriptor);
  return state === "granted" && !partial;
}

function storageNeeds(storage: Storage | null): Deno.PermissionOptionsObject {
  if (storage === null) return {};
  const variables = variablesIn(storages.originOf(storage)?.spec);
  return union([storage.permissions, variables.length > 0 ? { env: variables } : {}]);
}

// Tasks of any type of the program may be nested in the params.
function modulesFor({ type, plugins }: ChildNeeds): string[] {
  const types = [type, ...taskTypeNames().map((name) => findTaskType(name)!)];
  const modules = new Set([...types.flatMap(({ module }) => module ?? []), ...plugins]);
  return modulesOf(modules, "./_processes_worker.ts");
}
