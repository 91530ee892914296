import { relative } from "@std/path/relative";

const KINDS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;
type Kind = typeof KINDS[number];

/** Permissions that grant what each of several grants. */
export function union(
  all: readonly Deno.PermissionOptionsObject[],
): Deno.PermissionOptionsObject {
  const together: Deno.PermissionOptionsObject = {};
  for (const kind of KINDS) {
    const wanted = all.map((permissions) => permissions[kind] as boolean | (string | URL)[])
      .filter((value) => value !== undefined && value !== false);
    if (wanted.length === 0) continue;
    Object.assign(together, {
      [kind]: wanted.includes(true)
        ? true
        : [...new Set(wanted.flatMap((value) => value as (string | URL)[]).map(String))],
    });
  }
  return together;
}

/** Permissions as flags of `deno run`; paths below the working directory are given relative to it. */
export function permissionFlags(permissions: Deno.PermissionOptionsObject): string[] {
  return KINDS.flatMap((kind) => {
    const value = permissions[kind];
    if (value === undefined || value === false || value === "inherit") return [];
    if (value === true) return [`--allow-${kind}`];
    const items = (value as readonly (string | URL)[]).map((item) => shown(kind, String(item)));
    return items.length === 0 ? [] : [`--allow-${kind}=${items.join(",")}`];
  });
}

function shown(kind: Kind, item: string): string {
  const path = kind === "read" || kind === "write" ? nearPath(item) : item;
  return path.replaceAll(",", ",,"); // how Deno writes a comma within a path
}

function nearPath(path: string): string {
  const near = relative(Deno.cwd(), path);
  return near === "" ? "." : near.startsWith("..") ? path : near;
}
