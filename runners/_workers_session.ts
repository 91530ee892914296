import { RunnerError } from "../errors.ts";
import type { LogLevel } from "../progress/events.ts";
import { definitionOf, type TaskTypeInfo } from "../task.ts";
import { asError } from "./_executor.ts";
import { contextOf } from "./_in_thread.ts";
import { labelOf } from "./_label.ts";
import type { Job, Outcome, RunnerSession, RunSetting } from "./runner.ts";
import { overtimeError } from "./_time_limit.ts";
import type { PendingJob, Seat, SeatGroup, SeatListener } from "./_seat.ts";
import { Seating } from "./_seating.ts";
import { refuseWithoutModule, sendable } from "./_sendable.ts";
import { SessionResults } from "./_session_results.ts";
import { SessionWatch } from "./_session_watch.ts";
import { unpackError } from "./_transport.ts";
import type { FromWorker, OutcomeMessage } from "./_worker_protocol.ts";

/** Where a session has its workers from. */
export interface SeatPool {
  /** What kind of worker runs tasks of a type. */
  groupOf(type: TaskTypeInfo): SeatGroup;
  /** Gives an idle worker of a kind, or a new one. */
  take(group: SeatGroup): Seat;
  /** Takes a worker back. */
  giveBack(seat: Seat): void;
  /** Throws where a value of the context cannot be sent to a worker. */
  checkSendable(value: unknown): void;
}

// Where so many workers in a row die before they have started, the next one will.
const MAX_FAILED_STARTS = 3;
const MAX_SUSPICIONS = 2;

/** A run on workers: threads, or other processes. */
export class WorkersSession implements RunnerSession, SeatListener {
  readonly #setting: RunSetting;
  readonly #pool: SeatPool;
  readonly #sharesContext: boolean;
  readonly #context: Readonly<Record<string, unknown>>;
  readonly #results: SessionResults;
  readonly #seating: Seating;
  readonly #watch: SessionWatch;
  readonly #givenUp: string[] = [];
  #failedStarts = 0;
  #drops = 0;
  #broken: Error | undefined;

