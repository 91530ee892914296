import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";
import type { Seat, SeatGroup } from "./_seat.ts";
import { RunnerError } from "../errors.ts";
import { declaredPermissions } from "./_declared_permissions.ts";
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
}

// Long enough for the next run of a program to find the threads of the one before.
const IDLE = 500;

/**
 * Runs tasks in a pool of Web Workers, one task in each at a time; the default. Workers start when they
 * are needed, import each module once, save what their tasks give, and end when they are idle or the
 * runner is disposed. They have the program's permissions.
 */
export class WorkersRunner implements Runner {
  /** The registered name. */
  readonly name = "workers";
  /** How many workers run tasks at the same time, where this runner says so. */
  readonly maxWorkers: number | undefined;
  readonly #group: SeatGroup;
  readonly #idle: Seat[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Makes the runner. Nothing is started yet. */
  constructor(options: WorkersRunnerOptions = {}) {
    const { maxWorkers, sharedMemory = false } = options;
    this.maxWorkers = maxWorkers;
    this.#group = { opensStorage: true, stops: false, sharesMemory: sharedMemory };
  }

  /** Read access to the local modules that workers import: the library's, and the task types' with all they import. */
  permissions(types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    const modules = [...types].flatMap(({ module }) => module ?? []);
    const read = modulesOf(modules);
    return read.length === 0 ? {} : { read };
  }

  /**
   * Begins a run.
   *
   * @throws {RunnerError} When a type has no module that a worker could import, or declares permissions;
   *   or the context cannot be sent to a worker.
   */
  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    const all = [...types];
    const [{ refuseWithoutModule, WorkersSession }, { Seat }, { ThreadLink }] = await Promise.all([
      import("./_workers_session.ts"),
      import("./_seat.ts"),
      import("./_thread_link.ts"),
    ]);
    for (const type of all) {
      refuseWithoutModule(type);
      refuseBounded(type);
    }
    clearTimeout(this.#timer);
    return new WorkersSession(setting, all, {
      groupOf: () => this.#group,
      take: (group) => this.#takeIdle() ?? new Seat(new ThreadLink(), group),
      giveBack: (seat) => this.#giveBack(seat),
      checkSendable: structuredClone,
    });
  }

  /** Ends all workers. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#timer);
    await Promise.all(this.#idle.splice(0).map((seat) => seat.terminate()));
  }

  #takeIdle(): Seat | undefined {
    for (let seat = this.#idle.pop(); seat; seat = this.#idle.pop()) if (!seat.ended) return seat;
  }

  // Idle threads would keep the program from ending.
  #giveBack(seat: Seat): void {
    this.#idle.push(seat);
    clearTimeout(this.#timer);
    const timer = setTimeout(() => this[Symbol.asyncDispose](), IDLE);
    Deno.unrefTimer(timer);
    this.#timer = timer;
  }
}

function refuseBounded(type: TaskTypeInfo): void {
  if (declaredPermissions(type) === undefined) return;
  throw new RunnerError(
    `The task type ${type.taskName} declares permissions, which threads of one program cannot be held to; ` +
      `take the runner "processes"`,
  );
}
