import { AUTO, isAutoVersion } from "./code_version/auto.ts";
import { describe, isPlainObject } from "./describe.ts";
import { TaskError } from "./errors.ts";
import type { PluginSpec, StandardSchema } from "./plugin.ts";
import { didYouMean } from "./suggest.ts";

/** Writes log lines, labelled with the task. */
export interface TaskLog {
  /** Detail for whoever looks for a fault. */
  debug(...values: unknown[]): void;
  /** What goes on. */
  info(...values: unknown[]): void;
  /** What may be wrong. */
  warn(...values: unknown[]): void;
  /** What is wrong. */
  error(...values: unknown[]): void;
}

/** When a result was computed, and how long that took. */
export interface ResultMeta {
  /** When `run` began. */
  readonly start: Date;
  /** How long `run` took, in ms. */
  readonly duration: number;
  /** How many attempts it took, where the first one failed. */
  readonly attempts?: number;
}

/** A cache in so far as a definition names one; every `Cache` is one. */
export interface CacheReference {
  /** The name of the cache. */
  readonly name: string;
  /** What the keys of its entries begin with. */
  readonly keyPrefix: string;
}

/** A cache by name, by name and options, or itself; `null` for none. */
export type CacheChoice = string | PluginSpec | CacheReference | null;

/** What `run` gets beside its params. `Self` is the type of the task. */
export interface TaskContext<Self = unknown> {
  /** Log lines, labelled with the task. */
  readonly log: TaskLog;
  /** The part of the Lab's context that the task gets. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Aborts when the run is to stop at once. */
  readonly signal: AbortSignal;
  /** The task itself. */
  readonly task: Self;
  /** A stable number from 0 to 2^32 - 1, derived from the id, to seed random generators with. */
  readonly seed: number;
}

/** How results that were computed with params of an earlier shape become those of the present one. */
export interface Migration {
  /** The code version that those results were computed with. @default {those without one} */
  readonly from?: string;
  /**
   * The code version that this leads to. Where it says another one than that of the next migration's
   * `from`, or at the end of the type, nothing is migrated: so results stay behind when the code's results
   * change.
   *
   * @default {whatever the version is}
   */
  readonly to?: string;
  /**
   * Gives the params that the task is made with now, from those that it was made with then; tasks nested in
   * them are migrated already. They come from a storage: what throws is passed over.
   */
  params(old: Readonly<Record<string, unknown>>): object;
}

/** What the library needs of a definition besides its `run`, in whatever types. */
export interface TaskOptions<Params> {
  /**
   * The identity of the task type: part of ids and keys, and kept when the file moves. 1 to 64
   * letters, digits, `_` and `-`.
   */
  readonly name: string;
  /** The cache for its results. @default {the Lab's} */
  readonly cache?: CacheChoice;
  /**
   * A cached result is only used where its version matches. `"auto"` has the version follow the code that
   * `run` can reach; see `docs/code_version.md`.
   *
   * @default {the Lab's, which is none unless it says "auto"}
   */
  readonly codeVersion?: string;
  /**
   * Files whose contents count as code, where `codeVersion` is `"auto"`: paths relative to the module, with
   * `*`, `?` and `**` as wildcards. @default {none}
   */
  readonly include?: readonly string[];
  /** How many tasks of this type may run at once. @default {no limit} */
  readonly maxParallel?: number;
  /**
   * Chooses the part of the Lab's context that a task gets. Write it after `run`, from which TypeScript
   * infers the type of `params`.
   *
   * @default {all of it}
   */
  readonly filterContext?: (
    context: Readonly<Record<string, unknown>>,
    params: NoInfer<Params>,
  ) => Record<string, unknown>;
  /**
   * How many more times a task is tried after it failed, for whatever reason. It waits for a random time
   * before: up to 1 s at first, up to twice as much each time, a minute at most.
   *
   * @default {0}
   */
  readonly retries?: number;
  /**
   * How long an attempt may take, in ms: then `ctx.signal` aborts, and the attempt fails. What goes on all
   * the same is stopped by the runner `processes`, whatever it does; `workers` gives the worker up that it
   * burns in; `async` and `serial` leave it alone, and cannot stop what never waits.
   *
   * @default {none}
   */
  readonly timeout?: number;
  /**
   * What `run` may touch, as Deno grants permissions: `{ read: ["data/"], net: ["example.com"] }`, `"none"`,
   * or `"inherit"`. Relative paths are relative to the working directory. What is not named is refused, and
   * what the program itself may not do cannot be named. Where it says anything but `"inherit"`, tasks have
   * no access to the storage: the Lab hands them what they need, and keeps what they give.
   *
   * Enforced by the runner `processes`. On `serial` and `async`, which are for debugging and waiting, tasks
   * may do what the program may, and a warning says so; `workers` refuses them.
   *
   * @default {"inherit"}
   */
  readonly permissions?: Deno.PermissionOptions;
  /** Options for the runner, by its name. Write it after `run`. @default {none} */
  readonly runnerOptions?: (params: NoInfer<Params>) => Record<string, Record<string, unknown>>;
  /**
   * How results of earlier code versions, with params of another shape, become results of tasks as they are
   * made now: one migration, or a chain of them, the earliest first. See `docs/migrate.md`.
   *
   * @default {none}
   */
  readonly migrate?: Migration | readonly Migration[];
  /** Names that the type had before; results under them are used. @default {none} */
  readonly formerly?: readonly string[];
}

