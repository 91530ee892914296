import { assert, assertEquals, assertRejects } from "@std/assert";
import { LabtechError } from "../../errors.ts";
import { type Drive, drive, type Ending } from "../../scheduler/drive.ts";
import { type Consequences, type Plan, Scheduler } from "../../scheduler/scheduler.ts";
import { CHECKS } from "./_checks.ts";
import { GENUINE } from "./_library.ts";

function plan(id: string, dependencies: readonly string[] = []): Plan {
  return { id, type: "any", limit: Infinity, dependencies };
}

/** A task whose result is there already. */
function cached(id: string): Plan {
  return { ...plan(id), dependencies: undefined };
}

interface Run {
  readonly begun: string[];
  readonly ended: string[];
  readonly skipped: string[];
  readonly scheduler: Scheduler;
  most: number;
}

/** A loop over some plans; what is not said is as simple as can be. */
function start(
  plans: readonly Plan[],
  parts: Partial<Drive<string>> = {},
): Run & { readonly over: Promise<void> } {
  const scheduler = new Scheduler();
  scheduler.add(plans);
  const run: Run = { begun: [], ended: [], skipped: [], scheduler, most: 0 };
  const never = new AbortController().signal;
  const note = ({ skipped }: Consequences) => run.skipped.push(...skipped);
  const over = drive<string>({
    scheduler,
    slots: () => 2,
    drain: never,
    stop: never,
    ended: (id, _outcome, consequences) => {
      run.ended.push(id);
      note(consequences);
    },
    skipped: note,
    ...parts,
    execute: (id) => {
      run.begun.push(id);
      run.most = Math.max(run.most, scheduler.running);
      return parts.execute?.(id) ?? done();
    },
  });
  return Object.assign(run, { over });
}

const done = (): Promise<Ending<string>> => Promise.resolve({ kind: "done", outcome: "" });
const failed = (): Promise<Ending<string>> => Promise.resolve({ kind: "failed", outcome: "" });
const dropped = (): Promise<Ending<string>> => Promise.resolve({ kind: "dropped" });
const CHAIN = [plan("a"), plan("b", ["a"]), plan("c", ["b"])];
const FIVE = ["1", "2", "3", "4", "5"].map((id) => plan(id));

/**
 * Tasks that end when they are told to. No time passes until the end of the block: a loop that was at it for long
 * leaves a turn to others, and it could not be told when it goes on.
 */
class Held implements Disposable {
  readonly #open = new Map<string, PromiseWithResolvers<Ending<string>>>();
  readonly #now = performance.now;

  constructor() {
    const time = performance.now();
    performance.now = () => time;
  }

  [Symbol.dispose](): void {
    performance.now = this.#now;
  }

  readonly execute = (id: string): Promise<Ending<string>> => {
    const held = Promise.withResolvers<Ending<string>>();
    this.#open.set(id, held);
    return held.promise;
  };

  get running(): string[] {
    return [...this.#open.keys()];
  }

  async end(id: string, ending: Ending<string> = { kind: "done", outcome: "" }): Promise<void> {
    this.#open.get(id)!.resolve(ending);
    await this.#forget(id);
  }

  async reject(id: string, error: Error): Promise<void> {
    this.#open.get(id)!.reject(error);
    await this.#forget(id);
  }

  async #forget(id: string): Promise<void> {
    this.#open.delete(id);
    await new Promise((next) => setTimeout(next)); // so that the loop has had its turn
  }
}

Deno.test("all tasks run, each after what it depends on", async () => {
  const run = start(CHAIN);
  await run.over;
  assertEquals(run.begun, ["a", "b", "c"]);
  assertEquals(run.ended, run.begun);
  assertEquals(run.scheduler.unfinished, 0);
});

Deno.test("nothing to do is done at once", async () => {
  const run = start([cached("there")]);
  await run.over;
  assertEquals(run.begun, []);
});

Deno.test("as many run as there are slots, which may change at any time", async () => {
  using held = new Held();
  let slots = 1;
  const run = start(FIVE, { execute: held.execute, slots: () => slots });
  assertEquals(held.running, ["1"]);
  slots = 3;
  await held.end("1");
  assertEquals(held.running, ["2", "3", "4"]);
  slots = 1;
  await held.end("3");
  await held.end("2");
  assertEquals(held.running, ["4"]);
  await held.end("4");
  assertEquals(held.running, ["5"]);
  await held.end("5");
  await run.over;
});

