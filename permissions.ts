import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { relative } from "@std/path/relative";

const KINDS = ["read", "write", "net", "env", "run", "sys", "ffi", "import"] as const;
type Kind = typeof KINDS[number];
type Grant = "inherit" | boolean | (string | URL)[] | undefined;

/** Permissions that grant what each of several grants. */
export function union(
  all: readonly Deno.PermissionOptionsObject[],
): Deno.PermissionOptionsObject {
  const together: Deno.PermissionOptionsObject = {};
  for (const kind of KINDS) {
    // What the program has by itself ("inherit") needs no grant.
    const wanted = all.map((permissions) => permissions[kind] as Grant)
      .filter((value) => value !== undefined && value !== false && value !== "inherit");
    if (wanted.length === 0) continue;
    Object.assign(together, {
      [kind]: wanted.includes(true)
        ? true
        : [...new Set(wanted.flatMap((value) => value as (string | URL)[]).map(textOf))],
    });
  }
  return together;
}

/**
 * Permissions as flags of `deno run`; paths below the working directory are given relative to it. Where a
 * path has a comma, which no flag can express, the folder above it is granted.
 */
export function permissionFlags(permissions: Deno.PermissionOptionsObject): string[] {
  return KINDS.flatMap((kind) => {
    const value = permissions[kind];
    if (value === undefined || value === false || value === "inherit") return [];
    if (value === true) return [`--allow-${kind}`];
    const items = (value as readonly (string | URL)[]).map((item) => shown(kind, textOf(item)));
    return items.length === 0 ? [] : [`--allow-${kind}=${items.join(",")}`];
  });
}

function textOf(item: string | URL): string {
  return item instanceof URL && item.protocol === "file:" ? fromFileUrl(item) : String(item);
}

function shown(kind: Kind, item: string): string {
  return kind === "read" || kind === "write" ? withoutComma(nearPath(item)) : item;
}

// Deno 2.9.6 splits flags at every comma, doubled or not, so the nearest folder that can be written has
// to be granted instead.
function withoutComma(path: string): string {
  let folder = path;
  while (folder.includes(",")) folder = dirname(folder);
  return folder;
}

function nearPath(path: string): string {
  const near = relative(Deno.cwd(), path);
  return near === "" ? "." : /^\.\.(?:$|[/\\])/.test(near) ? path : near;
}
