import { LabError } from "../lab_error.ts";
import { reading } from "./_source_files.ts";

const WILD = /[*?]/;

/**
 * The files that patterns of `include` stand for, in alphabetical order, by their paths as the patterns have
 * them; each with its URL.
 *
 * @param module The module that the patterns are relative to.
 * @throws {LabError} When a pattern stands for no file.
 */
export function includedFiles(patterns: readonly string[], module: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const pattern of patterns) {
    const paths = WILD.test(pattern) ? matches(pattern, module) : [[pattern, pattern] as const];
    if (paths.length === 0) {
      throw new LabError(
        `include of a task type of ${module} has ${
          JSON.stringify(pattern)
        }, which stands for no file; it is ` +
          `relative to the module, and * and ? stand for parts of names, ** for any folders`,
      );
    }
    for (const [path, url] of paths) found.set(path, new URL(url, module).href);
  }
  return new Map([...found].sort(([a], [b]) => a < b ? -1 : 1));
}

/** Paths, each with what it is in a URL: of what is found, names may have any characters. */
function matches(pattern: string, module: string): (readonly [path: string, url: string])[] {
  const parts = pattern.split("/");
  const fixed = parts.slice(0, parts.findIndex((part) => WILD.test(part)));
  const start = fixed.map((part) => `${part}/`).join("");
  const rest = parts.slice(fixed.length);
  const wanted = new RegExp(`^${expression(rest)}$`);
  const isDeep = rest.includes("**");
  return filesIn(new URL(start || "./", module).href, isDeep ? Infinity : rest.length)
    .filter((path) => wanted.test(path))
    .map((path) => [start + path, start + path.split("/").map(encodeURIComponent).join("/")]);
}

function expression(parts: readonly string[]): string {
  return parts.map((part, i) => {
    const isLast = i === parts.length - 1;
    if (part === "**") return isLast ? ".+" : "(?:[^/]+/)*";
    const name = part.replace(/[.+^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*")
      .replaceAll("?", "[^/]");
    return isLast ? name : `${name}/`;
  }).join("");
}

/** The paths of files in a folder, and down to some levels. */
function filesIn(folder: string, levels: number): string[] {
  const entries = reading(folder, () => {
    try {
      return [...Deno.readDirSync(new URL(folder))];
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw error;
    }
  });
  return entries.flatMap(({ name, isFile, isDirectory, isSymlink }) => {
    if (isFile || isSymlink) return [name];
    if (!isDirectory || levels <= 1) return [];
    const within = new URL(`${encodeURIComponent(name)}/`, folder).href;
    return filesIn(within, levels - 1).map((path) => `${name}/${path}`);
  });
}
