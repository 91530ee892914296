import { resolve } from "@std/path/resolve";
import { toFileUrl } from "@std/path/to-file-url";
import { isUrl, messageOf } from "./source.ts";
import { describe } from "../describe.ts";
import type { ConfigMistake } from "../errors.ts";
import { permissionFlags } from "../permissions.ts";
import { neutralize } from "../progress/neutralize.ts";
import { caches, type Registry, runners, storages } from "../registry.ts";

/** A plugin module, as a configuration names it. */
export interface PluginEntry {
  /** A path, or a `jsr:`, `npm:`, `https:`, `http:`, `file:` or `data:` specifier. */
  readonly specifier: string;
  /** Where it stands, e.g. `labtech.plugins[0]`. */
  readonly path: string;
}

/** What {@linkcode importPlugins} works with. */
export interface PluginImports {
  /** What relative paths are relative to. */
  readonly folder: string;
  /** Aborts between, or while waiting for, imports. */
  readonly signal: AbortSignal | undefined;
  /** Takes in what is wrong. */
  readonly mistakes: ConfigMistake[];
  /** Takes in the errors behind it. */
  readonly causes: unknown[];
}

const PROTOCOLS = ["jsr:", "npm:", "https:", "http:", "file:", "data:"];

/** Modules that registered something when they were imported: they do so once only. */
const registered = new Set<string>();

/** Imports plugin modules, one after the other; gives the URLs of those that registered something. */
export async function importPlugins(
  entries: readonly PluginEntry[],
  imports: PluginImports,
): Promise<string[]> {
  const urls = new Set<string>();
  for (const { specifier, path } of entries) {
    const mistake = (message: string) => imports.mistakes.push({ path, message });
    const url = urlOf(specifier, imports.folder);
    if (url === undefined) {
      mistake(
        `Expected a path, or a specifier that begins with ${
          PROTOCOLS.slice(0, -1).join(", ")
        } or ` +
          `data:, got ${describe(specifier)}`,
      );
    } else if (!urls.has(url)) {
      const message = await importPlugin(url, imports);
      if (message === undefined) urls.add(url);
      else mistake(message + packageHint(specifier));
    }
  }
  return [...urls];
}

function urlOf(specifier: string, folder: string): string | undefined {
  if (!isUrl(specifier)) return toFileUrl(resolve(folder, specifier)).href;
  const { href, protocol } = new URL(specifier);
  return PROTOCOLS.includes(protocol) ? href : undefined;
}

/** Imports one module; says what is wrong, if anything is. */
async function importPlugin(
  url: string,
  { signal, causes }: PluginImports,
): Promise<string | undefined> {
  const before = REGISTRIES.map((registry) => new Set<object>(registry));
  let module: object;
  try {
    module = await orAbort(import(url), signal);
  } catch (error) {
    signal?.throwIfAborted();
    causes.push(error);
    return importProblem(error);
  }
  const counts = REGISTRIES.map((registry, i) =>
    noteNew(registry as Registry<unknown>, before[i]!, url)
  );
  if (counts.some((count) => count > 0)) registered.add(url);
  if (registered.has(url) || isKnown(url, module)) return undefined;
  return "registered no cache, storage or runner; a plugin module calls register of one of them " +
    "when it is imported (if it did so before, give its plugins module: import.meta.url)";
}

const REGISTRIES = [caches, storages, runners] as const;

function noteNew(registry: Registry<unknown>, before: ReadonlySet<object>, url: string): number {
  const added = [...registry].filter((plugin) => !before.has(plugin));
  for (const plugin of added) {
    if (registry.moduleOf(plugin) === undefined) registry.noteModule(plugin, url);
  }
  return added.length;
}

/** Whether a module that was imported before, by whomever, registered a plugin then. */
function isKnown(url: string, module: object): boolean {
  const exported = new Set<unknown>(Object.values(module));
  const name = /^(?:jsr|npm):\/?((?:@[^/@]+\/)?[^/@]+)/.exec(url)?.[1];
  return REGISTRIES.some((registry) =>
    [...registry as Registry<unknown>].some((plugin) => {
      const from = (registry as Registry<unknown>).moduleOf(plugin);
      return exported.has(plugin) || from === url ||
        (name !== undefined && from?.includes(`/${name}/`));
    })
  );
}

function importProblem(error: unknown): string {
  const message = neutralize(messageOf(error)).replace(/\.$/, "");
  const denied = /^Requires (read|import|net) access to "([^"]+)"/.exec(message);
  if (denied === null) return `cannot be imported: ${message}`;
  const [, kind, what] = denied;
  const flags = permissionFlags({ [kind!]: [what] }).join(" ");
  return `cannot be imported for lack of a permission; run with ${flags}`;
}

function packageHint(specifier: string): string {
  return /^@[\w.-]+\/[\w.-]+(@[^/]*)?$/.test(specifier)
    ? `; to name a package, write "jsr:${specifier}" or "npm:${specifier}"`
    : "";
}

// An import cannot be stopped, but it need not be waited for.
function orAbort<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener("abort", abort, { once: true });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener("abort", abort));
}
