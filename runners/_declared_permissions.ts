import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import { RunnerError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import { definitionOf, type TaskTypeInfo } from "../task.ts";

const KINDS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;
type Kind = typeof KINDS[number];

/** What tasks of a type may touch; `undefined` where they may do what the program may. */
export function declaredPermissions(
  type: TaskTypeInfo,
): Deno.PermissionOptionsObject | undefined {
  const { permissions } = definitionOf(type);
  if (permissions === undefined || permissions === "inherit") return undefined;
  if (permissions === "none") return {};
  return Object.fromEntries(KINDS.flatMap((kind) => {
    const granted = permissions[kind];
    if (granted === undefined || granted === false) return [];
    if (granted === "inherit") return isUnbounded(kind) ? [[kind, true]] : [];
    return [[kind, granted === true ? true : granted.map((item) => textOf(kind, item))]];
  }));
}

/** Whether the program may do all there is of a kind. Its bounds, if it has any, cannot be seen from within. */
export function isUnbounded(name: Kind): boolean {
  const { state, partial } = Deno.permissions.querySync({ name } as Deno.PermissionDescriptor);
  return state === "granted" && !partial;
}

/** All kinds of permissions. */
export function permissionKinds(): readonly Kind[] {
  return KINDS;
}

/**
 * Refuses a type that declares what the program itself may not do.
 *
 * @throws {RunnerError} When it does; the message has the flag that is missing.
 */
export function refuseUnheld(type: TaskTypeInfo): void {
  const permissions = declaredPermissions(type) ?? {};
  for (const kind of KINDS) {
    const granted = permissions[kind] as true | readonly string[] | undefined;
    if (granted === undefined) continue;
    const items = granted === true ? [undefined] : granted;
    const unheld = items.find((item) => !isHeld(kind, item));
    if (granted === true ? isHeld(kind, undefined) : unheld === undefined) continue;
    const [flag] = permissionFlags({ [kind]: unheld === undefined ? true : [unheld] });
    throw new RunnerError(
      `The task type ${type.taskName} declares a permission that the program itself does not have; pass ` +
        `${flag}, or take it out of the type's permissions`,
    );
  }
}

const ITEMS: Readonly<Record<Kind, string>> = {
  read: "path",
  write: "path",
  net: "host",
  env: "variable",
  run: "command",
  sys: "kind",
  ffi: "path",
  import: "host",
};

function isHeld(name: Kind, item: string | undefined): boolean {
  const descriptor = item === undefined ? { name } : { name, [ITEMS[name]]: item };
  const { state } = Deno.permissions.querySync(descriptor as unknown as Deno.PermissionDescriptor);
  return state === "granted";
}

function textOf(kind: Kind, item: string | URL): string {
  const text = item instanceof URL && item.protocol === "file:" ? fromFileUrl(item) : String(item);
  return kind === "read" || kind === "write" ? resolve(text) : text;
}