/** What a task type is: its name, its work, and how results are kept. */
export interface TaskDefinition<Params, Result, Self> extends TaskOptions<Params> {
  /** The work. Its first parameter's type is the type of the params. */
  readonly run: (params: Params, ctx: TaskContext<Self>) => Result | Promise<Result>;
}

/** A definition whose params are validated, and defaulted, when a task is made. */
export interface ValidatedDefinition<Input, Params, Result, Self>
  extends TaskDefinition<Params, Result, Self> {
  /** A schema of valibot, zod, arktype or any library with the Standard Schema interface. */
  readonly params: StandardSchema<Input, Params>;
}

const FIELDS = new Set([
  "name",
  "run",
  "cache",
  "codeVersion",
  "include",
  "maxParallel",
  "filterContext",
  "runnerOptions",
  "retries",
  "timeout",
  "permissions",
  "params",
  "migrate",
  "formerly",
]);
const MIGRATION_FIELDS = new Set(["from", "to", "params"]);
const PERMISSIONS = new Set(["read", "write", "net", "env", "run", "sys", "ffi", "import"]);
const NAME = /^[A-Za-z0-9_-]{1,64}$/;

/** Refuses a malformed definition. */
export function checkDefinition(definition: unknown): void {
  if (!isPlainObject(definition)) {
    throw new TaskError(
      `Expected task(import.meta, { name, run, … }), got ${describe(definition)} as definition`,
    );
  }
  const { name, codeVersion, maxParallel, cache } = definition;
  if (typeof name !== "string" || !NAME.test(name)) {
    throw new TaskError(
      `Expected a task name of 1 to 64 letters, digits, "_" and "-", got ${describe(name)}`,
    );
  }
  const refuse = (field: string, expected: string) => {
    throw new TaskError(
      `Task type ${name}: expected ${field} to be ${expected}, got ${describe(definition[field])}`,
    );
  };
  for (const field of Object.keys(definition)) {
    if (!FIELDS.has(field)) {
      throw new TaskError(
        `Task type ${name}: unknown field "${field}"${didYouMean(field, FIELDS)}`,
      );
    }
  }
  if (typeof definition.run !== "function") refuse("run", "a function");
  if (codeVersion !== undefined && (typeof codeVersion !== "string" || codeVersion === "")) {
    refuse("codeVersion", "a string that is not empty");
  }
  if (isAutoVersion(codeVersion)) {
    refuse("codeVersion", `"auto" or a version that does not begin with "auto:"`);
  }
  checkInclude(name, definition);
  if (
    maxParallel !== undefined && !(Number.isSafeInteger(maxParallel) && Number(maxParallel) > 0)
  ) {
    refuse("maxParallel", "a whole number from 1");
  }
  const { retries, timeout } = definition;
  if (retries !== undefined && !(Number.isSafeInteger(retries) && Number(retries) >= 0)) {
    refuse("retries", "a whole number from 0");
  }
  if (timeout !== undefined && !(typeof timeout === "number" && timeout > 0 && timeout < 2 ** 31)) {
    refuse("timeout", "a number of ms above 0, less than 2 ** 31");
  }
  for (const field of ["filterContext", "runnerOptions"]) {
    const value = definition[field];
    if (value !== undefined && typeof value !== "function") refuse(field, "a function");
  }
  checkPermissions(name, definition.permissions);
  checkMigrations(name, codeVersion, definition.migrate);
  checkFormerNames(name, definition.formerly);
  if (!isCacheChoice(cache)) {
    refuse("cache", 'a name, { type: "…", …options }, a Cache or null');
  }
  const schema = definition.params;
  if (schema !== undefined && typeof Object(Object(schema)["~standard"]).validate !== "function") {
    refuse("params", "a Standard Schema (of zod, valibot, arktype, …)");
  }
}

