import { type Task, task } from "@labtech/lab";

/** Writes a line to a file, which tells how often a task ran. */
function note(file: string, text: string): void {
  Deno.writeTextFileSync(file, `${text}\n`, { append: true });
}

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch {
    return false;
  }
}

/** Doubles, and notes that it did; takes a while where it is told to. */
export const Double = task(import.meta, {
  name: "BullDouble",
  codeVersion: "v1",
  async run(
    { n, notes, ms = 0 }: { readonly n: number; readonly notes: string; readonly ms?: number },
    { signal },
  ) {
    note(notes, `begin ${n}`);
    if (ms > 0) {
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(resolve, ms);
        signal.addEventListener("abort", () => {
          clearTimeout(timer);
          reject(signal.reason);
        });
      });
    }
    note(notes, `end ${n}`);
    return 2 * n;
  },
});

/** Doubles once a file is there, and notes when it begins and ends. */
export const Gated = task(import.meta, {
  name: "BullGated",
  async run(
    { n, notes, gate }: { readonly n: number; readonly notes: string; readonly gate: string },
    { signal },
  ) {
    note(notes, `begin ${n}`);
    while (!isThere(gate)) {
      signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    note(notes, `end ${n}`);
    return 2 * n;
  },
});

/** Adds up. */
export const Total = task(import.meta, {
  name: "BullTotal",
  run: ({ of }: { readonly of: readonly Task<number>[] }) =>
    of.reduce((sum, { result }) => sum + result, 0),
});

/** At most two of them at once, wherever. Gives when it began and ended. */
export const Narrow = task(import.meta, {
  name: "BullNarrow",
  maxParallel: 2,
  async run({ ms }: { readonly n: number; readonly ms: number }) {
    const begin = Date.now();
    await new Promise((resolve) => setTimeout(resolve, ms));
    return { begin, end: Date.now() };
  },
});

/** Those that hold on, as they began in this program. */
export const held: { readonly signal: AbortSignal; readonly letGo: () => void }[] = [];

/** Goes on until it is let go, or stopped. Gives the how manyeth it is. */
export const Held = task(import.meta, {
  name: "BullHeld",
  run: (_: Record<never, never>, { signal }) =>
    new Promise<number>((resolve, reject) => {
      signal.addEventListener("abort", () => reject(signal.reason));
      const at = held.push({ signal, letGo: () => resolve(at) });
    }),
});

let crowd = 0;

/** Takes no time, and gives how many of it run at once in this program. */
export const Crowd = task(import.meta, {
  name: "BullCrowd",
  async run(_: { readonly n: number }) {
    crowd++;
    try {
      await new Promise((resolve) => setTimeout(resolve, 0));
      return crowd;
    } finally {
      crowd--;
    }
  },
});

/** Is for workers with what it names. */
export const Tagged = task(import.meta, {
  name: "BullTagged",
  run: ({ tags }: { readonly tags: readonly string[]; readonly n: number }) => tags.join("+"),
  runnerOptions: ({ tags }) => ({ bullmq: { tags } }),
});

/** Fails until it was begun so many times. */
export const Stubborn = task(import.meta, {
  name: "BullStubborn",
  run({ notes, times }: {
    readonly notes: string;
    readonly times: number;
    readonly attempts: number;
  }) {
    note(notes, "begin");
    const begun = Deno.readTextFileSync(notes).trim().split("\n").length;
    if (begun < times) throw new RangeError(`not yet: ${begun}`);
    return begun;
  },
  runnerOptions: ({ attempts }) => ({ bullmq: { attempts, backoff: 1 } }),
});

/** Notes that it ran; those of a lower rank go first. */
export const Ranked = task(import.meta, {
  name: "BullRanked",
  run: ({ n, notes }: { readonly n: number; readonly notes: string; readonly rank: number }) =>
    note(notes, `begin ${n}`),
  runnerOptions: ({ rank }) => ({ bullmq: rank === 0 ? {} : { priority: rank } }),
});

/** Its results are kept nowhere. */
export const Unkept = task(import.meta, { name: "BullUnkept", cache: null, run: () => 1 });
