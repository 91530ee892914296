import { platform, toPath } from "./_platform.ts";

/** Joins parts of a path and normalizes the whole. */
export function join(path: string | URL, ...paths: string[]): string {
  return platform.join(toPath(path), ...paths);
}
