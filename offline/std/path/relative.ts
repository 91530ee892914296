import { platform } from "./_platform.ts";

/** The way that leads from one path to the other. */
export function relative(from: string, to: string): string {
  return platform.relative(from, to);
}
