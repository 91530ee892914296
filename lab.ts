import "./builtins.ts";
import type { Cache } from "./caches/cache.ts";
import { signedCaches } from "./caches/signed.ts";
import { CodeKeeper } from "./code_version/keep_code.ts";
import { CodeVersions } from "./code_version/code_versions.ts";
import { sourcePermissions } from "./code_version/source_permissions.ts";
import type { Source, TaskCode } from "./code_version/task_code.ts";
import { describe, isPlainObject } from "./describe.ts";
import { variablesIn } from "./environment_variables.ts";
import { ConfigError, type ConfigMistake, TaskError } from "./errors.ts";
import { cachedTasks, passedOverText } from "./cached_tasks.ts";
import type { TypeVersion } from "./maintenance/outdated_versions.ts";
import { permissionFlags, union } from "./permissions.ts";
import type { AuditStorage } from "./provenance/_audit_storage.ts";
import type { AcceptOptions, AcceptReport } from "./provenance/accept_report.ts";
import type { AuditOptions, AuditReport } from "./provenance/audit_report.ts";
import { openDisplay, type ProgressOptions } from "./progress/display.ts";
import type { ProgressDisplay } from "./progress/events.ts";
import { routeConsole } from "./progress/route_console.ts";
import type { PluginSpec } from "./plugin.ts";
import type { Explanation } from "./provenance/explanation.ts";
import type { OutdatedEntries } from "./provenance/outdated.ts";
import type { PlanOptions, RunPlan } from "./provenance/run_plan.ts";
import { caches, type Registry, runners, storages } from "./registry.ts";
import type { TaskResults } from "./results.ts";
import { LabCaches, unsignable } from "./lab_caches.ts";
import { LabError } from "./lab_error.ts";
import {
  checkOptions,
  type FromConfigOptions,
  type LabOptions,
  logPath,
  type RunOptions,
} from "./lab_options.ts";
import { defaultStorage, directorySpec } from "./lab_storage.ts";
import { Run } from "./run.ts";
import { isImporting } from "./runners/_importing.ts";
import type { StoredRun } from "./runs/find_runs.ts";
import { recordRun } from "./runs/record_run.ts";
import type { Runner } from "./runners/runner.ts";
import { resultKey } from "./serialize.ts";
import type { EntrySigning } from "./signing/entry_signing.ts";
import type { KeyRing } from "./signing/key_ring.ts";
import { LabKeys } from "./signing/lab_keys.ts";
import { signingMistakes } from "./signing/options.ts";
import type { Call, Storage } from "./storages/storage.ts";
import {
  findTaskType,
  isTask,
  isTaskType,
  type ResultOf,
  type Task,
  type TaskTypeInfo,
  taskTypeNames,
} from "./task.ts";

export type { FromConfigOptions, LabOptions, RunOptions } from "./lab_options.ts";

// For so long, in ms, files are not looked at again, where nothing is run.
const FRESH = 1000;

/** What the command line takes over from a Lab. */
export interface LabParts {
  /** Variables for tasks. */
  readonly context: Readonly<Record<string, unknown>>;
  /** URLs of plugin modules. */
  readonly plugins: readonly string[];
  /** The files that versions which follow the code depend on. */
  readonly sources: readonly Source[];
  /** Which tasks are computed by one program at a time. */
  readonly singleFlight: boolean | "auto";
  /** The keys to sign and check entries by, if any; they are loaded. */
  readonly signing: KeyRing | undefined;
  /** How runs are shown, where that was said. */
  readonly progress: boolean | ProgressOptions | undefined;
}

let readParts: (lab: Lab, call: Call) => Promise<LabParts>;

/** What the command line takes over from a Lab. */
export function partsOf(lab: Lab, call: Call = {}): Promise<LabParts> {
  return readParts(lab, call);
}

/**
 * Runs tasks, and keeps their results.
 *
 * @example
 * ```ts
 * import { Lab, task } from "@labtech/lab";
 * import { assertEquals } from "@std/assert";
 *
 * const Square = task(import.meta, {
 *   name: "Square",
 *   run: ({ base }: { base: number }) => base ** 2,
 * });
 *
 * await using lab = new Lab({ storage: null, runner: "serial" });
 * const tasks = [1, 2, 3].map((base) => Square({ base }));
 * const results = await lab.runTasks(tasks);
 * assertEquals(tasks.map((task) => results.get(task)), [1, 4, 9]);
 * ```
 */
