import { type Task, task } from "@labtech/lab";

/** Uses the context as it is. */
export const Base = task(import.meta, {
  name: "Base",
  run: ({ n }: { n: number }, { context }) => n * Number(context.factor),
});

/** Uses none of it. */
export const Middle = task(import.meta, {
  name: "Middle",
  run: ({ of }: { of: Task<number> }) => of.result,
  filterContext: () => ({}),
});

/** The same, above. */
export const Top = task(import.meta, {
  name: "Top",
  run: ({ of, n = 0 }: { of: Task<number>; n?: number }) => of.result + 1 + n,
  filterContext: () => ({}),
});
