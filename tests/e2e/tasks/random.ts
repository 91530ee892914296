import { type Task, task } from "@labtech/lab";
import { note } from "./trace.ts";

interface NodeParams {
  readonly n: number;
  readonly of: readonly Task<number>[];
}

const run = (
  { n, of }: NodeParams,
  { context }: { readonly context: Readonly<Record<string, unknown>> },
): number => {
  note(context, `${n}`);
  if ((context.failing as number[]).includes(n)) throw new Error(`node ${n}`);
  return of.reduce((sum, { result }) => (sum * 31 + result) % 1_000_003, n + 1);
};

/** A node of a random graph. */
export const GraphNode = task(import.meta, { name: "GraphNode", run });

/** The same, never kept. */
export const FreshNode = task(import.meta, { name: "FreshNode", cache: null, run });