Deno.test("what depends on a failed task is skipped, the rest goes on", async () => {
  const run = start([...CHAIN, plan("free")], { execute: (id) => id === "a" ? failed() : done() });
  await run.over;
  assertEquals(run.ended, ["a", "free"]);
  assertEquals(run.skipped.toSorted(), ["b", "c"]);
});

Deno.test("drained, it begins nothing new and waits for what runs", async () => {
  using held = new Held();
  const drain = new AbortController();
  const run = start(FIVE, { execute: held.execute, drain: drain.signal });
  let over = false;
  run.over.then(() => over = true);
  drain.abort();
  await held.end("1");
  assertEquals([held.running, over], [["2"], false]);
  await held.end("2");
  await run.over;
  assertEquals(run.ended, ["1", "2"]);
  assertEquals([...run.scheduler.pending()], ["3", "4", "5"]);
});

Deno.test("drained from within the end of a task, it begins nothing new", async () => {
  const drain = new AbortController();
  const run = start(FIVE, { slots: () => 1, drain: drain.signal, ended: () => drain.abort() });
  await run.over;
  assertEquals(run.begun, ["1"]);
});

Deno.test("drained before it starts, it runs nothing", async () => {
  const run = start(FIVE, { drain: AbortSignal.abort() });
  await run.over;
  assertEquals(run.begun, []);
});

Deno.test("stopped, it ends at once, and tells of nothing that ends later", async () => {
  using held = new Held();
  const stop = new AbortController();
  const run = start(FIVE, { execute: held.execute, stop: stop.signal });
  await held.end("1");
  stop.abort();
  await run.over;
  await held.end("2");
  await held.end("3");
  assertEquals(run.ended, ["1"]);
  assertEquals(run.begun, ["1", "2", "3"]);
});

Deno.test("stopped before it starts, it runs nothing", async () => {
  const run = start(FIVE, { stop: AbortSignal.abort() });
  await run.over;
  assertEquals(run.begun, []);
});

Deno.test("a dropped task is tried again", async () => {
  let times = 0;
  const run = start(CHAIN, { execute: (id) => id === "b" && times++ < 3 ? dropped() : done() });
  await run.over;
  assertEquals(run.begun, ["a", "b", "b", "b", "b", "c"]);
  assertEquals(run.ended, ["a", "b", "c"]);
});

Deno.test("dropped while it drains, a task is left to do", async () => {
  using held = new Held();
  const drain = new AbortController();
  const run = start(FIVE, { execute: held.execute, drain: drain.signal });
  drain.abort();
  await held.end("1", { kind: "dropped" });
  await held.end("2");
  await run.over;
  assertEquals(run.ended, ["2"]);
  assertEquals([...run.scheduler.pending()], ["1", "3", "4", "5"]);
});

Deno.test("a result that is missing is made again before the task that needs it", async () => {
  let times = 0;
  const run = start([cached("there"), plan("top", ["there"])], {
    execute: (id) =>
      id === "top" && times++ === 0
        ? Promise.resolve({ kind: "missing", lost: [plan("there", [])] })
        : done(),
  });
  await run.over;
  assertEquals(run.begun, ["top", "there", "top"]);
  assertEquals(run.ended, ["there", "top"]);
});

Deno.test("a task whose missing result can never be made is skipped, and that is told", async () => {
  const run = start([plan("broken"), cached("there"), plan("top", ["there"])], {
    execute: async (id) => {
      if (id === "broken") return await failed();
      await new Promise((next) => setTimeout(next));
      return { kind: "missing", lost: [plan("there", ["broken"])] };
    },
  });
  await run.over;
  assertEquals(run.ended, ["broken"]);
  assertEquals(run.skipped.toSorted(), ["there", "top"]);
});

Deno.test("what execute throws ends the loop: nothing more is begun or told", async () => {
  using held = new Held();
  const run = start(FIVE, { execute: held.execute });
  await Promise.all([
    assertRejects(() => run.over, RangeError, "broken"),
    held.reject("1", new RangeError("broken")),
  ]);
  await held.end("2");
  assertEquals(run.begun, ["1", "2"]);
  assertEquals(run.ended, []);
});

Deno.test("what is thrown before execute gives a promise ends the loop too", async () => {
  const run = start(FIVE, {
    execute: () => {
      throw new RangeError("broken");
    },
  });
  await assertRejects(() => run.over, RangeError, "broken");
  assertEquals(run.begun, ["1"]);
});

