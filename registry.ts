/**
 * The plugin registries: caches, storages and runners by name, so that a Lab can be configured from JSON.
 *
 * @module
 */

import type { Cache } from "./caches/cache.ts";
import { describe, isPlainObject, showPath } from "./describe.ts";
import { ConfigError, type ConfigMistake } from "./errors.ts";
import { withVariables } from "./environment_variables.ts";
import { checkOptions } from "./options.ts";
import type { Plugin, PluginEnv, PluginSpec } from "./plugin.ts";
import { pluginEnv } from "./plugin_env.ts";
import type { Runner } from "./runners/runner.ts";
import type { Storage } from "./storages/storage.ts";
import { didYouMean, nearest } from "./suggest.ts";

export type { Cache, Runner, Storage };
export type * from "./plugin.ts";

/** Where a spec stands, for messages and for what its options are relative to. */
export interface SpecPlace {
  /** The path of the spec in its configuration, e.g. `labtech.storage`. @default {the kind of plugin} */
  readonly path?: string;
  /** What path options are relative to. @default {the working directory} */
  readonly env?: PluginEnv;
}

/** What something was made from. */
export interface Origin {
  /** The name of the plugin, and the options as they were given. */
  readonly spec: PluginSpec;
  /** The folder that path options are relative to. */
  readonly folder: string;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;

/** Plugins of one kind, by name. */
export class Registry<T> {
  /** What the plugins make: `"cache"`, `"storage"` or `"runner"`. */
  readonly kind: string;
  readonly #plugins = new Map<string, Plugin<T, unknown>>();
  readonly #origins = new WeakMap<object, Origin>();
  readonly #builtins = new WeakSet<object>();
  readonly #loadedFrom = new WeakMap<Plugin<T, unknown>, string>();

  /** Makes an empty registry; `kind` is the word for what it holds. */
  constructor(kind: string) {
    this.kind = kind;
  }

