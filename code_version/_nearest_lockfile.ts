import { fromFileUrl } from "@std/path/from-file-url";
import { toFileUrl } from "@std/path/to-file-url";

/**
 * The URL of the lockfile that holds for a module: the nearest `deno.lock` above it of those that may be looked
 * for; where there is none, the one that Deno would write in the working directory.
 */
export function nearestLockfile(module: string): string {
  for (let folder = new URL(".", module).href;;) {
    const file = `${folder}deno.lock`;
    const above = new URL("..", folder).href;
    if (isThere(file)) return file;
    if (above === folder) return toFileUrl(`${Deno.cwd()}/deno.lock`).href;
    folder = above;
  }
}

/** Whether there is a file that may be looked for. */
export function isThere(url: string): boolean {
  const path = fromFileUrl(url);
  if (Deno.permissions.querySync({ name: "read", path }).state !== "granted") return false;
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
