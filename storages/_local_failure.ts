import { StorageError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";

/**
 * Gives what a failed file call means to the user of a storage directory: the path, what happened and
 * what to do. What is no error of the file system comes back as it is.
 */
export function failure(dir: string, doing: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof StorageError) return error;
  if (error instanceof Deno.errors.NotCapable) {
    const text = `Cannot ${doing}: the program may not use the storage directory "${dir}"; ` +
      `run with ${flagsFor(dir).join(" ")}`;
    return new StorageError(text, { cause: error });
  }
  const code = (error as { code?: unknown }).code;
  if (typeof code !== "string") return error;
  const text = `Cannot ${doing} in the storage directory "${dir}": ${error.message}`;
  const remedy = remedyOf(code);
  return new StorageError(remedy ? `${text}; ${remedy}` : text, { cause: error });
}

/** Gives the flags that a program needs to use a directory, quoted where a shell asks for it. */
export function flagsFor(dir: string): string[] {
  return permissionFlags({ read: [dir], write: [dir] })
    .map((flag) => /^[\w./\\:,=~-]*$/.test(flag) ? flag : `"${flag}"`);
}

function remedyOf(code: string): string | undefined {
  if (code === "EACCES" || code === "EPERM" || code === "EROFS") {
    return "make it readable and writable, or choose another directory";
  }
  if (code === "ENOSPC" || code === "EDQUOT") return "free some space, or choose another directory";
  return undefined;
}