  /**
   * Adds a plugin.
   *
   * @returns What takes the plugin back when it is disposed.
   * @throws {ConfigError} When the name is malformed, or taken.
   *
   * @example
   * ```ts
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { storages } from "@labtech/lab/registry";
   * import * as v from "valibot";
   *
   * using _scratch = storages.register({
   *   name: "scratch",
   *   summary: "Small and gone at the end of the program",
   *   options: v.strictObject({}),
   *   create: () => new MemoryStorage({ maxBytes: 1_000_000 }),
   * });
   * await using storage = storages.create("scratch");
   * ```
   */
  register<Options>(plugin: Plugin<T, Options>): Disposable {
    const { name } = plugin;
    if (typeof name !== "string" || !NAME.test(name)) {
      throw new ConfigError([{
        path: "",
        message: `Expected the name of a ${this.kind} plugin to be 1 to 64 letters, digits, "_", ` +
          `"-" and ".", got ${describe(name)}`,
      }]);
    }
    if (this.#plugins.has(name)) {
      throw new ConfigError([{
        path: "",
        message: `A ${this.kind} named "${name}" is registered already; give the plugin another ` +
          `name, or dispose what registering the first one returned`,
      }]);
    }
    const added = plugin as Plugin<T, unknown>;
    this.#plugins.set(name, added);
    return {
      [Symbol.dispose]: () => {
        if (this.#plugins.get(name) === added) this.#plugins.delete(name);
      },
    };
  }

  /** The plugin of a name, if there is one. */
  get(name: string): Plugin<T, unknown> | undefined {
    return this.#plugins.get(name);
  }

  /** All names, in the order of registration. */
  names(): string[] {
    return [...this.#plugins.keys()];
  }

  /** All plugins, in the order of registration. */
  [Symbol.iterator](): IterableIterator<Plugin<T, unknown>> {
    return this.#plugins.values();
  }

  /**
   * Makes what a spec names: a registered name, or `{ type: name, ...options }`. `{ "env": "NAME" }`
   * anywhere in the options stands for the value of an environment variable.
   *
   * @throws {ConfigError} Lists all mistakes at once: an unknown name, unknown or wrong options, a
   *   variable that is not set.
   */
  create(spec: string | PluginSpec, where: SpecPlace = {}): T {
    const { path = this.kind, env = pluginEnv(Deno.cwd()) } = where;
    const mistakes: ConfigMistake[] = [];
    const checked = this.#check(spec, path, mistakes);
    if (checked === undefined || mistakes.length > 0) throw new ConfigError(mistakes);
    const { plugin, type, given, options } = checked;
    const made = plugin.create(options, { ...env, at: path });
    if (typeof made === "object" && made !== null && this.moduleOf(plugin) !== undefined) {
      this.#origins.set(made, { spec: { type, ...given }, folder: env.folder });
    }
    return made;
  }

  /** From what another thread can make an equal of what {@linkcode create} gave. */
  originOf(made: T): Origin | undefined {
    return this.#origins.get(made as object);
  }

  /** URL of the module that another thread imports to have the plugin. */
  moduleOf(plugin: Plugin<T, unknown>): string | undefined {
    return plugin.module ?? this.#loadedFrom.get(plugin);
  }

  /** Notes that a plugin is there in every thread that imports the library. */
  noteBuiltin<Options>(plugin: Plugin<T, Options>): void {
    this.#builtins.add(plugin);
  }

  /** Whether a plugin is the library's own. */
  isBuiltin(plugin: Plugin<T, unknown>): boolean {
    return this.#builtins.has(plugin);
  }

  /** Whether another thread can have a plugin: since it is the library's own, or its module is known. */
  isPortable(plugin: Plugin<T, unknown>): boolean {
    return this.#builtins.has(plugin) || this.moduleOf(plugin) !== undefined;
  }

  /** Notes that importing a module registered a plugin. */
  noteModule(plugin: Plugin<T, unknown>, module: string): void {
    this.#loadedFrom.set(plugin, module);
  }

  /** Checks a spec and those within it; adds all that is wrong to `mistakes`. */
  #check(spec: unknown, path: string, mistakes: ConfigMistake[]): CheckedSpec<T> | undefined {
    if (typeof spec !== "string" && !isSpec(spec)) {
      mistakes.push({ path, message: this.#noSpec(spec) });
      return undefined;
    }
    const { type, ...given } = typeof spec === "string" ? { type: spec } : spec;
    const plugin = this.#plugins.get(type);
    if (plugin === undefined) {
      mistakes.push({ path, message: this.#unknown(type) });
      return undefined;
    }
    const options = Object.fromEntries(
      Object.entries(given).map((
        [key, value],
      ) => [key, withVariables(value, showPath(path, [key]), mistakes)]),
    );
    const checked = checkOptions(plugin.options, options, path, mistakes);
    for (const part of plugin.parts ?? []) {
      if (isPlainObject(options[part])) {
        this.#check(options[part], showPath(path, [part]), mistakes);
      }
    }
    return { plugin, type, given, options: checked };
  }

  #noSpec(spec: unknown): string {
    return isPlainObject(spec)
      ? `Expected a "type" with one of the names ${this.#known()}, got ${describe(spec.type)}`
      : `Expected a name or { "type": name, …options }, got ${describe(spec)}`;
  }

  #unknown(name: string): string {
    const near = nearest(name, this.names());
    const others = this.names().filter((other) => other !== near);
    const known = [...(near === undefined ? [] : [near]), ...others].map((n) => `"${n}"`).join(
      ", ",
    );
    return `unknown ${this.kind} ${JSON.stringify(name)}${didYouMean(name, this.names())}${
      near === undefined ? ";" : ""
    } known are ${
      known || "none"
    }. To add one, import the module that registers it, or name that ` +
      `module under "plugins"`;
  }

  #known(): string {
    return this.names().map((name) => `"${name}"`).join(", ");
  }
}

/** A spec whose plugin is known. */
interface CheckedSpec<T> {
  readonly plugin: Plugin<T, unknown>;
  readonly type: string;
  readonly given: Readonly<Record<string, unknown>>;
  /** With defaults filled in. */
  readonly options: unknown;
}

function isSpec(value: unknown): value is PluginSpec {
  return isPlainObject(value) && typeof value.type === "string";
}

/** The caches: how results are formatted. */
export const caches: Registry<Cache> = new Registry<Cache>("cache");
/** The storages: where results lie. */
export const storages: Registry<Storage> = new Registry<Storage>("storage");
/** The runners: what runs tasks. */
export const runners: Registry<Runner> = new Registry<Runner>("runner");