export class Lab implements AsyncDisposable {
  static {
    readParts = async (lab, call) => ({
      context: lab.#context,
      plugins: lab.#plugins,
      sources: lab.#versions.sources,
      singleFlight: lab.#singleFlight,
      signing: await lab.#keys?.load(call),
      progress: lab.#progress,
    });
  }

  /** Where results lie; `null` when nothing is kept. */
  readonly storage: Storage | null;
  /** How the results of types that name no cache are formatted. */
  readonly cache: Cache;
  /** What runs tasks. */
  readonly runner: Runner;
  /** How many tasks may run at once. */
  readonly maxWorkers: number;
  /** What signs entries, and tells which are trusted; `undefined` where entries are not signed. */
  readonly signing: EntrySigning | undefined;
  readonly #keys: LabKeys | undefined;
  readonly #bind: ((cache: Cache) => Cache) | undefined;
  readonly #continueOnFailure: boolean;
  readonly #singleFlight: boolean | "auto";
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #progress: boolean | ProgressOptions | undefined;
  readonly #logs: string | undefined;
  readonly #records: boolean;
  readonly #plugins: readonly string[];
  readonly #variables: readonly string[];
  readonly #configPermissions: Deno.PermissionOptionsObject;
  readonly #caches: LabCaches;
  readonly #digests = new WeakMap<Task, string>();
  readonly #versions: CodeVersions;
  readonly #keeper: CodeKeeper;
  readonly #owned = new AsyncDisposableStack();

  /**
   * Makes a Lab. Nothing is read, written or started before the first call.
   *
   * @throws {ConfigError} Lists all options that are wrong.
   */
  constructor(options: LabOptions = {}) {
    const mistakes: ConfigMistake[] = [];
    checkOptions(options, mistakes);
    const made: { spec?: AsyncDisposable | null }[] = [];
    const make = <K>(registry: Registry<K>, given: string | PluginSpec | K, path: string): K => {
      if (typeof given !== "string" && !isPlainObject(given)) return given as K;
      try {
        const thing = registry.create(given as string | PluginSpec, { path });
        made.push({ spec: thing as AsyncDisposable });
        return thing;
      } catch (error) {
        if (!(error instanceof ConfigError)) throw error;
        mistakes.push(...error.mistakes);
        return undefined as K;
      }
    };
    const configured = (options as Configured)[fromConfig];
    const { storage = defaultStorage(configured?.folder), context = {} } = options;
    this.storage = storage === null ? null : make(storages, directorySpec(storage), "storage");
    this.cache = make(caches, options.cache ?? "structured", "cache");
    const runner = options.runner ?? (options.maxWorkers === 1 ? "async" : "workers");
    this.runner = make(runners, runner, "runner");
    const { signing } = options;
    if (signing !== undefined) {
      mistakes.push(...signingMistakes(signing, "signing", "code"));
      if (this.cache && !this.cache.honoursSigning) {
        mistakes.push({ path: "cache", message: unsignable(this.cache) });
      }
    }
    if (mistakes.length > 0) throw new ConfigError(mistakes, "the options of the Lab");
    for (const { spec } of made) {
      if (spec && Symbol.asyncDispose in spec) this.#owned.use(spec);
    }
    this.signing = this.#keys = signing && new LabKeys(signing);
    this.#bind = this.#keys && signedCaches(this.#keys);
    this.#caches = new LabCaches(this.cache, { isSigned: this.#keys !== undefined });
    this.maxWorkers = options.maxWorkers ?? this.runner.maxWorkers ?? navigator.hardwareConcurrency;
    this.#continueOnFailure = options.continueOnFailure ?? true;
    this.#singleFlight = options.singleFlight ?? "auto";
    this.#context = Object.freeze({ ...context });
    this.#progress = options.progress;
    this.#logs = options.logs === undefined ? undefined : logPath(options.logs);
    this.#records = options.records ?? true;
    this.#plugins = configured?.plugins ?? [];
    this.#variables = configured?.variables ?? [options.storage, options.cache, options.runner]
      .flatMap(variablesIn);
    this.#configPermissions = configured?.permissions ?? {};
    this.#versions = new CodeVersions(options.codeVersion);
    // What was settled for the run is what runs, so that files are not looked at again.
    this.#keeper = new CodeKeeper((type) => this.#versions.codeOf(type, { maxAge: Infinity }));
  }

