import { type Task, task } from "@labtech/lab";

/** As little work as a task can do. */
export const Trivial = task(import.meta, {
  name: "PeersTrivial",
  run: ({ i }: { i: number }) => ({ i, half: i / 2 }),
});

/** A task over many others. */
export const Gather = task(import.meta, {
  name: "PeersGather",
  run: ({ parts }: { parts: Task<{ half: number }>[] }) =>
    parts.reduce((sum, { result }) => sum + result.half, 0),
});

/** A task that computes for so many milliseconds. */
export const Busy = task(import.meta, {
  name: "PeersBusy",
  run: ({ ms }: { i: number; ms: number }) => burn(ms),
});

/** Computes for so many milliseconds. */
export function burn(ms: number): number {
  const end = performance.now() + ms;
  let rounds = 0;
  while (performance.now() < end) rounds++;
  return rounds;
}
