import { SEPARATOR } from "@std/path/constants";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { resolve } from "@std/path/resolve";

/** How {@linkcode copy} copies. */
export interface CopyOptions {
  /** Whether files that are there already are replaced. Default: false. */
  overwrite?: boolean;
  /** Whether copies bear the times of what they were copied from. Default: false. */
  preserveTimestamps?: boolean;
}

/**
 * Copies a file, a link or a whole directory; links stay links.
 *
 * @throws {Deno.errors.AlreadyExists} If something is at `dest` and `overwrite` is not set.
 * @throws {Error} If `dest` is `src` or lies in it, or a directory would replace a file.
 */
export function copy(
  src: string | URL,
  dest: string | URL,
  options: CopyOptions = {},
): Promise<void> {
  return Promise.try(() => copySync(src, dest, options));
}

/** {@linkcode copy}, at once. */
export function copySync(src: string | URL, dest: string | URL, options: CopyOptions = {}): void {
  const from = resolvePath(src);
  const to = resolvePath(dest);
  if (from === to) throw new Error("Source and destination cannot be the same");
  if (Deno.lstatSync(from).isDirectory && isInside(to, from)) {
    throw new Error(`Cannot copy '${from}' to a subdirectory of itself: '${to}'`);
  }
  copyEntry(from, to, options);
}

function resolvePath(path: string | URL): string {
  return resolve(path instanceof URL ? fromFileUrl(path) : path);
}

function isInside(path: string, directory: string): boolean {
  return path.startsWith(directory.endsWith(SEPARATOR) ? directory : directory + SEPARATOR);
}

function copyEntry(from: string, to: string, options: CopyOptions): void {
  const info = Deno.lstatSync(from);
  const replaced = lookAt(to);
  if (replaced && info.isDirectory && !replaced.isDirectory) {
    throw new Error(`Cannot overwrite non-directory '${to}' with directory '${from}'`);
  }
  if (replaced && !options.overwrite) {
    throw new Deno.errors.AlreadyExists(`'${to}' already exists.`);
  }
  if (info.isSymlink) copyLink(from, to);
  else if (info.isFile) Deno.copyFileSync(from, to);
  else if (info.isDirectory) copyContents(from, to, options);
  if (options.preserveTimestamps && info.atime && info.mtime) {
    Deno.utimeSync(to, info.atime, info.mtime);
  }
}

function lookAt(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function copyLink(from: string, to: string): void {
  const target = Deno.readLinkSync(from);
  if (Deno.build.os === "windows") Deno.symlinkSync(target, to, { type: "file" });
  else Deno.symlinkSync(target, to);
}

function copyContents(from: string, to: string, options: CopyOptions): void {
  Deno.mkdirSync(to, { recursive: true });
  for (const { name } of Deno.readDirSync(from)) {
    copyEntry(join(from, name), join(to, name), options);
  }
}
