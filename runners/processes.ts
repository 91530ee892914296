import { RunnerError } from "../errors.ts";
import { union } from "../permissions.ts";
import type { TaskTypeInfo } from "../task.ts";
import type { Runner, RunnerSession, RunSetting } from "./runner.ts";
import type { Seat, SeatGroup } from "./_seat.ts";
import { declaredPermissions, refuseUnheld } from "./_declared_permissions.ts";
import { startIdling } from "./_idling.ts";
import { type ChildPlan, planChildren } from "./_processes_flags.ts";

/** Options of {@linkcode ProcessesRunner}. */
export interface ProcessesRunnerOptions {
  /** How many processes run tasks at the same time. @default {the Lab's} */
  readonly maxWorkers?: number | undefined;
  /**
   * How many MB of memory the tasks of one process may take, beside what the process takes by itself. A
   * task that takes more fails.
   *
   * @default {V8's limit of its heap; none of other memory}
   */
  readonly memory?: number | undefined;
  /**
   * The path of the `deno.json` by which children resolve imports.
   *
   * @default {that of the program, as far as it can be found}
   */
  readonly config?: string | undefined;
}

/** Processes that were started with the same flags. */
interface Group extends SeatGroup {
  readonly flags: readonly string[];
}

/**
 * Runs tasks in a pool of child processes, one task in each at a time. Children are `deno run` with the
 * permissions of the program, or those that the type of the task declares. They start when they are needed, import each module once, save what their
 * tasks give, and end when they are idle, the runner is disposed, or the program ends, however it does.
 */
export class ProcessesRunner implements Runner {
  /** The registered name. */
  readonly name = "processes";
  /** How many processes run tasks at the same time, where this runner says so. */
  readonly maxWorkers: number | undefined;
  readonly #options: ProcessesRunnerOptions;
  readonly #idle: Seat[] = [];
  readonly #groups = new Map<string, Group>();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Makes the runner. Nothing is started yet. */
  constructor(options: ProcessesRunnerOptions = {}) {
    this.maxWorkers = options.maxWorkers;
    this.#options = options;
  }

  /** Leave to start Deno, and what the types declare: the program cannot hand on what it does not have. */
  permissions(types: Iterable<TaskTypeInfo>): Deno.PermissionOptionsObject {
    const declared = Array.from(types, (type) => declaredPermissions(type) ?? {});
    return union([{ run: [Deno.execPath()] }, ...declared]);
  }

  /**
   * Begins a run.
   *
   * @throws {RunnerError} When the program may not start Deno, or not do what a type declares; when a type
   *   has no module that a child could import, or the context cannot be sent to one.
   */
  async open(setting: RunSetting, types: Iterable<TaskTypeInfo>): Promise<RunnerSession> {
    refuseWithoutRun();
    const all = [...types];
    const [
      { refuseWithoutModule },
      { WorkersSession },
      { Seat },
      { ChildLink },
      { encode },
    ] = await Promise.all([
      import("./_sendable.ts"),
      import("./_workers_session.ts"),
      import("./_seat.ts"),
      import("./_child_link.ts"),
      import("../caches/cbor/mod.ts"),
    ]);
    for (const type of all) {
      refuseWithoutModule(type);
      refuseUnheld(type);
    }
    clearInterval(this.#timer);
    const { storage, plugins, signing } = setting;
    const planOf = await planChildren({ types: all, storage, plugins, ...this.#options });
    const groups = new Map<TaskTypeInfo, Group>();
    const groupOf = (type: TaskTypeInfo) => {
      let group = groups.get(type);
      if (group === undefined) {
        group = this.#groupOf(planOf(type), signing !== undefined);
        groups.set(type, group);
      }
      return group;
    };
    const { memory } = this.#options;
    return new WorkersSession(setting, all, {
      groupOf,
      take: (group) =>
        this.#takeIdle(group) ??
          new Seat(new ChildLink({ flags: (group as Group).flags, memory }), group),
      giveBack: (seat) => this.#giveBack(seat),
      checkSendable: (value) => encode(value, { root: "context" }),
    });
  }

  /** Ends all children. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#idle.splice(0).map((seat) => seat.terminate()));
  }

  #groupOf({ flags, isBounded }: ChildPlan, isSigned: boolean): Group {
    // Who can write to the storage can forge the results of others; and the key that the Lab signs by is
    // not for processes that run tasks.
    const opensStorage = !isBounded && !isSigned;
    const key = JSON.stringify([flags, opensStorage]);
    let group = this.#groups.get(key);
    if (group === undefined) this.#groups.set(key, group = { flags, opensStorage, stops: true });
    return group;
  }

  #takeIdle(group: SeatGroup): Seat | undefined {
    const at = this.#idle.findLastIndex((seat) => seat.group === group && !seat.ended);
    return at < 0 ? undefined : this.#idle.splice(at, 1)[0];
  }

  // Idle processes would keep memory for nothing.
  #giveBack(seat: Seat): void {
    this.#idle.push(seat);
    clearInterval(this.#timer);
    this.#timer = startIdling(() => this[Symbol.asyncDispose]());
  }
}

function refuseWithoutRun(): void {
  const command = Deno.execPath();
  if (Deno.permissions.querySync({ name: "run", command }).state === "granted") return;
  throw new RunnerError(
    `The runner "processes" starts Deno, which the program may not; pass --allow-run=${command}, or ` +
      `take the runner "workers"`,
  );
}
