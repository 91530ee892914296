import { win32 } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PathFunctions } from "./_platform.ts";

/** The functions for Windows. */
export const windows: PathFunctions = {
  basename: (path, suffix) => win32.basename(path, suffix),
  dirname: win32.dirname,
  extname: win32.extname,
  fromFileUrl: (url) => fileURLToPath(url, { windows: true }),
  isAbsolute: win32.isAbsolute,
  join: win32.join,
  normalize: win32.normalize,
  relative: win32.relative,
  resolve: win32.resolve,
  toFileUrl(path) {
    if (win32.isAbsolute(path)) return pathToFileURL(path, { windows: true });
    throw new TypeError(`Path must be absolute: received "${path}"`);
  },
};
