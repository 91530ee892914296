import type { ParseError } from "jsonc-parser";
import { basename } from "@std/path/basename";
import { dirname } from "@std/path/dirname";
import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import { describe, isPlainObject } from "../describe.ts";
import { ConfigError } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import { nearest } from "../suggest.ts";

/** A configuration, read but not checked yet. */
export interface ConfigSource {
  /** The configuration itself: the value of the key `labtech`, or the whole. */
  readonly value: Readonly<Record<string, unknown>>;
  /** Whether it is the value of the key `labtech`. */
  readonly nested: boolean;
  /** The absolute path of the file; `undefined` for data and objects. */
  readonly file: string | undefined;
  /** What relative paths are relative to: an absolute path. */
  readonly folder: string;
  /** Where it comes from, in words. */
  readonly name: string;
}

const KEY = "labtech";
const DENO_CONFIGS = new Set(["deno.json", "deno.jsonc"]);

/**
 * Reads a configuration.
 *
 * @throws {ConfigError} When it is missing, unreadable, not JSON, not an object, or has no `labtech` key
 *   where it needs one.
 */
export async function readSource(
  source: string | URL | object,
  signal: AbortSignal | undefined,
): Promise<ConfigSource> {
  signal?.throwIfAborted();
  const place = placeOf(source);
  if (place === undefined) return configIn(source, undefined, "the given object");
  if (typeof place === "string") {
    return configIn(await parse(await readFile(place, signal), place), place, place);
  }
  const name = place.href.length > 60 ? `${place.href.slice(0, 60)}…` : place.href;
  return configIn(await parse(await readData(place, name, signal), name), undefined, name);
}

/** The absolute path of a file, the URL of data, or nothing for an object. */
function placeOf(source: unknown): string | URL | undefined {
  if (typeof source === "string") {
    return isUrl(source) ? placeOf(new URL(source)) : resolve(source);
  }
  if (!(source instanceof URL)) {
    if (isPlainObject(source)) return undefined;
    throw problem(
      `Expected a configuration to be a path, a URL or an object, got ${describe(source)}`,
    );
  }
  if (source.protocol === "file:") return fromFileUrl(source);
  if (source.protocol === "data:") return source;
  throw problem(
    `Expected the URL of a configuration to begin with file: or data:, got ${
      describe(source.href)
    }; ` +
      `fetch what lies elsewhere, and give it as an object`,
  );
}

/** Whether a text is a URL; the drive of a Windows path has one letter. */
export function isUrl(text: string): boolean {
  return /^[a-z][a-z\d+.-]+:/i.test(text) && URL.canParse(text);
}

async function readFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await Deno.readTextFile(path, { signal });
  } catch (cause) {
    signal?.throwIfAborted();
    throw problem(readingProblem(path, cause), cause);
  }
}

function readingProblem(path: string, cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return `There is no configuration file ${path}`;
  if (cause instanceof Deno.errors.NotCapable) {
    const flags = permissionFlags({ read: [path] }).join(" ");
    return `No permission to read the configuration file ${path}; run with ${flags}`;
  }
  if (cause instanceof Deno.errors.IsADirectory) {
    return `Expected the path of a configuration file, got the directory ${path}; name the file in it`;
  }
  return `Cannot read the configuration file ${path}: ${messageOf(cause)}`;
}

async function readData(url: URL, name: string, signal: AbortSignal | undefined): Promise<string> {
  try {
    return await (await fetch(url, { signal })).text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw problem(`Cannot read the configuration ${name}: ${messageOf(cause)}`, cause);
  }
}

async function parse(text: string, name: string): Promise<unknown> {
  const json = text.replace(/^\uFEFF/, "");
  try {
    return JSON.parse(json);
  } catch {
    // It may have comments, or trailing commas.
  }
  const { getNodeValue, parseTree, printParseErrorCode } = await import("jsonc-parser");
  const errors: ParseError[] = [];
  let tree;
  try {
    tree = parseTree(json, errors, { allowTrailingComma: true });
  } catch (cause) {
    // The parser is recursive.
    throw problem(`${name} is nested too deep`, cause);
  }
  const [first] = errors;
  if (first === undefined && tree !== undefined) return getNodeValue(tree);
  const { offset = 0, length = 0 } = first ?? {};
  const before = json.slice(0, offset).split("\n");
  const what = first ? words(printParseErrorCode(first.error)) : "value expected";
  const got = length === 0 ? "" : `, got ${describe(json.slice(offset, offset + length))}`;
  throw problem(
    `${name} is not JSON: ${what} at line ${before.length}, column ${
      before.at(-1)!.length + 1
    }${got}`,
  );
}

/** `PropertyNameExpected` in words. */
function words(code: string): string {
  return code.replace(/(?<!^)[A-Z]/g, (letter) => ` ${letter}`).toLowerCase();
}

function configIn(whole: unknown, file: string | undefined, name: string): ConfigSource {
  if (!isPlainObject(whole)) {
    throw problem(`Expected the configuration to be an object, got ${describe(whole)} (${name})`);
  }
  const folder = file === undefined ? Deno.cwd() : dirname(file);
  if (!Object.hasOwn(whole, KEY)) {
    if (file !== undefined && DENO_CONFIGS.has(basename(file))) throw problem(noKey(whole, file));
    return { value: whole, nested: false, file, folder, name };
  }
  const value = whole[KEY];
  if (isPlainObject(value)) return { value, nested: true, file, folder, name };
  throw new ConfigError(
    [{ path: KEY, message: `Expected an object, got ${describe(value)}` }],
    name,
  );
}

function noKey(whole: Record<string, unknown>, file: string): string {
  const near = nearest(KEY, Object.keys(whole));
  const hint = near === undefined ? "" : ` (is "${near}" misspelt?)`;
  return `${file} has no key "${KEY}"${hint}; write the configuration there: "${KEY}": { … }`;
}

function problem(message: string, cause?: unknown): ConfigError {
  const options = cause === undefined ? undefined : { cause };
  return new ConfigError([{ path: "", message }], undefined, options);
}

/** What an error says. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
