import { platform, toPath } from "./_platform.ts";

/** The last part of a path, without `suffix` if it ends so. */
export function basename(path: string | URL, suffix = ""): string {
  return platform.basename(toPath(path), suffix);
}
