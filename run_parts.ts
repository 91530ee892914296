import type { Source } from "./code_version/task_code.ts";
import type { Place } from "./plan.ts";
import type { ProgressDisplay } from "./progress/events.ts";
import type { Runner } from "./runners/runner.ts";
import type { RunOutcome } from "./runs/run_outcome.ts";
import type { KeyRing } from "./signing/key_ring.ts";
import type { TaskTypeInfo } from "./task.ts";

/** What a run works with. */
export interface RunParts extends Place {
  /** The version of a type's code, which tasks must have. */
  readonly versionOf: (type: TaskTypeInfo) => string | undefined;
  /** The same, also of types that no task of the run has. */
  readonly codeVersionOf: (type: TaskTypeInfo) => Promise<string | undefined>;
  /** Whether a result of an earlier shape may be put under a key, where types say how. */
  readonly mayMigrate: (key: string) => boolean;
  /** The files that versions which follow the code depend on. */
  readonly sources: readonly Source[];
  /** What runs tasks. */
  readonly runner: Runner;
  /** How many tasks may run at once. */
  readonly maxWorkers: number;
  /** Whether other tasks go on when one fails. */
  readonly continueOnFailure: boolean;
  /** The Lab's context. */
  readonly context: Readonly<Record<string, unknown>>;
  /** URLs of plugin modules. */
  readonly plugins: readonly string[];
  /** Whether results in the storage are left aside, and replaced. */
  readonly bustCache: boolean;
  /** Which tasks are computed by one program at a time. */
  readonly singleFlight: boolean | "auto";
  /** The keys to sign and check entries by, if any. */
  readonly signing: KeyRing | undefined;
  /** Stops at once when aborted. */
  readonly signal: AbortSignal | undefined;
  /** Shows what goes on. */
  readonly display: ProgressDisplay;
  /** The run: a UUID. */
  readonly id: string;
  /** Keeps what the code of types is made of, beside the results. Never rejects. */
  readonly keepCode: (
    types: Iterable<TaskTypeInfo>,
    call: { readonly signal: AbortSignal; readonly warn: (text: string) => void },
  ) => Promise<void>;
  /** Keeps what became of the run, before the display is told of its end. Never rejects. */
  readonly record: (outcome: RunOutcome, warn: (text: string) => void) => Promise<void>;
}