Deno.test("what ended throws ends the loop", async () => {
  const run = start(CHAIN, {
    ended: () => {
      throw new RangeError("cannot be told");
    },
  });
  await assertRejects(() => run.over, RangeError, "cannot be told");
  assertEquals(run.begun, ["a"]);
});

Deno.test("a runner without slots is told apart from tasks that wait for each other", async () => {
  const run = start(FIVE, { slots: () => 0 });
  await assertRejects(() => run.over, LabtechError, "takes no tasks");
});

Deno.test("tasks that never wait leave their turn to timers", async () => {
  let fired = false;
  const timer = setTimeout(() => fired = true);
  const run = start([plan("a"), plan("b", ["a"])], {
    execute: (id) => {
      if (id === "b") assert(fired);
      const until = performance.now() + 60;
      while (performance.now() < until);
      return done();
    },
  });
  await run.over;
  clearTimeout(timer);
  assertEquals(run.ended, ["a", "b"]);
});

Deno.test("100,000 tasks that never wait run through", async () => {
  const run = start(
    Array.from({ length: 100_000 }, (_, i) => plan(`t${i}`, i < 3 ? [] : [`t${i - 3}`])),
  );
  await run.over;
  assertEquals(run.ended.length, 100_000);
});

Deno.test("whatever tasks do: each runs when it may, within the limits, and all end as they must", async () => {
  const counts = await CHECKS.loop(GENUINE, { runs: 300 });
  console.log(counts);
  const all = ["done", "failed", "given up", "dropped", "held", "retry", "missing"];
  for (const what of [...all, "drained", "stopped"]) assert(counts[what]! > 10, what);
});

Deno.test("a task that waits for its next attempt takes nobody's place, and is waited for", async () => {
  const again = Promise.withResolvers<boolean>();
  let attempts = 0;
  const run = start(FIVE, {
    slots: () => 1,
    execute: (id) =>
      id === "1" && ++attempts === 1
        ? Promise.resolve({ kind: "retry", wait: again.promise, outcome: "first" })
        : done(),
    ended: (id) => {
      run.ended.push(id);
      if (run.ended.length === 4) again.resolve(true);
    },
  });
  await run.over;
  assertEquals(run.ended, ["2", "3", "4", "5", "1"]);
  assertEquals([run.begun, run.most], [["1", "2", "3", "4", "5", "1"], 1]);
});

Deno.test("a task that is not tried again after all has failed, with what it said last", async () => {
  const outcomes: string[] = [];
  const run = start(CHAIN, {
    execute: () =>
      Promise.resolve({ kind: "retry", wait: Promise.resolve(false), outcome: "the last" }),
    ended: (id, outcome, { skipped }) => {
      outcomes.push(`${id}: ${outcome}`);
      run.skipped.push(...skipped);
    },
  });
  await run.over;
  assertEquals([outcomes, run.skipped], [["a: the last"], ["b", "c"]]);
});

Deno.test("stopped, the loop does not wait for a task's next attempt", async () => {
  const stop = new AbortController();
  const run = start(FIVE.slice(0, 1), {
    stop: stop.signal,
    execute: () => {
      setTimeout(() => stop.abort());
      return Promise.resolve({ kind: "retry", wait: new Promise(() => {}), outcome: "" });
    },
  });
  await run.over;
  assertEquals(run.ended, []);
});

Deno.test("a task that somebody else is at takes no slot, and runs when its turn comes", async () => {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  let tries = 0;
  const run = start(FIVE, {
    slots: () => 1,
    execute: (id) => {
      if (id !== "2" || ++tries > 1) return done();
      return Promise.resolve({ kind: "held", turn: promise });
    },
    ended: (id) => {
      run.ended.push(id);
      if (id === "5") resolve(true);
    },
  });
  await run.over;
  assertEquals([run.begun, run.ended, run.most], [
    ["1", "2", "3", "4", "5", "2"],
    ["1", "3", "4", "5", "2"],
    1,
  ]);
});

Deno.test("a loop that is told to end waits for no turn", async () => {
  const drain = new AbortController();
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const run = start(FIVE.slice(0, 2), {
    drain: drain.signal,
    execute: (id) => id === "1" ? Promise.resolve({ kind: "held", turn: promise }) : done(),
    ended: (id) => {
      run.ended.push(id);
      drain.abort();
      resolve(false);
    },
  });
  await run.over;
  assertEquals([run.ended, [...run.scheduler.pending()]], [["2"], ["1"]]);
});