  /**
   * Makes a Lab from a configuration: the path or URL of a JSON or JSONC file, or an object. Where there
   * is a key `labtech` (as in a `deno.json`), its value is the configuration. Plugins that it names are
   * imported first. See `docs/configuration.md`.
   *
   * @throws {ConfigError} Lists all mistakes, each with its path and what to write instead.
   */
  static async fromConfig(
    source: string | URL | object,
    options: FromConfigOptions = {},
  ): Promise<Lab> {
    const { loadConfig } = await import("./config.ts");
    const { lab, signal, override } = options;
    const config = await loadConfig(source, { lab, signal });
    const { plugins, variables, folder, permissions, source: _, ...settings } = config;
    await using owned = new AsyncDisposableStack();
    for (const thing of Object.values(settings)) if (isAsyncDisposable(thing)) owned.use(thing);
    const given: LabOptions & Configured = {
      ...settings,
      ...override,
      [fromConfig]: { plugins, variables, folder, permissions },
    };
    const made = new Lab(given);
    made.#owned.use(owned.move());
    return made;
  }

  /**
   * Gives the results of tasks. Each distinct task is run once, however often it is given or nested;
   * those whose results are in the storage are loaded, and what they depend on is not visited.
   *
   * @throws {LabError} When tasks failed or were skipped, or the run was stopped; it carries what
   *   failed, what was skipped, and the results that are there.
   * @throws {RunnerError} When the runner cannot run such tasks.
   * @throws {ConfigError} When keys that `signing` names cannot be read. Nothing was run.
   * @throws {StorageError} When the storage cannot be read or written at all.
   */
  async runTasks<T extends Task>(
    tasks: Iterable<T>,
    options: RunOptions = {},
  ): Promise<TaskResults<T>> {
    const given = [...tasks];
    for (const task of given) {
      if (!isTask(task)) throw new TaskError(`Expected tasks to run, got ${describe(task)}`);
    }
    return await this.#run(given, options);
  }

