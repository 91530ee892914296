import { assert, assertEquals } from "@std/assert";
import "../builtins.ts";
import type { Cache } from "../caches/cache.ts";
import { StructuredCache } from "../caches/structured.ts";
import type { RunEvent } from "../progress/events.ts";
import { labelOf } from "../runners/_label.ts";
import type { Dependency, Job, Outcome, Runner, RunnerSession } from "../runners/runner.ts";
import { resultKey } from "../serialize.ts";
import { LocalStorage } from "../storages/local.ts";
import { MemoryStorage } from "../storages/memory.ts";
import type { Storage } from "../storages/storage.ts";
import type { Task, TaskTypeInfo } from "../task.ts";
import type * as tasks from "./_runner_tasks.ts";

/** How a session is opened. */
export interface SessionOptions {
  /** Where results lie. @default {nowhere} */
  readonly storage?: Storage;
  /** How many tasks may run at once. @default {2} */
  readonly maxWorkers?: number;
  /** What tasks are told. @default {{}} */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Which types will be run. @default {all} */
  readonly types?: readonly TaskTypeInfo[];
}

/** How a job is handed over. */
export interface JobOptions {
  /** Whether the value is asked for. @default {true} */
  readonly wanted?: boolean;
  /** Whether other jobs may need the result. @default {true} */
  readonly shared?: boolean;
  /** Whether a result that is there is to be replaced. @default {false} */
  readonly replaces?: boolean;
}

/** A session, and what happens in it. */
export interface OpenSession extends AsyncDisposable {
  /** The session. */
  readonly session: RunnerSession;
  /** All that was reported. */
  readonly events: readonly RunEvent[];
  /** Aborts the run. */
  readonly abort: AbortController;
  /** Runs a task. */
  run(task: Task, options?: JobOptions): Promise<Outcome>;
  /** Runs a task that must succeed, and gives its value. */
  valueOf(task: Task, options?: JobOptions): Promise<unknown>;
  /** Where the result of a task lies. */
  place(task: Task): Dependency;
}

/** What one case of the contract plays with. */
export interface RunnerScene {
  /** A runner that ran nothing. */
  readonly runner: Runner;
  /** The types of tasks. */
  readonly tasks: typeof tasks;
  /** Begins a run. */
  open(options?: SessionOptions): Promise<OpenSession>;
  /** An empty storage; one in memory, where the contract names no other. */
  storage(): Promise<Storage>;
  /** Plays with an empty storage of each kind that the runner is for. */
  withStorages(play: (storage: Storage) => Promise<void>): Promise<void>;
}

/** One promise, and how it is tried. */
export interface RunnerCase {
  /** The promise. */
  readonly name: string;
  /** Whether it is one of results that are kept nowhere. */
  readonly keepsNothing?: boolean;
  /** Tries it; throws when it is broken. */
  readonly run: (scene: RunnerScene) => Promise<void>;
}

/** How results are formatted. */
export const CACHE: Cache = new StructuredCache();

/** Sets a scene for a runner. */
export function runnerScene(
  runner: Runner,
  types: typeof tasks,
  makeStorage?: () => Storage | Promise<Storage>,
): RunnerScene {
  return {
    runner,
    tasks: types,
    async open(options = {}) {
      if (options.storage !== undefined || makeStorage === undefined) {
        return await openSession(runner, types, options);
      }
      await using own = new AsyncDisposableStack();
      const storage = own.use(await makeStorage());
      const session = await openSession(runner, types, { ...options, storage });
      const kept = own.move();
      return {
        ...session,
        async [Symbol.asyncDispose]() {
          await session[Symbol.asyncDispose]();
          await kept[Symbol.asyncDispose]();
        },
      };
    },
    storage: async () => makeStorage ? await makeStorage() : new MemoryStorage(),
    async withStorages(play) {
      if (makeStorage === undefined) return await withStorages(play);
      await using storage = await makeStorage();
      await play(storage);
    },
  };
}

async function openSession(
  runner: Runner,
  { Give, Add, Tell, Filtered, Throw, Wait }: typeof tasks,
  options: SessionOptions = {},
): Promise<OpenSession> {
  const { storage, maxWorkers = 2, context = {} } = options;
  const { types = [Give, Add, Tell, Filtered, Throw, Wait] } = options;
  const known = new Map<string, Task>();
  const events: RunEvent[] = [];
  const abort = new AbortController();
  const place = (task: Task): Dependency => {
    const cache = storage === undefined ? null : CACHE;
    return { task, cache, key: resultKey(cache?.keyPrefix ?? "", task) };
  };
  const session = await runner.open({
    storage: storage ?? null,
    maxWorkers,
    context,
    plugins: [],
    signal: abort.signal,
    labelOf: (id) => known.has(id) ? labelOf(known.get(id)!) : undefined,
    report: (event) => events.push(event),
  }, types);
  const run = (task: Task, { wanted = true, shared = true, replaces }: JobOptions = {}) => {
    known.set(task.id, task);
    const job: Job = {
      ...place(task),
      dependencies: task.dependencies.map(place),
      wanted,
      shared,
      replaces,
    };
    return session.run(job);
  };
  return {
    session,
    events,
    abort,
    run,
    place,
    async valueOf(task, options) {
      const outcome = await run(task, options);
      if (outcome.kind === "failed") throw outcome.error;
      assert(outcome.kind === "done", `${task} ended as "${outcome.kind}"`);
      assertEquals(outcome.meta.start instanceof Date && outcome.meta.duration >= 0, true);
      return outcome.value;
    },
    [Symbol.asyncDispose]: async () => await session[Symbol.asyncDispose](),
  };
}

/**
 * Plays with an empty storage of each kind: one in this thread's memory, and, where the program may
 * write, one in a directory, which other threads and processes can open.
 */
async function withStorages(play: (storage: Storage) => Promise<void>): Promise<void> {
  await play(new MemoryStorage());
  if (Deno.permissions.querySync({ name: "write" }).state !== "granted") return;
  const dir = await Deno.makeTempDir();
  try {
    await using storage = new LocalStorage({ dir: `${dir}/results` });
    await play(storage);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
