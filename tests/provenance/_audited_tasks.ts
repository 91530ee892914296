// Tasks that are audited in other threads: whoever runs them imports this module.
import { type Task, task } from "@labtech/lab";

let calls = 0;

/** Gives something else each time. */
export const Random = task(import.meta, {
  name: "AuditedRandom",
  run: ({ n }: { n: number }) => ({ n, at: [1, crypto.randomUUID()] }),
});

/** Gives the same for what it depends on. */
export const Steady = task(import.meta, {
  name: "AuditedSteady",
  run: ({ of }: { of: Task<{ n: number }> }, { seed }) => ({ of: of.result, seed }),
});

/** Gives a stream; with `drifts`, another one in another thread or at another time. */
export const Stream = task(import.meta, {
  name: "AuditedStream",
  cache: "bytes",
  run: ({ drifts }: { drifts: boolean }) => {
    const last = drifts ? crypto.getRandomValues(new Uint8Array(8)) : new Uint8Array(8);
    return ReadableStream.from([new Uint8Array(100_000).fill(7), last]);
  },
});

/** Gives a text that counts the calls in this thread. */
export const Text = task(import.meta, {
  name: "AuditedText",
  cache: "bytes",
  run: ({ n }: { n: number }) => `call ${n} ${++calls}`,
});
