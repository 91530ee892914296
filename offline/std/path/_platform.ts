import { posix } from "./_posix.ts";

/** What the functions of this package do once their arguments are strings and `URL`s. */
export interface PathFunctions {
  basename(path: string, suffix: string): string;
  dirname(path: string): string;
  extname(path: string): string;
  fromFileUrl(url: URL): string;
  isAbsolute(path: string): boolean;
  join(...paths: string[]): string;
  normalize(path: string): string;
  relative(from: string, to: string): string;
  resolve(...paths: string[]): string;
  toFileUrl(path: string): URL;
}

/** Whether paths are those of Windows. */
export const isWindows: boolean = Deno.build.os === "windows";

/** The functions for the system that runs this; only Windows loads more than strings need. */
export const platform: PathFunctions = isWindows ? (await import("./_windows.ts")).windows : posix;

/** The path that a `file:` URL stands for; a path stays as it is. */
export function toPath(path: string | URL): string {
  return path instanceof URL ? platform.fromFileUrl(requireFileUrl(path)) : path;
}

/** Refuses every URL that names no file. */
export function requireFileUrl(url: URL): URL {
  if (url.protocol === "file:") return url;
  throw new TypeError(`URL must be a file URL: received "${url.protocol}"`);
}
