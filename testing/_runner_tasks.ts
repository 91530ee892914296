// The tasks that runners are tried with. A module of its own: runners import it where they run tasks.
import { type Task, task } from "../task.ts";

const RESULTS: Readonly<Record<string, () => unknown>> = {
  number: () => -0,
  text: () => "\u{1f427} text",
  nothing: () => undefined,
  array: () => new Float64Array([1, NaN, -0]),
  large: () => new Uint32Array(300_000).map((_, n) => n),
  map: () => new Map<unknown, unknown>([["a", new Set([1n])], [new Date(0), [null]]]),
  cycle: () => {
    const value: Record<string, unknown> = {};
    value.self = value;
    return value;
  },
  function: () => () => "a function",
};

/** The results that a runner hands over as they are. */
export const RESULT_KINDS: readonly string[] = Object.keys(RESULTS).filter((kind) =>
  kind !== "function"
);

/** What {@linkcode Give} gives. */
export function resultOf(kind: string): unknown {
  return RESULTS[kind]!();
}

/** Gives a result of a kind. */
export const Give = task(import.meta, {
  name: "ContractGive",
  run: ({ kind }: { readonly kind: string; readonly n?: number }) => resultOf(kind),
});

/** Adds up. */
export const Add = task(import.meta, {
  name: "ContractAdd",
  run: ({ n, to = [] }: { readonly n: number; readonly to?: readonly Task<number>[] }) =>
    to.reduce((sum, { result }) => sum + result, n),
});

/** Tells what it was told. */
export const Tell = task(import.meta, {
  name: "ContractTell",
  run({ n, add }: { readonly n: number; readonly add: Task<number> }, ctx) {
    ctx.log.debug("one");
    ctx.log.info("two", { n });
    ctx.log.warn("three");
    ctx.log.error("four");
    console.log("five");
    return {
      id: ctx.task.id,
      text: String(ctx.task),
      seed: ctx.seed,
      aborted: ctx.signal.aborted,
      context: ctx.context,
      nested: [add.result, ctx.task.params.add.result],
      start: add.resultMeta.start,
    };
  },
});

/** Gives the part of the context that its filter leaves. */
export const Filtered = task(import.meta, {
  name: "ContractFiltered",
  run: (_: { readonly keep: string }, { context }) => context,
  filterContext: (context, { keep }) => ({ [keep]: context[keep] }),
});

/** Throws. */
export const Throw = task(import.meta, {
  name: "ContractThrow",
  run({ what }: { readonly what: "error" | "text" | "rejection" }) {
    if (what === "text") throw "just a text";
    const error = new RangeError("out of range", { cause: new TypeError("the cause") });
    if (what === "rejection") return Promise.reject(error);
    throw error;
  },
});

/** Waits, and gives when it began and ended, in ms since the epoch. */
export const Wait = task(import.meta, {
  name: "ContractWait",
  async run({ ms }: { readonly n: number; readonly ms: number }, { signal }) {
    const begin = Date.now();
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener("abort", () => {
        clearTimeout(timer);
        reject(signal.reason);
      });
    });
    return { begin, end: Date.now() };
  },
});
