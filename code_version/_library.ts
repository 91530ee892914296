const LIBRARY = "@labtech/lab";
const IS_LIBRARY = new RegExp(
  String
    .raw`^(?:(?:jsr|npm):/?|https://jsr\.io/)${LIBRARY}(?:[@/]|$)|^npm:/?@jsr/labtech__lab(?:[@/]|$)`,
);
// What stands beside the library's modules in its repository, and is no part of it.
const BESIDE = /^(?:bench|examples|tests|tools)\//;
const ROOT = new URL("..", import.meta.url).href;

/** Whether a URL is of this library. */
export function isLibrary(url: string): boolean {
  if (IS_LIBRARY.test(url)) return true;
  return url.startsWith(ROOT) && !BESIDE.test(url.slice(ROOT.length));
}
