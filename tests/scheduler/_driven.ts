import { assert, assertEquals } from "@std/assert";
import type { Ending } from "../../scheduler/drive.ts";
import type { Consequences, Plan, Scheduler } from "../../scheduler/scheduler.ts";
import type { SchedulerLibrary } from "./_library.ts";
import { LIMITS, plan, TYPES } from "./_plans.ts";
import type { Tape } from "./_tape.ts";

/** What a task does before it ends. */
type Delay = "dropped" | "held" | "retry";

/** A task of which it is known beforehand what becomes of it. */
interface Act {
  readonly plan: Plan;
  /** What it takes to make its result, even where that is said to be there. */
  readonly hidden: Plan;
  readonly delays: Delay[];
  readonly end: "done" | "failed" | "given up";
}

/** How a task ended, or that it never will. */
type Fate = "done" | "failed" | "skipped";

/** More than that no run begins. */
const MANY = 5000;

/** A loop over tasks that do all that tasks may do; at each step everything that it did is looked at. */
export class Driven {
  readonly acts = new Map<string, Act>();
  readonly fates = new Map<string, Fate>();
  /** What was met, and how often. */
  readonly met: Record<string, number> = {};
  readonly #tape: Tape;
  readonly #library: SchedulerLibrary;
  readonly #scheduler: Scheduler;
  readonly #executing = new Set<string>();
  /** Tasks that wait for their turn or their next attempt. */
  readonly #paused = new Set<string>();
  /** What is said to be there, and of that what is not. */
  readonly #there = new Set<string>();
  readonly #gone = new Set<string>();
  /** All that the loop may be waiting for. */
  readonly #open: (() => void)[] = [];
  readonly #drain = new AbortController();
  readonly #stop = new AbortController();
  #slots = 1;
  #begun = 0;
  #told = 0;
  #isOver = false;

  constructor(tape: Tape, library: SchedulerLibrary) {
    this.#tape = tape;
    this.#library = library;
    this.#scheduler = new library.Scheduler();
    for (let left = 1 + tape.below(20); left > 0; left--) this.#invent();
    this.#slots = 1 + tape.below(5);
  }

