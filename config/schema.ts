/**
 * What may stand in a configuration. These schemas check it; `schema.json` is made from them, and the
 * compiler holds the types to them.
 *
 * @module
 */

import * as v from "valibot";
import { isPlainObject } from "../describe.ts";
import type { PluginSpec } from "../plugin.ts";
import type { LogLevel } from "../progress/events.ts";

/** Stands for the value of an environment variable, wherever a string may stand: `{ "env": "NAME" }`. */
export interface VariableJson {
  /** The name of the variable. */
  readonly env: string;
}

/** How a run is shown, in a configuration. */
export interface ProgressJson {
  /** Whether progress is shown. @default {on a terminal} */
  readonly enabled?: boolean;
  /** The width to draw for, in characters. @default {that of the terminal} */
  readonly columns?: number;
  /** The least time between two drawings, in ms; at least 100. @default {100} */
  readonly refresh?: number;
  /** Log lines that are less grave than this are left out. @default {"info"} */
  readonly logLevel?: LogLevel | VariableJson;
  /** Whether to use colours. @default {on a terminal} */
  readonly color?: boolean;
}

/** A file of keys, in a configuration. */
export interface KeyFileJson {
  /** Its path, relative to the configuration. */
  readonly file: string | VariableJson;
}

/** What entries are signed by, in a configuration; at least one of the two is given. */
export interface SigningJson {
  /** Where the private key to sign by is: it never stands in the configuration itself. */
  readonly key?: KeyFileJson | VariableJson;
  /** The public keys to trust beside one's own: `ed25519:` and Base64, or files with one a line. */
  readonly trust?: readonly (string | KeyFileJson | VariableJson)[];
}

/** The settings of a Lab, as they stand in JSON. */
export interface LabSettingsJson {
  /**
   * Where results lie: the path of a directory (relative to the file), a registered storage by name and
   * options, or `null` to keep nothing.
   */
  readonly storage?: string | PluginSpec | VariableJson | null;
  /** How results are formatted: a registered cache by name, or by name and options. */
  readonly cache?: string | PluginSpec | VariableJson;
  /** The code version of types that name none: `"auto"` has it follow their code. */
  readonly codeVersion?: "auto";
  /** What runs tasks: a registered runner by name, or by name and options. */
  readonly runner?: string | PluginSpec | VariableJson;
  /** How many tasks may run at once. */
  readonly maxWorkers?: number;
  /** Whether other tasks go on when one fails. */
  readonly continueOnFailure?: boolean;
  /** Which tasks are computed by one program at a time: all, none, or those that take their time. */
  readonly singleFlight?: boolean | "auto";
  /** Extra variables for tasks. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Whether progress is shown, or how. */
  readonly progress?: boolean | ProgressJson;
  /** A file that what happens in runs is added to, as JSON lines: its path, relative to the configuration. */
  readonly logs?: string | VariableJson;
  /** Whether runs leave records in the storage. */
  readonly records?: boolean;
  /** What entries are signed by, and whose are trusted. */
  readonly signing?: SigningJson;
  /** Modules that register caches, storages and runners: paths, or `jsr:`, `npm:` and `https:` specifiers. */
  readonly plugins?: readonly (string | VariableJson)[];
}

/** The configuration of a Lab, as it stands in JSON. */
export interface LabConfigJson extends LabSettingsJson {
  /** URL of the JSON Schema, for editors. */
  readonly $schema?: string;
  /** Named variants: the settings of each replace those of the base; its plugins come on top. */
  readonly labs?: Readonly<Record<string, LabSettingsJson>>;
}

/** `{ "env": "NAME" }`. */
export const variableSchema = v.pipe(
  v.strictObject({
    env: v.pipe(v.string(), v.nonEmpty("Expected a name"), v.description("Its name")),
  }),
  v.description("Stands for the value of an environment variable"),
);

const text = v.pipe(v.string(), v.nonEmpty("Expected a text that is not empty"));

/** What an object says in detail is checked against the options of the plugin that it names. */
export const specSchema = v.custom<PluginSpec | VariableJson>(isPlainObject);

/** Where results lie. */
export const storageSchema = v.union(
  [text, specSchema, v.null()],
  'Expected the path of a directory, { "type": name, …options } or null',
);
/** How results are formatted. */
export const cacheSchema = v.union(
  [text, specSchema],
  'Expected a name or { "type": name, …options }',
);
/** What runs tasks. */
export const runnerSchema = v.union(
  [text, specSchema],
  'Expected a name or { "type": name, …options }',
);

const flag = v.boolean("Expected true or false");

const whole = (least: number) =>
  v.pipe(
    v.number(`Expected a whole number from ${least}`),
    v.integer(`Expected a whole number from ${least}`),
    v.minValue(least, `Expected a whole number from ${least}`),
  );

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** How a run is shown. */
export const progressSchema = v.strictObject({
  enabled: v.optional(
    v.pipe(flag, v.description("Whether progress is shown; if left out, on a terminal")),
  ),
  columns: v.optional(
    v.pipe(
      whole(1),
      v.description("The width to draw for, in characters; the terminal's if left out"),
    ),
  ),
  refresh: v.optional(
    v.pipe(whole(100), v.description("The least time between two drawings on a terminal, in ms")),
  ),
  logLevel: v.optional(
    v.pipe(
      v.union([v.picklist(LEVELS), variableSchema], `Expected one of "${LEVELS.join('", "')}"`),
      v.description("Log lines that are less grave than this are left out"),
    ),
  ),
  color: v.optional(
    v.pipe(
      flag,
      v.description("Whether to use colours; if left out, on a terminal without NO_COLOR"),
    ),
  ),
});

