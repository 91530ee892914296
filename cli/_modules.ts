import { resolve } from "@std/path/resolve";
import { toFileUrl } from "@std/path/to-file-url";
import { ConfigError } from "../errors.ts";
import { LabError } from "../lab_error.ts";
import { importForTypes } from "../runners/_importing.ts";

const SPECIFIER = /^[a-z][a-z\d+.-]+:/i;

/** How modules to import are parsed and documented. */
export const modulesFlag = {
  kind: "parsed",
  parse: (input: string): string => input,
  optional: true,
  variadic: ",",
  placeholder: "module",
} as const;

/**
 * Imports a module that a person named: a path, or a specifier with a scheme (`jsr:`, `https:`, …).
 *
 * @throws {ConfigError} When it is not there, or fails while it is imported.
 */
export async function importModule(name: string): Promise<Record<string, unknown>> {
  const url = SPECIFIER.test(name) ? name : fileUrl(name);
  try {
    await importForTypes(url);
    return await import(url);
  } catch (cause) {
    throw new ConfigError([{ path: "", message: importProblem(name, cause) }], undefined, {
      cause,
    });
  }
}

/** Imports modules one after the other, for the task types and plugins that they define. */
export async function importModules(names: readonly string[]): Promise<void> {
  for (const name of names) await importModule(name);
}

function fileUrl(name: string): string {
  const path = resolve(name);
  let isFile = true;
  try {
    isFile = Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw mistake(
        `There is no module ${path}; name a file, or a specifier that begins with jsr:, npm: or https:`,
      );
    }
  }
  if (!isFile) throw mistake(`Expected the path of a module, got ${path}, which is no file`);
  return toFileUrl(path).href;
}

function importProblem(name: string, cause: unknown): string {
  if (cause instanceof LabError) {
    return `${name} runs a Lab as soon as it is imported; put that behind ` +
      `\`if (import.meta.main) { … }\``;
  }
  const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const hint = message.includes("not prefixed with / or ./ or ../") ||
      message.includes("not a dependency and not in import map")
    ? "\nStart lab in the folder of the project's deno.json, as a task of it, so that its imports hold"
    : "";
  return `${name} cannot be imported: ${message}${hint}`;
}

function mistake(message: string): ConfigError {
  return new ConfigError([{ path: "", message }]);
}