function checkInclude(name: string, { include, codeVersion }: Record<string, unknown>): void {
  if (include === undefined) return;
  const isPath = (item: unknown) => typeof item === "string" && item !== "";
  if (!Array.isArray(include) || !include.every(isPath)) {
    throw new TaskError(
      `Task type ${name}: expected include to be a list of paths, as in ["data/*.csv"], got ` +
        describe(include),
    );
  }
  if (codeVersion !== AUTO) {
    throw new TaskError(
      `Task type ${name}: include lists files that count for codeVersion "auto", got ` +
        `${describe(codeVersion)} as codeVersion`,
    );
  }
}

function checkPermissions(name: string, permissions: unknown): void {
  if (permissions === undefined || permissions === "inherit" || permissions === "none") return;
  if (!isPlainObject(permissions)) {
    throw new TaskError(
      `Task type ${name}: expected permissions to be { read: ["data/"], … }, "none" or "inherit", got ` +
        describe(permissions),
    );
  }
  for (const [kind, granted] of Object.entries(permissions)) {
    if (!PERMISSIONS.has(kind)) {
      throw new TaskError(
        `Task type ${name}: unknown permission "${kind}"${didYouMean(kind, PERMISSIONS)}`,
      );
    }
    const isList = Array.isArray(granted) &&
      granted.every((item) => (typeof item === "string" && item !== "") || item instanceof URL);
    if (!isList && ![true, false, undefined, "inherit"].includes(granted as boolean)) {
      throw new TaskError(
        `Task type ${name}: expected permissions.${kind} to be a list, true, false or "inherit", got ` +
          describe(granted),
      );
    }
  }
}

function checkMigrations(name: string, codeVersion: unknown, migrate: unknown): void {
  if (migrate === undefined) return;
  const chain: readonly unknown[] = Array.isArray(migrate) ? migrate : [migrate];
  const refuse = (at: number, text: string) => {
    const where = Array.isArray(migrate) ? `migrate[${at}]` : "migrate";
    throw new TaskError(`Task type ${name}: ${where}${text}`);
  };
  const seen = new Set<unknown>();
  for (const [at, migration] of chain.entries()) {
    if (!isPlainObject(migration)) {
      refuse(at, ` is ${describe(migration)}; expected { from: "v1", params: (old) => ({ … }) }`);
      return;
    }
    for (const field of Object.keys(migration)) {
      if (MIGRATION_FIELDS.has(field)) continue;
      refuse(at, `: unknown field "${field}"${didYouMean(field, MIGRATION_FIELDS)}`);
    }
    const { from, to, params } = migration;
    if (typeof params !== "function") {
      refuse(at, `.params: expected a function, got ${describe(params)}`);
    }
    for (const [field, version] of Object.entries({ from, to })) {
      if (version === undefined || (typeof version === "string" && version !== "")) continue;
      refuse(at, `.${field}: expected a code version or undefined, got ${describe(version)}`);
    }
    const shown = from === undefined ? "none" : JSON.stringify(from);
    // Otherwise it would change params that have the present shape already.
    if (from === codeVersion) {
      refuse(at, `.from is the type's own code version (${shown}); give the type another one`);
    }
    if (seen.has(from)) refuse(at, `.from: another migration begins at ${shown} already`);
    seen.add(from);
  }
}

function checkFormerNames(name: string, formerly: unknown): void {
  if (formerly === undefined) return;
  const isList = Array.isArray(formerly) &&
    formerly.every((former) => typeof former === "string" && NAME.test(former));
  if (!isList) {
    const given = Array.isArray(formerly) ? JSON.stringify(formerly) : describe(formerly);
    throw new TaskError(
      `Task type ${name}: expected formerly to be a list of names of 1 to 64 letters, digits, "_" and ` +
        `"-", got ${given}`,
    );
  }
  if (formerly.includes(name)) {
    throw new TaskError(
      `Task type ${name}: formerly names the type itself; give its earlier names`,
    );
  }
}

function isCacheChoice(cache: unknown): boolean {
  if (cache === undefined || cache === null || typeof cache === "string") return true;
  const { type, name } = Object(cache);
  return typeof type === "string" || typeof name === "string";
}