/** A file of keys. */
export const keyFileSchema = v.strictObject({
  file: v.pipe(
    v.union([text, variableSchema]),
    v.description("Its path, relative to this file"),
  ),
});

// What is wrong is said by a check of its own (signingMistakes), which shows nothing that may be a secret.
/** What entries are signed by. */
export const signingSchema = v.strictObject({
  key: v.optional(
    v.pipe(
      v.union([keyFileSchema, variableSchema]),
      v.description(
        "The private key to sign by (PEM): its file, or the variable that holds it; if left out, only " +
          "trusted entries are read, and nothing is computed that would have to be kept",
      ),
    ),
  ),
  trust: v.optional(
    v.pipe(
      v.array(
        v.union([v.pipe(v.string(), v.regex(/^ed25519:/)), keyFileSchema, variableSchema]),
      ),
      v.description(
        'Public keys to trust beside one\'s own: "ed25519:…", or files and variables with one a line',
      ),
    ),
  ),
});

const settings = {
  storage: v.optional(
    v.pipe(
      storageSchema,
      v.description(
        "Where results lie: the path of a directory (relative to this file), a storage, or null to " +
          "keep nothing",
      ),
    ),
  ),
  cache: v.optional(
    v.pipe(
      cacheSchema,
      v.description(
        'How results are formatted where a task type says nothing; "structured" if left out',
      ),
    ),
  ),
  codeVersion: v.optional(
    v.pipe(
      v.literal("auto", 'Expected "auto"'),
      v.description(
        'The code version of types that name none: "auto" has it follow the code that their tasks can ' +
          "reach; none if left out",
      ),
    ),
  ),
  runner: v.optional(
    v.pipe(
      runnerSchema,
      v.description('What runs tasks; if left out, "workers", or "async" when maxWorkers is 1'),
    ),
  ),
  maxWorkers: v.optional(
    v.pipe(
      whole(1),
      v.description("How many tasks may run at once; the number of processors if left out"),
    ),
  ),
  continueOnFailure: v.optional(
    v.pipe(flag, v.description("Whether other tasks go on when one fails; true if left out")),
  ),
  singleFlight: v.optional(
    v.pipe(
      v.union([flag, v.picklist(["auto"])], 'Expected true, false or "auto"'),
      v.description(
        "Which tasks one program at a time computes of those that share the storage: all, none, or " +
          'those that take their time ("auto", if left out)',
      ),
    ),
  ),
  context: v.optional(
    v.pipe(
      v.record(v.string(), v.unknown(), "Expected an object"),
      v.description("Extra variables for tasks; never part of a key"),
    ),
  ),
  progress: v.optional(
    v.pipe(
      v.union([flag, progressSchema], "Expected true, false or { …options }"),
      v.description("Whether progress is shown, or how; if left out, on a terminal"),
    ),
  ),
  logs: v.optional(
    v.pipe(
      v.union([text, variableSchema], "Expected the path of a file"),
      v.description(
        "A file that what happens in runs is added to, as JSON lines; its path, relative to this file",
      ),
    ),
  ),
  records: v.optional(
    v.pipe(
      flag,
      v.description(
        "Whether each run in which a task ran or failed leaves a record in the storage; true if left out",
      ),
    ),
  ),
  signing: v.optional(
    v.pipe(
      signingSchema,
      v.description(
        "What entries are signed by, and whose are trusted; if left out, entries are not signed, and " +
          "all are believed",
      ),
    ),
  ),
  plugins: v.optional(
    v.pipe(
      v.array(
        v.union(
          [text, variableSchema],
          "Expected a path or specifier of a module",
        ),
        "Expected a list of modules",
      ),
      v.description(
        "Modules that register caches, storages and runners: paths (relative to this file), or " +
          "jsr:, npm: and https: specifiers",
      ),
    ),
  ),
};

/** The settings of a named lab. */
export const labSchema = v.strictObject(settings, "Expected an object");

/** A whole configuration. */
export const configSchema = v.strictObject({
  $schema: v.optional(
    v.pipe(
      v.string("Expected the URL of a JSON Schema"),
      v.description("URL of the JSON Schema, for editors"),
    ),
  ),
  ...settings,
  labs: v.optional(
    v.pipe(
      v.record(v.string(), labSchema, "Expected an object of named labs"),
      v.description(
        "Named variants: the settings of each replace those of the base; its plugins come on top",
      ),
    ),
  ),
});

// Fails to compile when the types say something else than the schemas.
type Plain<T> = T extends readonly (infer E)[] ? Plain<E>[]
  : T extends object ? { -readonly [K in keyof T]-?: Plain<T[K]> }
  : T;
type Same<A, B> = [Plain<A>] extends [Plain<B>] ? [Plain<B>] extends [Plain<A>] ? true : false
  : false;
const _same: [
  Same<LabConfigJson, v.InferInput<typeof configSchema>>,
  Same<LabSettingsJson, v.InferInput<typeof labSchema>>,
  Same<ProgressJson, v.InferInput<typeof progressSchema>>,
  Same<SigningJson, v.InferInput<typeof signingSchema>>,
] = [true, true, true, true];
