import { platform } from "./_platform.ts";

/**
 * The `file:` URL of an absolute path.
 *
 * @throws {TypeError} If the path is relative.
 */
export function toFileUrl(path: string): URL {
  return platform.toFileUrl(path);
}