  /** Runs tasks; on another storage for an audit, which leaves no trace and signs nothing. */
  async #run<T extends Task>(
    given: readonly T[],
    options: RunOptions,
    audit?: AuditStorage,
    runner: Runner = this.runner,
  ): Promise<TaskResults<T>> {
    if (isImporting()) {
      throw new LabError(
        "A worker imports this module for its task types, and it runs a Lab as soon as it is imported; " +
          "put what runs it behind `if (import.meta.main) { … }`",
      );
    }
    const { signal } = options;
    const settled = signal?.aborted ? given : await this.#versions.settle(given);
    const signing = audit ? undefined : await this.#keys?.load(options);
    const storage = audit ?? this.storage;
    const progress = options.progress ?? this.#progress;
    const shown = await openDisplay(
      typeof progress === "object" ? progress : { enabled: progress },
    );
    const id = crypto.randomUUID();
    const logs = audit ? undefined : this.#logs;
    using display = logs === undefined ? shown : await withLog(shown, logs, id);
    using _console = await routeConsole(shown);
    const run = new Run({
      storage,
      cacheOf: (type) => this.#caches.of(type),
      runner,
      maxWorkers: this.maxWorkers,
      continueOnFailure: this.#continueOnFailure || audit !== undefined,
      singleFlight: this.#singleFlight,
      context: this.#context,
      plugins: this.#plugins,
      bustCache: options.bustCache ?? false,
      versionOf: (type) => this.#versions.settled(type),
      codeVersionOf: (type) => this.codeVersionOf(type),
      mayMigrate: (key) => !audit?.hides(key),
      sources: this.#versions.sources,
      signing,
      signal,
      display,
      id,
      keepCode: async (types, call) => {
        if (this.#records && !audit) await this.#keeper.keep(types, { storage, signing, ...call });
      },
      record: async (outcome, warn) => {
        if (this.#records && !audit) await recordRun(outcome, { storage, signing, warn });
      },
    }, settled);
    try {
      return await run.execute();
    } finally {
      await display.settle?.();
    }
  }

  /** Gives the result of one task; see {@linkcode Lab.runTasks}. */
  async runTask<T extends Task>(task: T, options: RunOptions = {}): Promise<ResultOf<T>> {
    const results = await this.runTasks([task], options);
    return results.get(task);
  }

  /**
   * Tells what {@linkcode Lab.runTasks} would do: which tasks would run, which results would be loaded, why, and how
   * long that will take, going by earlier runs. Nothing is run or changed; of results the metadata alone is read.
   * See `docs/plan.md`.
   *
   * @throws {LabError} When a task was loaded from results of earlier code, as `runTasks` does.
   * @throws {ConfigError} When keys that `signing` names cannot be read.
   * @throws {StorageError} When the storage cannot be read at all.
   *
   * @example
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * const Square = task(import.meta, {
   *   name: "PlannedSquare",
   *   run: ({ base }: { base: number }) => base ** 2,
   * });
   *
   * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial" });
   * await lab.runTask(Square({ base: 1 }));
   *
   * const plan = await lab.plan([Square({ base: 1 }), Square({ base: 2 })]);
   * assertEquals([plan.run, plan.load], [1, 1]);
   * assertEquals(plan.steps.map(({ action, reason }) => [action, reason]), [
   *   ["load", "cached"],
   *   ["run", "absent"],
   * ]);
   * ```
   */
  async plan(tasks: Iterable<Task>, options: PlanOptions = {}): Promise<RunPlan> {
    const given = [...tasks];
    for (const task of given) {
      if (!isTask(task)) throw new TaskError(`Expected tasks to plan, got ${describe(task)}`);
    }
    const { planTasks } = await import("./provenance/plan_tasks.ts");
    const settled = await this.#settle(given, options);
    const signing = await this.#keys?.load(options);
    const place = {
      ...{ storage: this.storage, signing },
      cacheOf: (type: TaskTypeInfo) => this.#caches.of(type),
      // One after the other, however many workers the Lab has.
      workers: this.runner.name === "serial" ? 1 : this.maxWorkers,
      settled: (type: TaskTypeInfo) => this.#versions.settled(type),
      versionOf: (type: TaskTypeInfo) => this.codeVersionOf(type, { signal: options.signal }),
    };
    return await planTasks(place, settled, options);
  }

  /**
   * The key under which the result of a task lies.
   *
   * @throws {LabError} When code that its version follows cannot be read, or has changed since it was imported.
   */
  async keyOf(task: Task, options: Call = {}): Promise<string> {
    const [settled] = await this.#settle([task], options);
    return this.#keyOf(settled!);
  }

  /**
   * The version of a type's code, as it is part of keys now: what the definition says, or (`"auto"`, for this
   * type or for the Lab) `auto:` and 40 hex digits over the code that its tasks can reach.
   *
   * @throws {LabError} When that code cannot be read, or has changed since it was imported.
   */
  async codeVersionOf(type: TaskTypeInfo, options: Call = {}): Promise<string | undefined> {
    return await this.#versions.of(type, { ...options, maxAge: FRESH });
  }

  /**
   * What the version of a type's code was made of, declaration by declaration; `undefined` where the version
   * does not follow the code.
   *
   * @throws {LabError} When the code cannot be read, or has changed since it was imported.
   */
  async codeOf(type: TaskTypeInfo, options: Call = {}): Promise<TaskCode | undefined> {
    return await this.#versions.codeOf(type, { ...options, maxAge: FRESH });
  }

  /** Whether the result of a task is in the storage. */
  async isCached(task: Task, options: Call = {}): Promise<boolean> {
    const cache = this.cacheOf(task.type);
    if (this.storage === null || cache === null) return false;
    const [settled] = await this.#settle([task], options);
    await this.#keys?.load(options);
    return await cache.isCached(this.storage, this.#keyOf(settled!), options);
  }

  /** Removes the results of tasks from the storage. Gives how many there were. */
  async uncacheTasks(tasks: Iterable<Task>, options: Call = {}): Promise<number> {
    let removed = 0;
    for (const task of await this.#settle([...tasks], options)) {
      const cache = this.cacheOf(task.type);
      if (this.storage === null || cache === null) continue;
      if (await cache.delete(this.storage, this.#keyOf(task), options)) removed++;
    }
    return removed;
  }

  /**
   * The tasks whose results are in the storage, with their params (and the tasks nested there) rebuilt;
   * run them to load the results. Entries that are torn, foreign, or of types that the program does not
   * define are passed over, and counted in one warning. Nothing found in the storage is imported.
   *
   * @param types Of these types only. @default {all types that the program has defined}
   */
  async cachedTasks<T extends TaskTypeInfo = TaskTypeInfo>(
    types?: Iterable<T>,
    options: Call = {},
  ): Promise<CachedTask<T>[]> {
    const wanted: TaskTypeInfo[] = types === undefined
      ? taskTypeNames().map((name) => findTaskType(name)!)
      : [...types];
    for (const type of wanted) {
      if (!isTaskType(type)) throw new TaskError(`Expected task types, got ${describe(type)}`);
    }
    await this.#keys?.load(options);
    const { tasks, passedOver, untrusted } = await cachedTasks(this, wanted, options);
    if (passedOver > 0) console.warn(passedOverText(passedOver, untrusted));
    return tasks as CachedTask<T>[];
  }

  /**
   * The records of runs that the storage holds, the newest first. What they say is read when it is asked
   * for. Runs leave one where a task ran or failed; see `docs/runs.md`.
   *
   * @example How the latest run ended
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * const Double = task(import.meta, { name: "RecordedDouble", run: ({ of }: { of: number }) => 2 * of });
   *
   * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial" });
   * await lab.runTasks([Double({ of: 1 }), Double({ of: 2 })]);
   *
   * const [latest] = await lab.runs();
   * const record = await latest!.load();
   * assertEquals([record!.ending, record!.summary.run], ["complete", 2]);
   * ```
   */
  async runs(options: Call = {}): Promise<StoredRun[]> {
    if (this.storage === null) return [];
    const { findRuns } = await import("./runs/find_runs.ts");
    const signing = await this.#keys?.load(options);
    return await findRuns(this.storage, { ...options, signing });
  }

  /**
   * Takes results of earlier code over to the code of now, which is known to compute the same: after an edit
   * that only tidies up, nothing need run again. Those of the given types and tasks, and of all that depends
   * on them. The reason is recorded in each entry. The earlier entries stay, so that programs with the earlier
   * code go on, and nothing is lost; `lab gc --stale` removes them. Each entry appears at once, and what was
   * interrupted can be repeated. See `docs/accept.md`.
   *
   * @param what Whose code was edited: task types, or single tasks.
   * @throws {TaskError} When `why` is missing.
   * @throws {CacheError} When entries are to be signed, and the Lab has no key.
   * @throws {StorageError} When the storage fails. What was taken over until then is.
   *
   * @example
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * // In a notebook, a type may be defined again.
   * const square = (codeVersion: string) =>
   *   task(null, { name: "TidySquare", codeVersion, run: ({ base }: { base: number }) => base ** 2 });
   *
   * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial" });
   * await lab.runTask(square("v1")({ base: 3 }));
   *
   * const Square = square("v2");
   * const report = await lab.accept([Square], { why: "Only names of variables changed" });
   * assertEquals(report.accepted, 1);
   * assertEquals((await lab.runTasks([Square({ base: 3 })])).summary.cached, 1);
   * ```
   */
  async accept(
    what: Iterable<TaskTypeInfo | Task>,
    options: AcceptOptions,
  ): Promise<AcceptReport> {
    const { acceptResults } = await import("./provenance/accept.ts");
    const signing = await this.#keys?.load(options);
    const place = {
      ...{ storage: this.storage, cacheOf: (type: TaskTypeInfo) => this.cacheOf(type), signing },
      versionOf: (type: TaskTypeInfo) => this.codeVersionOf(type, { signal: options?.signal }),
    };
    const report = await acceptResults(place, what, options);
    if (report.accepted > 0 && this.#records) {
      const names = report.entries.flatMap(({ changes }) => changes.map(({ type }) => type));
      const types = new Set(names).values().map((name) => findTaskType(name)!);
      const warn = (text: string) => console.warn(text);
      await this.#keeper.keep(types, { ...place, signal: options.signal, warn });
    }
    return report;
  }

  /**
   * Runs some of the tasks again whose results are in the storage, and compares what comes out with what is
   * stored: finds tasks that depend on the time, on random numbers without `ctx.seed`, or on the machine. What
   * they depend on is loaded. Nothing in the storage is changed, and no record is left. See `docs/audit.md`.
   *
   * @throws {TaskError} When an option makes no sense.
   * @throws {LabError} When it is stopped by Ctrl-C.
   * @throws {RunnerError} When the runner cannot run such tasks.
   *
   * @example
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * const Dated = task(import.meta, {
   *   name: "Dated",
   *   run: ({ base }: { base: number }) => ({ square: base ** 2, id: crypto.randomUUID() }),
   * });
   *
   * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial" });
   * await lab.runTask(Dated({ base: 3 }));
   *
   * const { passed, tasks } = await lab.audit({ sample: "100%" });
   * assertEquals(passed, false);
   * assertEquals(tasks[0]!.differences.map(({ path }) => path), ["result.id"]);
   * ```
   */
  async audit(options: AuditOptions = {}): Promise<AuditReport> {
    const { auditResults } = await import("./provenance/audit.ts");
    const { signal } = options;
    const signing = await this.#keys?.load(options);
    return await auditResults({
      ...{ storage: this.storage, maxWorkers: this.maxWorkers, signing },
      cacheOf: (type) => this.cacheOf(type),
      bareCacheOf: (type) => this.#caches.of(type),
      keyOf: (task) => this.keyOf(task, { signal }),
      versionOf: (type) => this.codeVersionOf(type, { signal }),
      run: async (storage, tasks, { runner, ...call }) => {
        const other = runner === undefined
          ? this.runner
          : runners.create(runner, { path: "runner" });
        return await this.#run(tasks, { ...call, progress: false }, storage, other);
      },
    }, options);
  }

  /**
   * Tells whether the result of a task is in the storage, and why: what is wrong with the entry that is there; how it
   * failed, or was removed; or which cached result is most like it, and in what exactly they differ: which
   * params, and which declarations in which modules, where versions follow the code. Reads metadata only,
   * and changes nothing. See `docs/explain.md`.
   *
   * @throws {LabError} When a version that follows the code cannot be found out.
   * @throws {ConfigError} When keys that `signing` names cannot be read.
   * @throws {StorageError} When the storage cannot be read at all. What is damaged in it is no failure.
   *
   * @example
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * const Fit = task(import.meta, {
   *   name: "ExplainedFit",
   *   run: ({ model }: { model: { depth: number; seed: number } }) => model.depth,
   * });
   *
   * await using lab = new Lab({ storage: new MemoryStorage(), runner: "serial", progress: false });
   * await lab.runTask(Fit({ model: { depth: 3, seed: 1 } }));
   *
   * const explanation = await lab.explain(Fit({ model: { depth: 4, seed: 1 } }));
   * assertEquals(explanation.reason, "params");
   * const { path, before, after } = explanation.nearest!.params[0]!;
   * assertEquals([path, before, after], ["params.model.depth", "3", "4"]);
   * console.log(String(explanation)); // the whole story
   * ```
   */
  async explain(task: Task, options: Call = {}): Promise<Explanation> {
    if (!isTask(task)) throw new TaskError(`Expected a task to explain, got ${describe(task)}`);
    const { explainTask } = await import("./provenance/explain.ts");
    const { signal } = options;
    const [settled] = await this.#settle([task], options);
    const signing = await this.#keys?.load(options);
    const place = {
      ...{ storage: this.storage, signing },
      cacheOf: (type: TaskTypeInfo) => this.#caches.of(type),
      versionOf: (type: TaskTypeInfo) => this.codeVersionOf(type, { signal }),
      codeOf: (type: TaskTypeInfo) => this.codeOf(type, { signal }),
    };
    const key = this.#keyOf(settled!);
    return await explainTask(place, { task: settled!, given: task, key }, options);
  }

  /**
   * The entries that no task of the program finds any more, since the code version of their type, or of one
   * nested in them, has moved on; with their size and how long they took to compute. Reads metadata only, and
   * changes nothing: `collectGarbage` of `@labtech/lab/maintenance` removes them. Entries are judged by the
   * types that the program has defined alone.
   *
   * @throws {LabError} When a version that follows the code cannot be found out.
   * @throws {StorageError} When the storage cannot be listed.
   *
   * @example
   * ```ts
   * import { Lab, task } from "@labtech/lab";
   * import { collectGarbage } from "@labtech/lab/maintenance";
   * import { MemoryStorage } from "@labtech/lab/storages";
   * import { assertEquals } from "@std/assert";
   *
   * const cube = (codeVersion: string) =>
   *   task(null, { name: "MovedCube", codeVersion, run: ({ base }: { base: number }) => base ** 3 });
   *
   * const storage = new MemoryStorage();
   * await using lab = new Lab({ storage, runner: "serial", progress: false });
   * await lab.runTask(cube("v1")({ base: 2 }));
   * cube("v2");
   *
   * const { entries, types } = await lab.outdated();
   * const because = [{ taskName: "MovedCube", stored: "v1", current: "v2" }];
   * assertEquals(entries.map((entry) => entry.because), [because]);
   * const plan = await collectGarbage(storage, { stale: types });
   * assertEquals((await plan.carryOut()).entries, 1);
   * ```
   */
  async outdated(options: Call = {}): Promise<OutdatedEntries> {
    const types: TypeVersion[] = [];
    for (const taskName of taskTypeNames()) {
      const type = findTaskType(taskName)!;
      types.push({ taskName, codeVersion: await this.codeVersionOf(type, options) });
    }
    const { outdatedEntries } = await import("./provenance/outdated.ts");
    const { NullStorage } = await import("./storages/null.ts");
    return await outdatedEntries(this.storage ?? new NullStorage(), types, options);
  }

  /**
   * How the results of a type are formatted; `null` when they are not kept. Where the Lab has `signing`,
   * what is saved and loaded by this cache is signed and checked.
   *
   * @throws {TaskError} When the type names no cache, or one that does not honour `signing`.
   */
  cacheOf(type: TaskTypeInfo): Cache | null {
    const cache = this.#caches.of(type);
    return cache && this.#bind ? this.#bind(cache) : cache;
  }

  /** What this Lab needs to run tasks of all types that the program has defined, and nothing more. */
  permissions(): Deno.PermissionOptionsObject {
    const types = taskTypeNames().map((name) => findTaskType(name)!);
    return union([
      this.storage?.permissions ?? {},
      this.runner.permissions(types),
      sourcePermissions(types.filter((type) => this.#versions.isAuto(type))),
      this.#configPermissions,
      this.#keys?.permissions ?? {},
      this.#logs === undefined ? {} : { write: [this.#logs] },
      this.#variables.length > 0 ? { env: [...new Set(this.#variables)] } : {},
    ]);
  }

  /** The same as flags of `deno run`: `["--allow-read=results", "--allow-write=results"]`. */
  permissionFlags(): string[] {
    return permissionFlags(this.permissions());
  }

  /** Ends workers, and closes the storage where the Lab made it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#owned.disposeAsync();
  }

  /** The tasks with the versions that are part of keys: of these keys and metadata are made. */
  #settle<T extends Task>(tasks: readonly T[], { signal }: Call): Promise<T[]> {
    return this.#versions.settle(tasks, { signal, maxAge: FRESH });
  }

  #keyOf(task: Task): string {
    const cache = this.cacheOf(task.type);
    return resultKey(cache?.keyPrefix ?? "", task, this.#digests);
  }
}

/** A task of one of the types. */
export type CachedTask<T> = T extends (...params: never) => infer Made
  ? Made extends Task ? Made : Task
  : Task;

// What `fromConfig` hands to the constructor beside the public options.
const fromConfig = Symbol("fromConfig");
interface Configured {
  readonly [fromConfig]?: {
    readonly plugins: readonly string[];
    readonly variables: readonly string[];
    readonly folder: string;
    readonly permissions: Deno.PermissionOptionsObject;
  };
}

/** Has a log told of all that is shown. */
async function withLog(
  shown: ProgressDisplay,
  path: string,
  run: string,
): Promise<ProgressDisplay> {
  const { Displays, RunLog } = await import("./progress/run_log.ts");
  const warn = (text: string) => shown.handle({ kind: "log", at: Date.now(), level: "warn", text });
  return new Displays([shown, new RunLog({ path, run, warn })]);
}

function isAsyncDisposable(value: unknown): value is AsyncDisposable {
  return typeof value === "object" && value !== null && Symbol.asyncDispose in value;
}