  constructor(setting: RunSetting, types: readonly TaskTypeInfo[], pool: SeatPool) {
    this.#setting = setting;
    this.#pool = pool;
    this.#sharesContext = types.some((type) => definitionOf(type).filterContext === undefined);
    this.#context = this.#sharesContext ? sendable(setting.context, pool.checkSendable) : {};
    this.#results = new SessionResults(setting);
    this.#seating = new Seating({
      maxWorkers: setting.maxWorkers,
      start: (group) => this.#start(group),
      give: (seat, pending) => this.#give(seat, pending),
    });
    this.#watch = new SessionWatch({
      seats: () => this.#seating.seats,
      givenUp: () => this.#givenUp,
      report: (event) => setting.report(event),
      take: (seat) => this.#takeSeen(seat),
      overdue: (seat, pending) => this.#expire(seat, pending),
      stuck: (seat) => this.#replaceStuck(seat),
    });
  }

  get slots(): number {
    return this.#seating.slots;
  }

  async run(job: Job): Promise<Outcome> {
    const drops = this.#drops;
    const { filterContext } = definitionOf(job.task.type);
    // A lost result may bring in types that nobody knew of when the run began.
    const isOwn = job.ownContext !== undefined || filterContext !== undefined ||
      !this.#sharesContext;
    try {
      refuseWithoutModule(job.task.type);
      const context = isOwn
        ? sendable(
          job.ownContext ?? contextOf(job.task, this.#setting.context),
          this.#pool.checkSendable,
        )
        : undefined;
      const group = this.#pool.groupOf(job.task.type);
      const missing = await this.#results.prepare(job.dependencies, group);
      if (missing.length > 0) return { kind: "missing", ids: missing };
      if (this.#broken !== undefined) return { kind: "failed", error: this.#broken };
      // Meanwhile jobs that were not begun were given back, and this is one.
      if (this.#drops !== drops) return { kind: "dropped" };
      job.signal?.throwIfAborted();
      const { promise, resolve } = Promise.withResolvers<Outcome>();
      const pending: PendingJob = {
        job,
        context,
        handOver: this.#results.mustHandOver(job, group),
        group,
        announced: false,
        suspicions: 0,
        recalled: undefined,
        resolve,
      };
      this.#seating.add(pending);
      const cancel = () => this.#cancel(pending);
      job.signal?.addEventListener("abort", cancel, { once: true });
      try {
        return await promise;
      } finally {
        job.signal?.removeEventListener("abort", cancel);
      }
    } catch (error) {
      return { kind: "failed", error: asError(error) };
    }
  }

  forget(id: string): void {
    this.#results.forget(id);
    for (const seat of this.#seating.seats) seat.forget(id);
  }

  drop(): void {
    this.#drops++;
    for (const { resolve } of this.#seating.removeAll()) resolve({ kind: "dropped" });
    for (const seat of this.#seating.seats) seat.recall("drop");
  }

  recalled(pending: PendingJob): void {
    // One that was stopped is over already.
    if (pending.recalled !== "share") return pending.resolve({ kind: "dropped" });
    this.#seating.addFirst(pending);
  }

  begunInVain(seat: Seat, pending: PendingJob): void {
    this.#retire(seat, pending);
    this.#seating.schedule();
  }

  message(seat: Seat, message: FromWorker): void {
    this.#failedStarts = 0;
    if (message.kind === "broken") return this.#breakDown(unpackError(message.error));
    if (message.kind === "ask" || message.kind === "shares") {
      if (!seat.group.sharesMemory) return; // nobody asked it to
      if (message.kind === "ask") return this.#results.shared.ask(seat, message.id);
      return this.#results.shared.put(seat, message.id, message.value);
    }
    for (const { id, level, text, at } of message.logs) {
      const task = id === undefined ? undefined : this.#setting.labelOf(id);
      this.#setting.report({ kind: "log", at, task, level, text });
    }
    for (const { key, why } of message.refused) this.#setting.signing?.refused(key, why);
    for (const outcome of message.outcomes) this.#take(seat, outcome);
    this.#takeSeen(seat);
    this.#seating.schedule();
  }

  output(seat: Seat, level: LogLevel, text: string): void {
    const { current } = seat;
    if (current !== undefined && !current.announced) this.#watch.started(current, Date.now());
    const task = current && labelOf(current.job.task);
    this.#setting.report({ kind: "log", at: Date.now(), task, level, text });
  }

  died(seat: Seat, reason: string): void {
    this.#takeSeen(seat);
    this.#seating.leave(seat);
    this.#results.shared.left(seat);
    const begun = seat.started ? lostBy(seat) : [];
    const others = seat.pending.filter((pending) => !begun.includes(pending));
    for (const pending of others.reverse()) {
      pending.recalled ??= "share";
      this.recalled(pending);
    }
    if (!seat.started && ++this.#failedStarts >= MAX_FAILED_STARTS) {
      const hint = "lab.permissionFlags() lists what the program needs";
      return this.#breakDown(
        new RunnerError(`A worker cannot start: ${firstLine(reason)}; ${hint}`),
      );
    }
    for (const { job, resolve } of begun) {
      const error = new RunnerError(`The worker that ran ${job.task} died: ${firstLine(reason)}`);
      resolve({ kind: "failed", error });
    }
    this.#seating.schedule();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#seating.close();
    this.#watch[Symbol.dispose]();
    const ended = this.#seating.leaveAll().map((seat) => {
      if (seat.load > 0) return seat.terminate();
      seat.leave();
      this.#pool.giveBack(seat);
    });
    await Promise.all(ended);
  }

  #start(group: SeatGroup): Seat | undefined {
    try {
      const seat = this.#pool.take(group);
      const { plugins, sources = [], signing } = this.#setting;
      const storage = group.opensStorage ? this.#results.storage ?? null : null;
      const keys = group.opensStorage ? signing?.keys : undefined;
      const { sharesMemory } = group;
      seat.join(
        { storage, plugins, sources, context: this.#context, signing: keys, sharesMemory },
        this,
      );
      return seat;
    } catch (error) {
      queueMicrotask(() => this.#breakDown(asError(error)));
    }
  }

  #give(seat: Seat, pending: PendingJob): void {
    const { group } = pending;
    seat.give(pending, this.#results.handedOver, (cache) => this.#results.reachable(cache, group));
  }

  /** Takes what the worker would tell later, as it computes, or never, as it ends. */
  #takeSeen(seat: Seat): void {
    const outcomes = seat.seen();
    for (const outcome of outcomes) this.#take(seat, outcome);
    if (outcomes.length > 0) this.#seating.schedule();
  }

  #take(seat: Seat, outcome: OutcomeMessage): void {
    const at = seat.beginOf(outcome.place);
    const pending = seat.finish(
      outcome.place,
      outcome.kind === "done" ? outcome.took : undefined,
    );
    if (pending === undefined || outcome.kind === "passed") return;
    if (!pending.announced) this.#watch.started(pending, at);
    const { resolve, job } = pending;
    switch (outcome.kind) {
      case "done":
        if (job.shared) seat.hold(job.task.id);
        this.#results.complete(pending, outcome).then(
          resolve,
          (error) => resolve({ kind: "failed", error: asError(error) }),
        );
        break;
      case "failed":
        resolve({ kind: "failed", error: unpackError(outcome.error) });
        if (outcome.abandoned) this.#retire(seat);
        break;
      case "missing":
        if (!outcome.ids.every((id) => job.dependencies.some(({ task }) => task.id === id))) {
          const error = new RunnerError(
            `The worker that ran ${job.task} missed what it had no need of`,
          );
          return resolve({ kind: "failed", error });
        }
        for (const id of outcome.ids) seat.forget(id); // what is made again is sent again
        resolve({ kind: "missing", ids: outcome.ids });
    }
  }

  #expire(seat: Seat, overdue: PendingJob): void {
    const { task } = overdue.job;
    const { timeout } = definitionOf(task.type);
    this.#retire(seat, overdue);
    if (!seat.group.stops) {
      const text =
        "It goes on computing in a thread that nothing stops before the program ends; the " +
        'runner "processes" would stop it';
      this.#setting.report({
        kind: "log",
        at: Date.now(),
        task: labelOf(task),
        level: "warn",
        text,
      });
    }
    overdue.resolve({ kind: "failed", error: overtimeError(task, timeout!) });
    this.#seating.schedule();
  }

  /** Has others do what a worker does not begin. Where they do not either, it is not the worker's fault. */
  #replaceStuck(seat: Seat): void {
    if (seat.pending.some((pending) => ++pending.suspicions > MAX_SUSPICIONS)) return;
    const text =
      "A worker is given up: it begins no task any more, for something that an earlier task left " +
      "behind computes in its thread. Others take over";
    this.#setting.report({ kind: "log", at: Date.now(), level: "warn", text });
    this.#retire(seat);
    this.#seating.schedule();
  }

  /** Stops one job, with the worker that is at it, or may be. */
  #cancel(pending: PendingJob): void {
    pending.resolve({ kind: "failed", error: asError(pending.job.signal?.reason) });
    this.#seating.remove(pending);
    const seat = this.#seating.seats.find((seat) => seat.pending.includes(pending));
    // One that waits behind another takes nothing from that.
    if (seat !== undefined && !seat.takeBack(pending)) this.#retire(seat, pending);
    this.#seating.schedule();
  }

  /** Ends a worker whose task goes on after its time, and has others do what it had in hand. */
  #retire(seat: Seat, overdue?: PendingJob): void {
    this.#takeSeen(seat);
    if (!this.#seating.leave(seat)) return;
    if (overdue !== undefined && !seat.group.stops) this.#givenUp.push(String(overdue.job.task));
    this.#results.shared.left(seat);
    for (const pending of seat.pending.reverse()) {
      if (pending === overdue) continue;
      pending.recalled ??= "share";
      this.recalled(pending);
    }
    seat.terminate();
  }

  #breakDown(error: Error): void {
    this.#broken ??= error;
    this.drop();
    for (const seat of this.#seating.leaveAll()) {
      for (const { resolve } of seat.pending) resolve({ kind: "failed", error });
      seat.terminate();
    }
  }
}

// What a worker is known to be at dies with it; what was over, though not told, others do again. Where it died
// before it could say which job it is at, that is the first one, unless it had yet to begin: so that one is
// tried again, once.
function lostBy(seat: Seat): PendingJob[] {
  const [first] = seat.pending;
  if (seat.hasBegun || first === undefined) return seat.running;
  return ++first.suspicions < MAX_SUSPICIONS ? [] : [first];
}

// The rest is a stack of the library's own calls.
function firstLine(text: string): string {
  return text.split("\n", 1)[0]!;
}
