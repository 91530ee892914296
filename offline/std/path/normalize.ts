import { platform, toPath } from "./_platform.ts";

/** A path without `.`, `..` and doubled separators as far as that can be. */
export function normalize(path: string | URL): string {
  return platform.normalize(toPath(path));
}
