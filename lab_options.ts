import { fromFileUrl } from "@std/path/from-file-url";
import { resolve } from "@std/path/resolve";
import type { Cache } from "./caches/cache.ts";
import { AUTO } from "./code_version/auto.ts";
import { describe, isPlainObject } from "./describe.ts";
import type { ConfigMistake } from "./errors.ts";
import type { PluginSpec } from "./plugin.ts";
import type { ProgressOptions } from "./progress/display.ts";
import type { Runner } from "./runners/runner.ts";
import type { SigningOptions } from "./signing/options.ts";
import type { Call, Storage } from "./storages/storage.ts";
import { didYouMean } from "./suggest.ts";

/** How a Lab works. */
export interface LabOptions {
  /**
   * Where results lie: the path or URL of a directory, a registered storage by name and options, a
   * storage (which you dispose), or `null` to keep nothing.
   *
   * @default {"labtech_storage"} with a warning
   */
  readonly storage?: string | URL | PluginSpec | Storage | null;
  /** How the results of types that name no cache are formatted. @default {"structured"} */
  readonly cache?: string | PluginSpec | Cache;
  /**
   * The code version of types that name none: `"auto"` has it follow the code that their tasks can reach. See
   * `docs/code_version.md`.
   *
   * @default {none}
   */
  readonly codeVersion?: "auto";
  /** What runs tasks. @default {"workers"; "async" when `maxWorkers` is 1} */
  readonly runner?: string | PluginSpec | Runner;
  /** How many tasks may run at once. @default {navigator.hardwareConcurrency} */
  readonly maxWorkers?: number;
  /** Whether other tasks go on when one fails. @default {true} */
  readonly continueOnFailure?: boolean;
  /**
   * Which tasks are computed by one program at a time, where several share a storage, while the others
   * wait for its result: all, none, or (`"auto"`) those that take their time. Tasks of types of which the
   * first 16 took less than 10 ms each are computed by whoever comes, as claiming costs more than
   * that saves. It changes nothing about results. See "Single flight" in `docs/storages.md`.
   *
   * @default {"auto"}
   */
  readonly singleFlight?: boolean | "auto";
  /** Extra variables for tasks; never part of a key. @default {{}} */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Whether progress is shown, or how. @default {on a terminal} */
  readonly progress?: boolean | ProgressOptions;
  /**
   * A file that what happens in runs is added to, as JSON lines: the path (relative to the working
   * directory) or `file:` URL. `docs/logs.md` tells what the lines hold. @default {none}
   */
  readonly logs?: string | URL;
  /**
   * Whether each run in which a task ran or failed leaves a record in the storage, for `Lab.runs`.
   * See `docs/runs.md`.
   *
   * @default {true}
   */
  readonly records?: boolean;
  /**
   * What entries are signed by, and whose are trusted: all others then count as not there. See
   * `docs/signing.md`.
   *
   * @default {entries are not signed, and all are believed}
   */
  readonly signing?: SigningOptions;
}

/** How one call of `Lab.runTasks` works. */
export interface RunOptions extends Call {
  /** Leaves aside, and replaces, results that are in the storage. @default {false} */
  readonly bustCache?: boolean;
  /** Whether progress is shown, or how. @default {the Lab's} */
  readonly progress?: boolean | ProgressOptions;
  /**
   * Stops the run at once when aborted, as the second Ctrl-C does: running tasks see their own signal
   * abort, and what they give is not kept. `runTasks` then rejects with a `LabError` that
   * carries the results that are there; its `cause` is the reason.
   */
  readonly signal?: AbortSignal;
}

/** Which configuration `Lab.fromConfig` takes. */
export interface FromConfigOptions {
  /** The named lab, whose settings replace those of the base. @default {the base alone} */
  readonly lab?: string;
  /** Aborts the loading. */
  readonly signal?: AbortSignal;
  /** Options that take the place of what the configuration says. @default {none} */
  readonly override?: LabOptions;
}

const OPTIONS = new Set([
  "storage",
  "cache",
  "codeVersion",
  "runner",
  "maxWorkers",
  "continueOnFailure",
  "singleFlight",
  "context",
  "progress",
  "logs",
  "records",
  "signing",
]);

/** Adds what is wrong with the options of a Lab, beside what its parts say of theirs. */
export function checkOptions(options: LabOptions, mistakes: ConfigMistake[]): void {
  const expect = (holds: boolean, path: keyof LabOptions, expected: string) => {
    if (!holds) {
      mistakes.push({ path, message: `expected ${expected}, got ${describe(options[path])}` });
    }
  };
  for (const key of Object.keys(options)) {
    if (!OPTIONS.has(key)) {
      mistakes.push({ path: key, message: `unknown option${didYouMean(key, OPTIONS)}` });
    }
  }
  const { maxWorkers, continueOnFailure, context, progress, logs, records, singleFlight } = options;
  expect(
    maxWorkers === undefined || (Number.isSafeInteger(maxWorkers) && maxWorkers > 0),
    "maxWorkers",
    "a whole number from 1",
  );
  const { codeVersion } = options;
  expect(
    codeVersion === undefined || codeVersion === AUTO,
    "codeVersion",
    '"auto" (a version of its own is for a task type to say)',
  );
  expect(
    continueOnFailure === undefined || typeof continueOnFailure === "boolean",
    "continueOnFailure",
    "true or false",
  );
  expect(context === undefined || isPlainObject(context), "context", "an object");
  expect(
    progress === undefined || typeof progress === "boolean" || isPlainObject(progress),
    "progress",
    "true, false or options",
  );
  expect(
    logs === undefined || (typeof logs === "string" && !["", "file://"].includes(logs)) ||
      (logs instanceof URL && logs.protocol === "file:"),
    "logs",
    "the path or file: URL of a file",
  );
  expect(
    singleFlight === undefined || typeof singleFlight === "boolean" || singleFlight === "auto",
    "singleFlight",
    'true, false or "auto"',
  );
  expect(records === undefined || typeof records === "boolean", "records", "true or false");
}

/** Gives the absolute path of a log. */
export function logPath(logs: string | URL): string {
  return resolve(String(logs).startsWith("file:") ? fromFileUrl(logs) : String(logs));
}
