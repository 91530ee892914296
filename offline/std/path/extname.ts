import { platform, toPath } from "./_platform.ts";

/** The extension of a path with its dot, or an empty string. */
export function extname(path: string | URL): string {
  return platform.extname(toPath(path));
}
