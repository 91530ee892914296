/**
 * What a plugin is: a named way to make a cache, a storage or a runner from JSON options.
 *
 * @module
 */

/**
 * The part of the {@link https://standardschema.dev | Standard Schema} interface (version 1) that this
 * library uses. Schemas of valibot, zod, arktype and others have it.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  /** The properties that the standard defines. */
  readonly "~standard": {
    /** The version of the standard. */
    readonly version: 1;
    /** The library that made the schema, e.g. `"valibot"`. */
    readonly vendor: string;
    /** Checks a value, and gives the value to use in its place (with defaults filled in). */
    readonly validate: (
      value: unknown,
    ) => StandardResult<Output> | Promise<StandardResult<Output>>;
    /** The types of what goes in and what comes out; there at compile time only. */
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** What {@link StandardSchema} says of a value. */
export type StandardResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** One thing that is wrong with a value. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where in the value. */
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The name of a plugin and its options, as they stand in JSON: `{ "type": "local", "dir": "results" }`. */
export interface PluginSpec {
  /** The name under which the plugin is registered. */
  readonly type: string;
  /** The options of the plugin. */
  readonly [option: string]: unknown;
}

/** Where a plugin is made: what its options may be relative to. */
export interface PluginEnv {
  /** The folder of the configuration file, or the working directory. Absolute. */
  readonly folder: string;
  /**
   * Resolves a path option: relative ones against the folder of the configuration file, or, for
   * options given in code, against the working directory. The result is absolute.
   */
  path(path: string): string;
  /** Where the options stand in the configuration, e.g. `labtech.storage`: what mistakes are named by. */
  readonly at?: string;
}

/** A named way to make a `T` (a cache, a storage or a runner) from options. */
export interface Plugin<T, Options = unknown> {
  /** The name that configurations use: letters, digits, `_`, `-` and `.`. */
  readonly name: string;
  /** One line that says what it is for; shown by the command line and in `schema.json`. */
  readonly summary: string;
  /** Checks the options and fills in defaults. Must answer at once, not by a promise. */
  readonly options: StandardSchema<unknown, Options>;
  /**
   * The options that hold specs of things of the same kind, as a storage in front of another one has.
   * Where such an option is an object, it is checked like any other spec, so that all mistakes are told
   * at once; the plugin makes the thing itself, by the registry and with the `env` that it is given.
   *
   * @default {[]}
   */
  readonly parts?: readonly string[];
  /** Makes the thing. `options` are those that the schema gave back. */
  create(options: Options, env: PluginEnv): T;
  /**
   * URL of the module that registers this plugin (`import.meta.url`). With it, a worker makes an equal
   * thing of its own from the same options. Leave it out for what lives in one thread's memory only.
   */
  readonly module?: string;
}