  /** Runs to the end, which has to come. */
  async run(): Promise<void> {
    this.#scheduler.add([...this.acts.values()].map(({ plan }) => plan));
    const over = this.#library.drive<string>({
      scheduler: this.#scheduler,
      slots: () => this.#slots,
      execute: (id) => this.#execute(id),
      ended: (id, outcome, consequences) => this.#ended(id, outcome, consequences),
      skipped: (consequences) => this.#entailed(consequences),
      drain: this.#drain.signal,
      stop: this.#stop.signal,
    });
    const end = over.finally(() => this.#isOver = true);
    end.catch(() => {});
    while (!await this.#settles(() => this.#isOver)) {
      assert(this.#open.length > 0, "nothing is left to wait for, but the loop waits");
      this.#happen();
      if (!await this.#settles(() => this.#isOver || this.#idle() === undefined, 100)) {
        throw new Error(`${this.#idle()} might run, but nothing begins it`);
      }
    }
    await end;
    await this.#judge();
  }

  #invent(): void {
    const tape = this.#tape;
    const [id, type] = [`t${this.acts.size}`, tape.pick(TYPES)];
    const hidden = plan(id, tape.some([...this.acts.keys()].slice(-8), 3), type);
    const isThere = tape.below(4) === 1;
    if (isThere) this.#there.add(id);
    if (isThere && tape.below(2) === 1) this.#gone.add(id);
    const delays = Array.from(
      { length: tape.below(3) },
      () => tape.pick(["held", "retry", "dropped"] as const),
    );
    const end = tape.pick(["done", "done", "done", "done", "done", "failed", "given up"] as const);
    this.acts.set(id, {
      plan: isThere ? plan(id, undefined, type) : hidden,
      hidden,
      delays,
      end,
    });
  }

  #execute(id: string): Promise<Ending<string>> {
    const { hidden } = this.acts.get(id)!;
    assert(++this.#begun < MANY, "it never ends");
    assert(!this.#drain.signal.aborted && !this.#stop.signal.aborted, `${id} begins after the end`);
    assert(!this.#executing.has(id) && !this.#paused.has(id), `${id} is begun twice`);
    assert(!this.fates.has(id), `${id} is begun after it ended`);
    assert(this.#executing.size < this.#slots, `${id} is begun, but all slots are taken`);
    assert(this.#hasRoom(hidden), `${id} is one too many of its type`);
    for (const each of hidden.dependencies!) assert(this.#there.has(each), `${id} needs ${each}`);
    this.#executing.add(id);
    const { promise, resolve } = Promise.withResolvers<Ending<string>>();
    const lost = hidden.dependencies!.filter((each) => this.#gone.has(each));
    this.#open.push(() => {
      this.#executing.delete(id);
      resolve(lost.length > 0 ? this.#missing(lost) : this.#ending(id));
    });
    return promise;
  }

  #missing(lost: readonly string[]): Ending<string> {
    this.#note("missing");
    for (const id of lost) {
      // Who made it meanwhile makes it again.
      if (this.#there.delete(id)) this.fates.delete(id);
    }
    return { kind: "missing", lost: lost.map((id) => this.acts.get(id)!.hidden) };
  }

  #ending(id: string): Ending<string> {
    const { delays, end } = this.acts.get(id)!;
    const delay = delays.shift();
    this.#note(delay ?? end);
    if (delay === "dropped") return { kind: "dropped" };
    if (delay === "held") return { kind: "held", turn: this.#pause(id, true) };
    if (delay === "retry") {
      return { kind: "retry", wait: this.#pause(id, true), outcome: "a first try" };
    }
    if (end === "given up") {
      return { kind: "retry", wait: this.#pause(id, false), outcome: "failed" };
    }
    return { kind: end, outcome: end };
  }

  #pause(id: string, again: boolean): Promise<boolean> {
    this.#paused.add(id);
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.#open.push(() => {
      this.#paused.delete(id);
      resolve(again);
    });
    return promise;
  }

  #ended(id: string, outcome: string, consequences: Consequences): void {
    this.#told++;
    assert(!this.#stop.signal.aborted && !this.#isOver, `${id} is told of after the end`);
    assert(!this.fates.has(id), `the end of ${id} is told twice`);
    assert(outcome === "done" || outcome === "failed", `${id} is said to be ${outcome}`);
    this.fates.set(id, outcome);
    if (outcome === "done") {
      this.#there.add(id);
      this.#gone.delete(id);
    }
    this.#entailed(consequences);
  }

  #entailed({ skipped, released }: Consequences): void {
    for (const id of skipped) {
      assert(!this.fates.has(id), `${id} is skipped after its end`);
      this.fates.set(id, "skipped");
    }
    for (const id of released) {
      const user = this.#unfinished().find(({ hidden }) => hidden.dependencies!.includes(id));
      assert(user === undefined, `${id} is let go of, but ${user?.plan.id} needs it`);
    }
  }

  /** The tasks that are to run, as they were not there, or are no more, and have not ended. */
  #unfinished(): Act[] {
    return [...this.acts.values()].filter(({ plan: { id } }) =>
      !this.fates.has(id) && !this.#there.has(id)
    );
  }

  #hasRoom({ type }: Plan): boolean {
    const running = [...this.#executing].filter((id) => this.acts.get(id)!.plan.type === type);
    return running.length < LIMITS[type]!;
  }

  /** A task that might run just now, but does not. */
  #idle(): string | undefined {
    if (this.#drain.signal.aborted || this.#executing.size >= this.#slots) return undefined;
    return this.#unfinished().find(({ hidden }) =>
      !this.#executing.has(hidden.id) && !this.#paused.has(hidden.id) && this.#hasRoom(hidden) &&
      hidden.dependencies!.every((each) => this.#there.has(each))
    )?.hidden.id;
  }

  /** Lets time go by until something is so, for so many turns of the event loop at the most. */
  async #settles(isSo: () => boolean, turns = 2): Promise<boolean> {
    for (let n = 0; n < 8 && !isSo(); n++) await Promise.resolve();
    // Now and then the loop lets timers have their turn.
    const wait = this.#open.length > 0 ? turns : 100;
    for (let n = 0; n < wait && !isSo() && (turns > 2 || this.#open.length === 0); n++) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    return isSo();
  }

  /** Something that the loop may be waiting for comes; or results vanish, slots change, or it is to end. */
  #happen(): void {
    const tape = this.#tape;
    switch (tape.below(40)) {
      case 1:
        this.#note("drained");
        return this.#drain.abort();
      case 2:
        this.#note("stopped");
        return this.#stop.abort();
    }
    if (tape.below(10) === 1) {
      const made = [...this.fates].filter(([, fate]) => fate === "done").map(([id]) => id);
      if (made.length > 0) this.#gone.add(tape.pick(made));
    }
    if (tape.below(8) === 1) this.#slots = 1 + tape.below(5);
    const [come] = this.#open.splice(tape.below(this.#open.length), 1);
    come!();
  }

  #note(what: string): void {
    this.met[what] = (this.met[what] ?? 0) + 1;
  }

  async #judge(): Promise<void> {
    const told = this.#told;
    if (this.#stop.signal.aborted) {
      for (const come of this.#open) come();
      await this.#settles(() => false);
      assertEquals(this.#told, told, "ends are told of after the end");
      return;
    }
    assertEquals([this.#executing.size, this.#open.length], [0, 0], "tasks go on after the end");
    const left = this.#unfinished().map(({ plan }) => plan.id);
    assertEquals([...this.#scheduler.pending()], left);
    if (!this.#drain.signal.aborted) assertEquals(left, [], "not all tasks have ended");
    const expected = this.#expected();
    for (const [id, fate] of this.fates) assertEquals(fate, expected.get(id), id);
  }

  /** What becomes of each task, whenever it runs; for what need not run: what would, if it had to. */
  #expected(): Map<string, Fate> {
    const fates = new Map<string, Fate>();
    for (const [id, { hidden, end }] of this.acts) {
      const isVain = hidden.dependencies!.some((each) =>
        fates.get(each) !== "done" && !this.#stays(each)
      );
      fates.set(id, isVain ? "skipped" : end === "done" ? "done" : "failed");
    }
    return fates;
  }

  /** Whether a result was there from the beginning, and nobody found it missing. */
  #stays(id: string): boolean {
    return this.#there.has(id) && !this.fates.has(id) && !this.#gone.has(id);
  }
}
