import { assert, assertEquals } from "@std/assert";
import type { Consequences, Plan, Scheduler } from "../../scheduler/scheduler.ts";
import type { SchedulerLibrary } from "./_library.ts";
import { Model } from "./_model.ts";
import { plan, TYPES } from "./_plans.ts";
import type { Tape } from "./_tape.ts";

/** The scheduler and its model side by side: each must say what the other says. */
export class Pair {
  readonly scheduler: Scheduler;
  readonly model = new Model();
  readonly hidden = new Map<string, Plan>();
  readonly ran: string[] = [];
  /** Tasks that were paused, and whose time has yet to come. */
  readonly asleep: string[] = [];
  steps = 0;
  paused = 0;

  constructor(readonly tape: Tape, library: SchedulerLibrary) {
    this.scheduler = new library.Scheduler();
  }

  /** Adds tasks over each other and over what is known; some have their results already. */
  add(count: number): void {
    const plans: Plan[] = [];
    const known = [...this.model.tasks.keys()];
    for (let i = 0; i < count; i++) {
      const id = `t${this.model.tasks.size + i}`;
      const type = this.tape.pick(TYPES);
      const dependencies = this.tape.some(known.slice(-12), 4);
      this.hidden.set(id, plan(id, dependencies, type));
      plans.push(this.tape.below(5) === 1 ? plan(id, undefined, type) : this.hidden.get(id)!);
      known.push(id);
    }
    // In any order: who comes first is not to matter for what is right.
    const order = plans.map((each) => ({ each, at: this.tape.below(100) }));
    const mixed = order.sort((a, b) => a.at - b.at).map(({ each }) => each);
    this.agree(this.scheduler.add(mixed), this.model.add(mixed));
  }

  agree(ours: Consequences, theirs: Consequences): void {
    assertEquals(sorted(ours), sorted(theirs));
    for (const id of ours.skipped) {
      const cause = this.scheduler.causeOf(id)!;
      assert(this.model.tasks.get(cause)!.state === "failed", `${cause}, the cause of ${id}`);
      assert(this.model.below(id).has(cause));
    }
    this.check();
  }

  check(): void {
    const { scheduler, model } = this;
    assertEquals(scheduler.running, model.ids("running").length);
    assertEquals(scheduler.unfinished, model.unfinished.length);
    assertEquals([...scheduler.pending()], model.unfinished);
    for (const id of model.tasks.keys()) assertEquals(scheduler.isNeeded(id), model.isNeeded(id));
  }

  next(): boolean {
    const ours = this.scheduler.next();
    assertEquals(ours, this.model.next());
    if (ours !== undefined) this.ran.push(ours);
    this.check();
    return ours !== undefined;
  }

  /** Something happens to one of the tasks that run. */
  happen(): void {
    const { tape, scheduler, model } = this;
    const id = tape.pick(model.ids("running"));
    switch (tape.below(10)) {
      case 8:
      case 9:
        scheduler.pause(id);
        model.pause(id);
        this.asleep.push(id);
        this.paused++;
        return this.check();
      case 5:
        return this.agree(scheduler.fail(id), model.end(id, "failed"));
      case 6:
        return this.agree(scheduler.putBack(id), model.retry(id, []));
      case 7: {
        const lost = this.lost(model.tasks.get(id)!.dependencies);
        return this.agree(scheduler.retry(id, lost), model.retry(id, lost));
      }
      default:
        return this.agree(scheduler.succeed(id), model.end(id, "done"));
    }
  }

  /** The time of a task that is paused, or was until it was skipped, has come. */
  wake(): void {
    const { tape, scheduler, model } = this;
    const [id] = this.asleep.splice(tape.below(this.asleep.length), 1) as [string];
    if (tape.below(4) === 1) {
      const [ours, theirs] = [scheduler.giveUp(id), model.giveUp(id)];
      assertEquals(ours === undefined, theirs === undefined, `giving up ${id}`);
      if (ours && theirs) this.agree(ours, theirs);
      return;
    }
    scheduler.resume(id);
    model.resume(id);
    this.check();
  }

  /** Results that turn out to be missing, and what it takes to make them. */
  lost(ids: readonly string[]): Plan[] {
    return this.tape.some(ids, 2).map((id) => this.hidden.get(id)!);
  }

  /** Results are lost: any, or those that tasks need which have begun. */
  reopen(): void {
    const { tape, model } = this;
    const begun = model.ids("running", "paused");
    const lost = tape.below(2) === 1
      ? this.lost([...new Set(begun.flatMap((id) => model.tasks.get(id)!.dependencies))])
      : this.lost(model.ids("done"));
    this.agree(this.scheduler.reopen(lost), model.reopen(lost));
  }

  step(): void {
    const choice = this.tape.below(10);
    if (choice === 8) this.add(1 + this.tape.below(4));
    else if (choice === 9) this.reopen();
    else if (choice === 7 && this.asleep.length > 0) this.wake();
    else if (choice < 5 && this.next()) return;
    else if (this.scheduler.running > 0) this.happen();
    this.steps++;
  }

  /** Runs what is left, and shows that nothing waits forever. */
  finish(): void {
    while (this.scheduler.unfinished > 0) {
      while (this.next());
      if (this.asleep.length > 0) {
        this.wake();
        continue;
      }
      assert(this.scheduler.running > 0, "some tasks wait though none runs");
      this.happen();
    }
    assertEquals(this.scheduler.next(), undefined);
    assertEquals(this.model.unfinished, []);
  }
}

function sorted({ skipped, released }: Consequences): Consequences {
  return { skipped: skipped.toSorted(), released: released.toSorted() };
}
