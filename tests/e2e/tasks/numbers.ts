/** Small tasks over numbers, which note in the trace what they do. */
import { type Task, task, type TaskContext } from "@labtech/lab";
import { note, wait } from "./trace.ts";

/** A number. */
export const Leaf = task(import.meta, {
  name: "Leaf",
  run({ n }: { n: number }, { context, task }) {
    note(context, String(task));
    return n;
  },
});

/** A sum of other tasks' results. */
export const Sum = task(import.meta, {
  name: "Sum",
  run({ of, plus = 0 }: { of: Task<number>[]; plus?: number }, { context, task }) {
    note(context, `Sum+${plus}: ${task.dependencies.length}`);
    return of.reduce((sum, { result }) => sum + result, plus);
  },
});

/** A sum that is never kept. */
export const FreshSum = task(import.meta, {
  name: "FreshSum",
  cache: null,
  run({ of }: { of: Task<number>[] }, { context }) {
    note(context, `FreshSum: ${of.length}`);
    return of.reduce((sum, { result }) => sum + result, 0);
  },
});

const timed = async (
  { n, ms }: { n: number; ms: number; after?: Task },
  { context, signal, task }: Pick<TaskContext<Task>, "context" | "signal" | "task">,
): Promise<number> => {
  note(context, `begin ${task.taskName} ${n}`);
  await wait(ms, signal);
  note(context, `end ${task.taskName} ${n}`);
  return n;
};

/** Takes a while. */
export const Timed = task(import.meta, { name: "Timed", run: timed });

/** Takes a while, and two at a time. */
export const Paired = task(import.meta, { name: "Paired", maxParallel: 2, run: timed });

/** Ends when so many of its type have begun: they must run at once. */
export const Meeting = task(import.meta, {
  name: "Meeting",
  async run({ n, of }: { n: number; of: number }, { context, signal }) {
    note(context, `begin Meeting ${n}`);
    const trace = String(context.trace);
    while (Deno.readTextFileSync(trace).split("begin").length - 1 < of) await wait(5, signal);
    return n;
  },
});

/** Ends when a line is in the trace: who notes it must run beside it. */
export const Lasting = task(import.meta, {
  name: "Lasting",
  async run({ until }: { until: string }, { context, signal }) {
    note(context, "begin Lasting");
    const trace = String(context.trace);
    while (!Deno.readTextFileSync(trace).includes(`${until}\n`)) await wait(5, signal);
    note(context, "end Lasting");
    return until;
  },
});

/** Fails. */
export const Failing = task(import.meta, {
  name: "Failing",
  run({ why }: { why: string; after?: Task }, { context }) {
    note(context, `Failing ${why}`);
    throw new TypeError(why);
  },
});

/** Gives what it is told of itself. */
export const Told = task(import.meta, {
  name: "Told",
  run({ n, other }: { n: number; other?: Task<number> }, { context, seed, signal, task, log }) {
    console.log("to the console", { n });
    console.error("in red");
    log.warn("to the log", n);
    log.debug("detail");
    return {
      n: task.params.n,
      id: task.id,
      text: String(task),
      seed,
      aborted: signal.aborted,
      context,
      frozen: Object.isFrozen(task.params),
      other: other?.result,
      otherDuration: typeof other?.resultMeta.duration,
      own: owner(() => task.result),
    };
  },
});

function owner(read: () => unknown): string {
  try {
    return String(read());
  } catch (error) {
    return (error as Error).name;
  }
}

/** Gives the names in its context. */
export const Filtered = task(import.meta, {
  name: "Filtered",
  run: (_: { keep: string }, { context }) => context,
  filterContext: (context, { keep }) => ({ [keep]: context[keep], from: "filter" }),
});
