import { fromFileUrl } from "@std/path/from-file-url";

const COMMENTS = /^\s*\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm;
// Each part can be read in one way only, so that a search takes linear time.
const COMMENT = String.raw`//[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/`;
const GAP = String.raw`(?:\s|${COMMENT})*`;
const TEXT = String.raw`(?:"([^"\n]+)"|'([^'\n]+)')`;
// Names may be texts: `{ "a name" as name }`.
const NAME = String.raw`(?:"[^"\n]*"|'[^'\n]*')(?=\s+as\b)|(?<=\bas\s+)(?:"[^"\n]*"|'[^'\n]*')`;
// What stands before `from`: names, but no end of a statement, and no other import.
const CLAUSE = String.raw`(?:(?!\b(?:import|export)\b)[^;"'()/]|${COMMENT}|${NAME})*?`;
// `import … from "x"`, `export … from "x"`, `import "x"`.
const STATIC = new RegExp(
  String.raw`\b(?:import|export)\b(${CLAUSE})\bfrom${GAP}${TEXT}|\bimport${GAP}${TEXT}`,
  "g",
);
const DYNAMIC = new RegExp(
  String.raw`\bimport${GAP}\(${GAP}(?:${TEXT}|\x60([^\x60$\n]+)\x60)`,
  "g",
);
const TYPES = /^\s*type\s+[\w${*]/;
// Deno keeps packages in a cache that modules may always be read from.
const PACKAGE = /\/node_modules\/|\/npm\/[^/]+\/(?:@[^/]+\/)?[^/]+\/\d+\.\d+\.\d+[^/]*\//;

/** What storages load when they are first used, in a worker too. */
const OF_STORAGES = [
  "../storages/_sqlite_entries.ts",
  "../storages/_s3_entries.ts",
  "../storages/_redis_entries.ts",
  "../storages/_unstorage_entries.ts",
];

/**
 * The paths of all local modules that a worker reads: the library's own, and those of task types with what
 * they import, as far as their sources can be read. What the library loads only when it is needed is not
 * needed there.
 *
 * @param types URLs of the modules.
 * @param program What the worker runs.
 */
export function modulesOf(types: Iterable<string>, program = "./_worker.ts"): string[] {
  const found = new Set<string>();
  const library = [program, "../mod.ts", ...OF_STORAGES].map((module) =>
    import.meta.resolve(module)
  );
  follow(library, found, [STATIC]);
  follow(types, found, [STATIC, DYNAMIC]);
  return [...new Set([...found].map((url) => fromFileUrl(url)))].sort();
}

/** The URLs of some local modules and of all that they import, but for those that are left out. */
export function localModules(
  urls: Iterable<string>,
  isLeftOut: (url: string) => boolean,
): Set<string> {
  const found = new Set<string>();
  follow(urls, found, [STATIC, DYNAMIC], isLeftOut);
  return found;
}

function follow(
  urls: Iterable<string>,
  found: Set<string>,
  forms: readonly RegExp[],
  isLeftOut: (url: string) => boolean = () => false,
): void {
  const pending = [...urls];
  for (let url = pending.pop(); url !== undefined; url = pending.pop()) {
    if (!url.startsWith("file:") || found.has(url) || PACKAGE.test(url)) continue;
    if (isLeftOut(url)) continue;
    const source = sourceOf(url);
    if (source === undefined) continue;
    found.add(url);
    for (const specifier of specifiersIn(source, url, forms)) {
      const resolved = resolve(specifier, url);
      if (resolved !== undefined) pending.push(resolved);
    }
  }
}

/** What the source of a module imports, by what it looks like: more rather than less. */
export function importsIn(source: string): string[] {
  return matchesIn(source, [STATIC, DYNAMIC]);
}

function specifiersIn(source: string, url: string, forms: readonly RegExp[]): string[] {
  return /\.[cm]?[jt]sx?$/.test(new URL(url).pathname) ? matchesIn(source, forms) : [];
}

function matchesIn(source: string, forms: readonly RegExp[]): string[] {
  const code = source.replace(COMMENTS, "");
  return forms.flatMap((form) =>
    [...code.matchAll(form)].flatMap(([, ...parts]) => {
      const clause = form === STATIC ? parts.shift() ?? "" : "";
      // Types are gone before a module runs.
      return TYPES.test(clause) ? [] : [parts.find((part) => part !== undefined)!];
    })
  );
}

function sourceOf(url: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(url));
  } catch (error) {
    // Without permission to look, the module itself is all that is known to be needed.
    return error instanceof Deno.errors.NotCapable ? "" : undefined;
  }
}

function resolve(specifier: string, from: string): string | undefined {
  try {
    return /^\.{0,2}\//.test(specifier)
      ? new URL(specifier, from).href
      : import.meta.resolve(specifier);
  } catch {
    return undefined; // a package that is not mapped here
  }
}
