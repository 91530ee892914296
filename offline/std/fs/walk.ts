import { basename } from "@std/path/basename";
import { fromFileUrl } from "@std/path/from-file-url";
import { join } from "@std/path/join";
import { normalize } from "@std/path/normalize";

/** What {@linkcode walk} visits. */
export interface WalkOptions {
  /** How many levels below the root are visited. Default: all. */
  maxDepth?: number;
  /** Default: true. */
  includeFiles?: boolean;
  /** Default: true. */
  includeDirs?: boolean;
  /** Default: true. Links that are followed are no links. */
  includeSymlinks?: boolean;
  /** Whether what a link leads to is visited in its place. Default: false. */
  followSymlinks?: boolean;
  /** Whether a followed link yields the real path. Default: true. */
  canonicalize?: boolean;
  /** Endings, with or without their dot, of which a path must have one. */
  exts?: string[];
  /** Patterns of which a path must match one. */
  match?: RegExp[];
  /** Patterns that a path must not match; a directory that does is not entered. */
  skip?: RegExp[];
}

/** One thing that {@linkcode walk} came by. */
export interface WalkEntry extends Deno.DirEntry {
  /** Its path, relative if the root is. */
  path: string;
}

/** Yields a directory and all that lies in it, parents before children. */
export async function* walk(
  root: string | URL,
  options: WalkOptions = {},
): AsyncIterableIterator<WalkEntry> {
  const { maxDepth = Infinity } = options;
  if (maxDepth < 0) return;
  const path = root instanceof URL ? fromFileUrl(root) : root;
  if (isWanted(path, "isDirectory", options)) yield describeRoot(path, await Deno.stat(path));
  if (maxDepth < 1 || isSkipped(path, options)) return;
  for await (const entry of Deno.readDir(path)) {
    const found = locate(join(path, entry.name), entry, options);
    if (found.isDirectory) yield* walk(found.path, { ...options, maxDepth: maxDepth - 1 });
    else if (isWanted(found.path, found.isSymlink ? "isSymlink" : "isFile", options)) yield found;
  }
}

/** {@linkcode walk}, at once. */
export function* walkSync(
  root: string | URL,
  options: WalkOptions = {},
): IterableIterator<WalkEntry> {
  const { maxDepth = Infinity } = options;
  if (maxDepth < 0) return;
  const path = root instanceof URL ? fromFileUrl(root) : root;
  if (isWanted(path, "isDirectory", options)) yield describeRoot(path, Deno.statSync(path));
  if (maxDepth < 1 || isSkipped(path, options)) return;
  for (const entry of Deno.readDirSync(path)) {
    const found = locate(join(path, entry.name), entry, options);
    if (found.isDirectory) yield* walkSync(found.path, { ...options, maxDepth: maxDepth - 1 });
    else if (isWanted(found.path, found.isSymlink ? "isSymlink" : "isFile", options)) yield found;
  }
}

function describeRoot(root: string, info: Deno.FileInfo): WalkEntry {
  const path = normalize(root);
  const { isFile, isDirectory, isSymlink } = info;
  return { path, name: basename(path), isFile, isDirectory, isSymlink };
}

/** The entry itself, or what it leads to if it is a link to be followed. */
function locate(path: string, entry: Deno.DirEntry, options: WalkOptions): WalkEntry {
  if (!entry.isSymlink || !options.followSymlinks) return { path, ...entry };
  const real = Deno.realPathSync(path);
  const { isFile, isDirectory, isSymlink } = Deno.lstatSync(real);
  const { canonicalize = true } = options;
  return { path: canonicalize ? real : path, name: entry.name, isFile, isDirectory, isSymlink };
}

function isWanted(
  path: string,
  kind: "isFile" | "isDirectory" | "isSymlink",
  options: WalkOptions,
): boolean {
  const { includeFiles = true, includeDirs = true, includeSymlinks = true } = options;
  const included = { isFile: includeFiles, isDirectory: includeDirs, isSymlink: includeSymlinks };
  if (!included[kind]) return false;
  const { exts, match } = options;
  if (exts && !exts.some((ext) => path.endsWith(ext.startsWith(".") ? ext : `.${ext}`))) {
    return false;
  }
  if (match && !match.some((pattern) => path.match(pattern))) return false;
  return !isSkipped(path, options);
}

function isSkipped(path: string, { skip = [] }: WalkOptions): boolean {
  return skip.some((pattern) => path.match(pattern));
}
