import { platform, toPath } from "./_platform.ts";

/** A path without its last part. */
export function dirname(path: string | URL): string {
  return platform.dirname(toPath(path));
}
