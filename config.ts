/**
 * From JSON to what a Lab works with, with all mistakes at once. `docs/configuration.md` describes the
 * format.
 *
 * @module
 */

import { fromFileUrl } from "@std/path/from-file-url";
import "./builtins.ts";
import { type Findings, type MadeSettings, Maker } from "./config/maker.ts";
import { importPlugins, type PluginEntry } from "./config/plugins.ts";
import type { LabConfigJson } from "./config/schema.ts";
import {
  checkStructure,
  isBeneath,
  isSound,
  ROOT,
  type Setting,
  type Settings,
  settingsOf,
} from "./config/settings.ts";
import { type ConfigSource, readSource } from "./config/source.ts";
import { showPath } from "./describe.ts";
import { variablesIn, withVariables } from "./environment_variables.ts";
import { ConfigError, type ConfigMistake } from "./errors.ts";
import { pluginEnv } from "./plugin_env.ts";

export type {
  KeyFileJson,
  LabConfigJson,
  LabSettingsJson,
  ProgressJson,
  SigningJson,
  VariableJson,
} from "./config/schema.ts";
export type { MadeSettings };

/** Options of {@linkcode loadConfig}. */
export interface LoadConfigOptions {
  /** The named lab, whose settings replace those of the base. @default {the base alone} */
  readonly lab?: string;
  /** Aborts the loading. */
  readonly signal?: AbortSignal;
}

/** What a configuration says, and what it rests on. Settings that are left out are `undefined`. */
export interface LabConfig extends MadeSettings {
  /** The plugin modules, by absolute URL or by specifier; they are imported. */
  readonly plugins: readonly string[];
  /** The names of the environment variables that the settings refer to. */
  readonly variables: readonly string[];
  /** The folder that its paths are relative to. */
  readonly folder: string;
  /** Where the configuration comes from: the absolute path of the file, a `data:` URL, or words. */
  readonly source: string;
  /** What reading it again needs; for plugins, only what the modules themselves need, not their imports. */
  readonly permissions: Deno.PermissionOptionsObject;
}

/**
 * Loads the configuration of a Lab: imports its plugins, and makes its storage, cache and runner.
 *
 * @param source The path or `file:` or `data:` URL of a JSON or JSONC file, or an object. Where there is a
 *   key `labtech` (and in a `deno.json` there must be), its value is the configuration.
 * @throws {ConfigError} Lists all mistakes at once, each with its path. Whatever was made is disposed.
 */
export async function loadConfig(
  source: string | URL | LabConfigJson | object,
  options: LoadConfigOptions = {},
): Promise<LabConfig> {
  const { lab, signal } = options;
  const config = await readSource(source, signal);
  const { value, file, folder, name } = config;
  const findings: Findings = { mistakes: [], causes: [] };
  checkStructure(value, findings.mistakes);
  const settings = settingsOf(value, lab, findings.mistakes);
  const entries = pluginEntries(settings.plugins, findings.mistakes);
  const plugins = await importPlugins(entries, { folder, signal, ...findings });
  const env = pluginEnv(folder);
  await using made = new AsyncDisposableStack();
  const settled = new Maker(settings.byKey, env, made, findings).make();
  if (findings.mistakes.length > 0) {
    await made.disposeAsync().catch((error) => findings.causes.push(error));
    throw configError(findings, config);
  }
  made.move();
  const variables = variablesOf(settings);
  const permissions = permissionsOf(file, plugins, variables);
  return { ...settled, plugins, variables, folder, source: file ?? name, permissions };
}

function pluginEntries(
  settings: readonly Setting[],
  mistakes: ConfigMistake[],
): readonly PluginEntry[] {
  return settings.flatMap(({ value, path }) => {
    if (!isSound(path, mistakes)) return [];
    const specifier = withVariables(value, path, mistakes);
    if (specifier === "") mistakes.push({ path, message: `Expected a path or specifier, got ""` });
    return typeof specifier === "string" && specifier !== "" ? [{ specifier, path }] : [];
  });
}

function variablesOf({ byKey, plugins }: Settings): string[] {
  // The context is an object in any case, so `{ "env": … }` in its place is one of its variables.
  const settings = [...byKey].map(([key, { value }]) =>
    key === "context" ? Object.values(value as object) : value
  );
  return [...new Set(variablesIn([settings, plugins.map(({ value }) => value)]))];
}

function permissionsOf(
  file: string | undefined,
  plugins: readonly string[],
  variables: readonly string[],
): Deno.PermissionOptionsObject {
  const files = plugins.filter((url) => url.startsWith("file:")).map((url) => fromFileUrl(url));
  const read = file === undefined ? files : [file, ...files];
  const hosts = plugins.filter((url) => /^https?:/.test(url)).map((url) => new URL(url))
    .map(({ host, port, protocol }) => port ? host : `${host}:${protocol === "https:" ? 443 : 80}`);
  return {
    ...(read.length > 0 && { read }),
    // Naming hosts takes away those that Deno allows by default.
    ...(hosts.length > 0 && { import: [...new Set([...hosts, "jsr.io:443"])] }),
    ...(variables.length > 0 && { env: [...variables] }),
  };
}

function configError({ mistakes, causes }: Findings, source: ConfigSource): ConfigError {
  const paths = pathsIn(source.value, ROOT, 4);
  const rank = ({ path }: ConfigMistake) => paths.findLastIndex((above) => isBeneath(path, above));
  const sorted = mistakes.map((mistake) => ({ mistake, rank: rank(mistake) }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ mistake: { path, message } }) => ({
      path: source.nested ? path : withoutRoot(path),
      message,
    }));
  const cause = causes.length > 1
    ? new AggregateError(causes, "More than one thing went wrong")
    : causes[0];
  return new ConfigError(
    sorted,
    source.file ?? (source.name.startsWith("data:") ? source.name : undefined),
    cause === undefined ? undefined : { cause },
  );
}

/** The paths of all that stands in a value down to some levels, in order. */
function pathsIn(value: unknown, path: string, levels: number): string[] {
  if (typeof value !== "object" || value === null || levels === 0) return [path];
  const array = Array.isArray(value);
  const entries = Object.entries(value);
  return [path].concat(
    entries.flatMap(([key, part]) =>
      pathsIn(part, showPath(path, [array ? Number(key) : key]), levels - 1)
    ),
  );
}

function withoutRoot(path: string): string {
  return path.slice(ROOT.length).replace(/^\./, "");
}
