import { type Task, task } from "@labtech/lab";

/** As little work as a task can do. */
export const Trivial = task(import.meta, {
  name: "BenchTrivial",
  run: ({ i }: { i: number }) => ({ i, half: i / 2 }),
});

/** A task that computes for so many ms. */
export const Computing = task(import.meta, {
  name: "BenchComputing",
  run({ ms, n }: { ms: number; n: number }) {
    const end = performance.now() + ms;
    while (performance.now() < end);
    return n;
  },
});

/** A task over another, as sweeps have them. */
export const Layer = task(import.meta, {
  name: "BenchLayer",
  run: ({ below }: { below: Task<unknown>; activation: string; rate: number; units: number[] }) =>
    below.id,
});

/** A task that two paths reach. */
export const Diamond = task(import.meta, {
  name: "BenchDiamond",
  run: ({ left }: { left?: Task<unknown>; right?: Task<unknown> }) => left?.id ?? "",
});

/** So many MB of numbers. */
export const Block = task(import.meta, {
  name: "BenchBlock",
  run: ({ mb, n }: { mb: number; n: number }) => new Float64Array(mb * 2 ** 17).fill(n + 0.5),
});

/** Little work that needs a block. */
export const Using = task(import.meta, {
  name: "BenchUsing",
  cache: null,
  run: ({ block, i }: { block: Task<Float64Array>; i: number }) =>
    (block.result[i] ?? 0) + block.result.length,
});

/** A task over many. */
export const Gather = task(import.meta, {
  name: "BenchGather",
  run: ({ parts }: { parts: Task<{ half: number }>[]; round: number }) =>
    parts.reduce((sum, { result }) => sum + result.half, 0),
});

/** No work at all, for what takes time beside it. */
export const Nothing = task(import.meta, {
  name: "BenchNothing",
  run: ({ i }: { i: number }) => i,
});
