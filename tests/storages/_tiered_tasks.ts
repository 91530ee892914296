import { type Task, task } from "@labtech/lab";

/** A square, after whatever was planned for it in the same thread. */
export const TieredSquare = task(import.meta, {
  name: "TieredSquare",
  async run({ base }: { base: number }) {
    await plans.get(base)?.();
    return base ** 2;
  },
});

/** The sum of squares. */
export const TieredSum = task(import.meta, {
  name: "TieredSum",
  run: ({ of }: { of: readonly Task<number>[] }) => of.reduce((sum, { result }) => sum + result, 0),
});

/** What happens before a square is computed. */
export const plans = new Map<number, () => Promise<void>>();
