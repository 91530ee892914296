import * as v from "valibot";
import type { Cache } from "../caches/cache.ts";
import { setOwn, showPath } from "../describe.ts";
import { variable, withVariables } from "../environment_variables.ts";
import { ConfigError, type ConfigMistake } from "../errors.ts";
import { checkOptions } from "../options.ts";
import type { PluginEnv, PluginSpec } from "../plugin.ts";
import type { ProgressOptions } from "../progress/display.ts";
import { caches, type Registry, runners, storages } from "../registry.ts";
import type { Runner } from "../runners/runner.ts";
import type { KeyFile, KeyVariable, SigningOptions } from "../signing/options.ts";
import type { Storage } from "../storages/storage.ts";
import { progressSchema, type SigningJson, variableSchema } from "./schema.ts";
import { isSound, type Setting } from "./settings.ts";
import { messageOf } from "./source.ts";

/** What is wrong, collected. */
export interface Findings {
  /** Every mistake. */
  readonly mistakes: ConfigMistake[];
  /** The errors behind them. */
  readonly causes: unknown[];
}

/** What a configuration says, with storage, cache and runner made. */
export interface MadeSettings {
  /** Where results lie; `null` when nothing is kept. To be disposed by whoever loaded it. */
  readonly storage?: Storage | null;
  /** How results are formatted. */
  readonly cache?: Cache;
  /** The code version of types that name none. */
  readonly codeVersion?: "auto";
  /** What runs tasks. To be disposed by whoever loaded it. */
  readonly runner?: Runner;
  /** How many tasks may run at once. */
  readonly maxWorkers?: number;
  /** Whether other tasks go on when one fails. */
  readonly continueOnFailure?: boolean;
  /** Which tasks are computed by one program at a time: all, none, or those that take their time. */
  readonly singleFlight?: boolean | "auto";
  /** Extra variables for tasks. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Whether progress is shown, or how. */
  readonly progress?: boolean | ProgressOptions;
  /** The absolute path of the file that what happens in runs is added to. */
  readonly logs?: string;
  /** Whether runs leave records in the storage. */
  readonly records?: boolean;
  /** What entries are signed by, and whose are trusted; the keys are not read yet. */
  readonly signing?: SigningOptions;
}

/** Makes what the settings name. */
export class Maker {
  readonly #settings: ReadonlyMap<string, Setting>;
  readonly #env: PluginEnv;
  readonly #made: AsyncDisposableStack;
  readonly #findings: Findings;

  /** `made` takes what is to be disposed; `findings` what is wrong. */
  constructor(
    settings: ReadonlyMap<string, Setting>,
    env: PluginEnv,
    made: AsyncDisposableStack,
    findings: Findings,
  ) {
    this.#settings = settings;
    this.#env = env;
    this.#made = made;
    this.#findings = findings;
  }

  /** Makes all that can be made. */
  make(): MadeSettings {
    return {
      storage: this.#storage(),
      cache: this.#create(caches, "cache"),
      codeVersion: this.#plain("codeVersion"),
      runner: this.#create(runners, "runner"),
      maxWorkers: this.#plain("maxWorkers"),
      continueOnFailure: this.#plain("continueOnFailure"),
      singleFlight: this.#plain("singleFlight"),
      context: this.#context(),
      progress: this.#progress(),
      logs: this.#logs(),
      records: this.#plain("records"),
      signing: this.#signing(),
    };
  }

  #storage(): Storage | null | undefined {
    if (this.#sound("storage")?.value === null) return null;
    return this.#create(storages, "storage", (directory) => ({ type: "local", dir: directory }));
  }

  #create<T>(
    registry: Registry<T>,
    key: string,
    fromText: (text: string) => string | PluginSpec = (name) => name,
  ): T | undefined {
    const setting = this.#sound(key);
    if (setting === undefined) return undefined;
    const { path } = setting;
    const { mistakes, causes } = this.#findings;
    const value = v.is(variableSchema, setting.value)
      ? withVariables(setting.value, path, mistakes)
      : setting.value;
    if (value === "") mistakes.push({ path, message: `Expected a text that is not empty, got ""` });
    if (value === undefined || value === "") return undefined;
    try {
      const spec = typeof value === "string" ? fromText(value) : value as PluginSpec;
      const thing = registry.create(spec, { path, env: this.#env });
      this.#keep(thing);
      return thing;
    } catch (error) {
      if (error instanceof ConfigError && error.mistakes.length > 0) {
        mistakes.push(...error.mistakes);
      } else {
        mistakes.push({ path, message: `cannot be made: ${messageOf(error)}` });
        causes.push(error);
      }
      return undefined;
    }
  }

  #keep(thing: unknown): void {
    if (typeof thing !== "object" || thing === null) return;
    if (Symbol.asyncDispose in thing || Symbol.dispose in thing) {
      this.#made.use(thing as AsyncDisposable);
    }
  }

  #context(): Record<string, unknown> | undefined {
    const setting = this.#sound("context");
    if (setting === undefined) return undefined;
    const context: Record<string, unknown> = {};
    for (const [key, entry] of Object.entries(setting.value as object)) {
      const path = showPath(setting.path, [key]);
      setOwn(context, key, withVariables(entry, path, this.#findings.mistakes));
    }
    return context;
  }

  #progress(): boolean | ProgressOptions | undefined {
    const setting = this.#sound("progress");
    if (setting === undefined || typeof setting.value === "boolean") {
      return setting?.value as boolean | undefined;
    }
    const { mistakes } = this.#findings;
    const options = withVariables(setting.value, setting.path, mistakes);
    return checkOptions(progressSchema, options, setting.path, mistakes) as ProgressOptions;
  }

  #logs(): string | undefined {
    const setting = this.#sound("logs");
    if (setting === undefined) return undefined;
    const { mistakes } = this.#findings;
    const path = withVariables(setting.value, setting.path, mistakes);
    if (path === "") {
      mistakes.push({
        path: setting.path,
        message: `Expected a text that is not empty, got ""`,
      });
    }
    return typeof path === "string" && path !== "" ? this.#env.path(path) : undefined;
  }

  #signing(): SigningOptions | undefined {
    const setting = this.#sound("signing");
    if (setting === undefined) return undefined;
    const { key, trust } = setting.value as SigningJson;
    const at = (...steps: (string | number)[]) => showPath(setting.path, steps);
    return {
      ...(key && { key: this.#keyPlace(key, at("key")) }),
      ...(trust && { trust: trust.map((each, i) => this.#keyPlace(each, at("trust", i))) }),
    };
  }

  // Variables are looked up here, so that those that are not set are told of with all other mistakes;
  // what they hold is read, by their names, when the keys are needed.
  #keyPlace<T extends NonNullable<SigningJson["trust"]>[number]>(
    given: T,
    path: string,
  ): T extends string ? string : KeyFile | KeyVariable;
  #keyPlace(given: NonNullable<SigningJson["trust"]>[number], path: string): unknown {
    const { mistakes } = this.#findings;
    if (typeof given === "string") return given;
    if ("env" in given) {
      variable(given.env, path, mistakes);
      return given;
    }
    const file = withVariables(given.file, showPath(path, ["file"]), mistakes);
    return { file: typeof file === "string" ? this.#env.path(file) : "" };
  }

  #plain<T>(key: string): T | undefined {
    return this.#sound(key)?.value as T | undefined;
  }

  #sound(key: string): Setting | undefined {
    const setting = this.#settings.get(key);
    return setting && isSound(setting.path, this.#findings.mistakes) ? setting : undefined;
  }
}
