/** Paths of POSIX, on strings alone: `node:path` would cost a program 8 ms at its start. */
import type { PathFunctions } from "./_platform.ts";

/** Resolves `.` and `..` and drops empty parts; what climbs above `/` is lost. */
function squeeze(parts: readonly string[], absolute: boolean): string[] {
  const kept: string[] = [];
  for (const part of parts) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!absolute) kept.push(part);
  }
  return kept;
}

function normalize(path: string): string {
  if (path === "") return ".";
  const absolute = path.startsWith("/");
  const body = squeeze(path.split("/"), absolute).join("/");
  const tail = body !== "" && path.endsWith("/") ? "/" : "";
  if (absolute) return `/${body}${tail}`;
  return body === "" ? (path.endsWith("/") ? "./" : ".") : body + tail;
}

function join(...paths: string[]): string {
  return normalize(paths.filter((path) => path !== "").join("/"));
}

function resolve(...paths: string[]): string {
  let whole = "";
  for (let i = paths.length - 1; i >= 0 && !whole.startsWith("/"); i--) {
    if (paths[i]) whole = `${paths[i]}/${whole}`;
  }
  if (!whole.startsWith("/")) whole = `${Deno.cwd()}/${whole}`;
  return `/${squeeze(whole.split("/"), true).join("/")}`;
}

function relative(from: string, to: string): string {
  const start = squeeze(resolve(from).split("/"), true);
  const end = squeeze(resolve(to).split("/"), true);
  let shared = 0;
  while (shared < start.length && start[shared] === end[shared]) shared++;
  const climb = new Array<string>(start.length - shared).fill("..");
  return [...climb, ...end.slice(shared)].join("/");
}

/** Cuts a path before its last part; trailing slashes belong to that part. */
function split(path: string): { directory: string; name: string } {
  const trimmed = path.replace(/\/+$/, "");
  const at = trimmed.lastIndexOf("/");
  return { directory: trimmed.slice(0, at + 1), name: trimmed.slice(at + 1) };
}

function dirname(path: string): string {
  const { directory } = split(path);
  if (directory === "") return path.startsWith("/") ? "/" : ".";
  return directory.replace(/\/+$/, "") || "/";
}

function basename(path: string, suffix: string): string {
  const { name } = split(path);
  if (name === "") return path.startsWith("/") ? "/" : "";
  return suffix !== name && name.endsWith(suffix)
    ? name.slice(0, -suffix.length || undefined)
    : name;
}

function extname(path: string): string {
  const { name } = split(path);
  const dot = name.lastIndexOf(".");
  return dot <= 0 || name === ".." ? "" : name.slice(dot);
}

function toFileUrl(path: string): URL {
  if (!path.startsWith("/")) throw new TypeError(`Path must be absolute: received "${path}"`);
  const url = new URL("file:///");
  url.pathname = path.replace(/^\/+/, "/").replace(
    /[%\\\s]/g,
    (character) => character.charCodeAt(0) > 127 ? character : encodeURIComponent(character),
  );
  return url;
}

function fromFileUrl(url: URL): string {
  return decodeURIComponent(url.pathname.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
}

/** The functions for POSIX. */
export const posix: PathFunctions = {
  basename,
  dirname,
  extname,
  fromFileUrl,
  isAbsolute: (path) => path.startsWith("/"),
  join,
  normalize,
  relative,
  resolve,
  toFileUrl,
};
