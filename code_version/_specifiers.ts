import { isLibrary } from "./_library.ts";
import { keyOf, type Node, nodesIn, textOf } from "./_syntax.ts";

/** What a specifier leads to. */
export type Place =
  /** A file of the user's own. */
  | { readonly kind: "local"; readonly url: string }
  /** A package, or a module of the runtime: its specifier as the import map has it, or its URL. */
  | { readonly kind: "package"; readonly specifier: string }
  /** This library. */
  | { readonly kind: "library" }
  /** Nowhere: then it was imported for types alone. */
  | { readonly kind: "none" };

/** Finds out what specifiers lead to, as the program did when it imported them. */
export interface SpecifierOptions {
  /** The module of a task type. */
  readonly module: string;
  /** Its `import.meta.resolve`. */
  readonly resolve: (specifier: string) => string;
  /** The configuration of a folder, as a syntax tree, where there is one. `folder` ends with a slash. */
  readonly configOf: (folder: string) => Node | undefined;
  /** The `package.json` of a folder, in the same way. */
  readonly packageAt: (folder: string) => Node | undefined;
}

const IS_RELATIVE = /^\.{0,2}\//;
// The innermost folder of packages counts.
const INSTALLED = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//;
// As Deno keeps packages for all programs: by registry, name and version.
const IN_CACHE = /\/npm\/[^/]+\/((?:@[^/]+\/)?[^/]+)\/(\d+\.\d+\.\d+[^/]*)\//;
const HAS_SCHEME = /^[a-z][a-z\d+.-]+:/i;

/** What a specifier leads to from a module. */
export function placeOf(specifier: string, from: string, options: SpecifierOptions): Place {
  // A package that the program has loaded is resolved to its file in the cache of Deno.
  if (/^npm:/.test(specifier)) return { kind: "package", specifier };
  const url = resolved(specifier, from, options);
  if (url === undefined) return { kind: "none" };
  if (isLibrary(url)) return { kind: "library" };
  if (!url.startsWith("file:")) return { kind: "package", specifier: url };
  const installed = INSTALLED.exec(url);
  if (installed !== null) return installedPackage(installed, options);
  const cached = isBare(specifier) ? IN_CACHE.exec(url) : null;
  if (cached !== null) return cachedPackage(cached, specifier, from, options);
  return { kind: "local", url: url.replace(/[?#].*$/, "") };
}

function resolved(
  specifier: string,
  from: string,
  options: SpecifierOptions,
): string | undefined {
  const named = isBare(specifier);
  if (named) {
    const mapped = mappedByMember(specifier, from, options);
    if (mapped !== undefined) return mapped;
  }
  try {
    return options.resolve(named ? specifier : new URL(specifier, from).href);
  } catch {
    return undefined;
  }
}

function isBare(specifier: string): boolean {
  return !IS_RELATIVE.test(specifier) && !HAS_SCHEME.test(specifier);
}

/** A package in the cache of Deno: as the import map has it, which is found by whoever has not loaded it. */
function cachedPackage(
  [, name, version]: RegExpExecArray,
  specifier: string,
  from: string,
  { configOf }: SpecifierOptions,
): Place {
  for (let folder = new URL(".", from).href;; folder = new URL("..", folder).href) {
    const imports = configOf(folder);
    const target = imports && mapped(specifier, imports);
    if (target !== undefined) return { kind: "package", specifier: target };
    if (folder === new URL("..", folder).href) break;
  }
  const within = specifier.startsWith(`${name}/`) ? specifier.slice(name!.length) : "";
  return { kind: "package", specifier: `npm:${name}@${version}${within}` };
}

/** A package in `node_modules`, by the version that it says it has. */
function installedPackage([folder, name]: RegExpExecArray, options: SpecifierOptions): Place {
  const properties = nodesIn(options.packageAt(folder)?.properties);
  const version = textOf(properties.find((property) => keyOf(property) === "version")?.value);
  return { kind: "package", specifier: `npm:${name}@${version ?? "*"}` };
}

/**
 * Of another member of a workspace than the one that has the type, the import map holds within that member
 * alone, so it is looked up there: the nearest configuration above the module, below any folder of the type's.
 */
function mappedByMember(
  specifier: string,
  from: string,
  { module, configOf }: SpecifierOptions,
): string | undefined {
  let folder = new URL(".", from).href;
  while (!module.startsWith(folder)) {
    const imports = configOf(folder);
    const target = imports && mapped(specifier, imports);
    if (target !== undefined) {
      return IS_RELATIVE.test(target) ? new URL(target, folder).href : target;
    }
    const above = new URL("..", folder).href;
    if (above === folder) break;
    folder = above;
  }
}

/** By the exact name, or the longest beginning of it that ends with a slash; packages by their names. */
function mapped(specifier: string, config: Node): string | undefined {
  const imports = nodesIn(config.properties).find((property) => keyOf(property) === "imports");
  let best: { name: string; target: string } | undefined;
  for (const property of nodesIn((imports?.value as Node | undefined)?.properties)) {
    const [name, target] = [keyOf(property), textOf(property.value)];
    if (name === undefined || target === undefined) continue;
    if (name === specifier) return target;
    const beginning = name.endsWith("/") ? name : `${name}/`;
    const isPath = name.endsWith("/") || /^(?:npm|jsr):/.test(target);
    if (isPath && specifier.startsWith(beginning) && name.length > (best?.name.length ?? 0)) {
      best = { name: beginning, target: target.endsWith("/") ? target : `${target}/` };
    }
  }
  return best && best.target + specifier.slice(best.name.length);
}
