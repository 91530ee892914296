import { platform } from "./_platform.ts";

/** Whether a path starts at a root. */
export function isAbsolute(path: string): boolean {
  return platform.isAbsolute(path);
}
