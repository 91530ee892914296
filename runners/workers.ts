import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";
import type { Seat, SeatGroup } from "./_seat.ts";
import { union } from "../permissions.ts";
import { findTaskType, taskTypeNames } from "../task.ts";
import { declaredPermissions, refuseUnheld } from "./_declared_permissions.ts";
import { startIdling } from "./_idling.ts";
import { modulesOf } from "./_modules.ts";

/** Options of {@linkcode WorkersRunner}. */
export interface WorkersRunnerOptions {
  /** How many workers run tasks at the same time. @default {the Lab's} */
  readonly maxWorkers?: number | undefined;
  /**
   * Whether workers share the memory of large typed arrays (64 KiB and more) in the results of
   * dependencies: each is then read, and kept, once for all of them. Tasks get views of a
   * `SharedArrayBuffer`, which some functions refuse, and which they must not write to. See
   * `docs/runners.md`.
   *
   * @default {false}
   */
  readonly sharedMemory?: boolean | undefined;
  /**
   * Whether the program was started with `--unstable-worker-options`, or its `deno.json` has that: then
   * workers are held to the permissions that task types declare. Deno ends the program where this says so
   * wrongly.
   *
   * @default {as far as the program may see}
   */
  readonly unstableWorkerOptions?: boolean | undefined;
}

/** Threads that were started alike. */
interface Group extends SeatGroup {
  /** What they may touch, where that is less than the program may. */
  readonly permissions?: Deno.PermissionOptionsObject;
}

/**
 * Runs tasks in a pool of Web Workers, one task in each at a time; the default. Workers start when they
 * are needed, import each module once, save what their tasks give, and end when they are idle or the
 * runner is disposed. They have the permissions of the program, or those that the type of the task declares
 * (which takes `--unstable-worker-options`).
 */
export class WorkersRunner implements Runner {
  /** The registered name. */
  readonly name = "workers";
  /** How many workers run tasks at the same time, where this runner says so. */
  readonly maxWorkers: number | undefined;
  readonly #isAble: boolean | undefined;
  readonly #group: Group;
  readonly #bounded = new Map<string, Group>();
  readonly #idle: Seat[] = [];
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Makes the runner. Nothing is started yet. */
  constructor(options: WorkersRunnerOptions = {}) {
    const { maxWorkers, sharedMemory = false, unstableWorkerOptions } = options;
    this.maxWorkers = maxWorkers;
    this.#isAble = unstableWorkerOptions;
    this.#group = { opensStorage: true, stops: false, sharesMemory: sharedMemory };
  }

  /**
   * Read access to the local modules that workers import: the library's, and the task types' with all they
   * import; and what the types declare, since the program cannot hand on what it does not have.
   */
  permissions(types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    const all = [...types];
    const read = modulesOf(all.flatMap(({ module }) => module ?? []));
    const declared = all.map((type) => declaredPermissions(type) ?? {});
    return union([read.length === 0 ? {} : { read }, ...declared]);
  }

  /**
   * Begins a run.
   *
   * @throws {RunnerError} When a type has no module that a worker could import; when it declares permissions,
   *   and Deno does not hold threads to them, or the program does not have them; or when the context cannot
   *   be sent to a worker.
   */
  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    const all = [...types];
    const [
      { refuseWithoutModule },
      { WorkersSession },
      { Seat },
      { ThreadLink },
    ] = await Promise.all([
      import("./_sendable.ts"),
      import("./_workers_session.ts"),
      import("./_seat.ts"),
      import("./_thread_link.ts"),
    ]);
    for (const type of all) refuseWithoutModule(type);
    const bounded = await this.#boundedGroups(all, setting.plugins);
    const groupOf = (type: TaskTypeInfo) => bounded?.(type) ?? this.#group;
    for (const type of all) groupOf(type);
    clearInterval(this.#timer);
    return new WorkersSession(setting, all, {
      groupOf,
      take: (group) => this.#takeIdle(group) ?? new Seat(new ThreadLink(group as Group), group),
      giveBack: (seat) => this.#giveBack(seat),
      checkSendable: structuredClone,
    });
  }

  /** What threads the types that declare permissions get; `undefined` where no type does. */
  async #boundedGroups(
    types: readonly TaskTypeInfo[],
    plugins: readonly string[],
  ): Promise<((type: TaskTypeInfo) => Group | undefined) | undefined> {
    // Tasks of any type of the program may be nested in the params.
    const known = new Set([...types, ...taskTypeNames().map((name) => findTaskType(name)!)]);
    const isBounded = (type: TaskTypeInfo) => declaredPermissions(type) !== undefined;
    if (![...known].some(isBounded)) return undefined;
    const { canBindThreads, refuseUnbound, threadBounds } = await import("./_thread_bounds.ts");
    const isAble = this.#isAble ?? await canBindThreads();
    const urls = [...[...known].flatMap(({ module }) => module ?? []), ...plugins];
    return (type) => {
      const declared = declaredPermissions(type);
      if (declared === undefined) return undefined;
      if (!isAble) refuseUnbound(type);
      refuseUnheld(type);
      return this.#groupWith(threadBounds(declared, urls));
    };
  }

  // Who can write to the storage can forge the results of others.
  #groupWith(permissions: Deno.PermissionOptionsObject): Group {
    const key = JSON.stringify(permissions);
    let group = this.#bounded.get(key);
    if (group === undefined) {
      this.#bounded.set(key, group = { opensStorage: false, stops: false, permissions });
    }
    return group;
  }

  /** Ends all workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#idle.splice(0).map((seat) => seat.terminate()));
  }

  #takeIdle(group: SeatGroup): Seat | undefined {
    const at = this.#idle.findLastIndex((seat) => seat.group === group && !seat.ended);
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  // Idle threads would keep the program from ending.
  #giveBack(seat: Seat): void {
    this.#idle.push(seat);
    clearInterval(this.#timer);
    this.#timer = startIdling(() => this[Symbol.asyncDispose]());
  }
}
