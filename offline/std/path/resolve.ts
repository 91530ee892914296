import { platform } from "./_platform.ts";

/** An absolute path; each part is seen from the ones before it, the first from the working directory. */
export function resolve(...pathSegments: string[]): string {
  return platform.resolve(...pathSegments);
}
