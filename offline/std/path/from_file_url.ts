import { platform, requireFileUrl } from "./_platform.ts";

/**
 * The path that a `file:` URL stands for.
 *
 * @throws {TypeError} If the URL is no `file:` URL.
 */
export function fromFileUrl(url: URL | string): string {
  return platform.fromFileUrl(requireFileUrl(new URL(url)));
}
