import { type Task, task } from "@labtech/lab";

/** How many numbers a result has between its two ends. */
const NUMBERS = 2000;
/** How often a task that is held up looks whether it may go on, in ms. */
const LOOK = 20;

/** A result that tells of what it was computed, and by which computation. */
export interface Stamped {
  /** Names the computation: the same at both ends. */
  readonly head: string;
  /** Follows from the params alone. */
  readonly numbers: Uint32Array;
  readonly tail: string;
}

/** What workers have as context. */
export interface HostContext {
  /** The file in which the host notes what it computes. */
  readonly notes: string;
  /** The file that those wait for which are to be held up. */
  readonly gate: string;
}

/** What each task is given, besides what it computes from. */
interface Course {
  /** Tells it from the others of its type. */
  readonly seed: number;
  /** How long it takes, in ms. */
  readonly ms: number;
  /** Whether it goes on only when it is let through. */
  readonly isHeld: boolean;
}

/** Takes a while, and makes numbers out of its seed. */
export const Leaf = task(import.meta, {
  name: "ClusterLeaf",
  codeVersion: "v1",
  run: (course: Course, { context }) => noted(context, course, () => numbersOf(course.seed)),
});

/** Takes a while, and makes numbers out of those of others. */
export const Join = task(import.meta, {
  name: "ClusterJoin",
  codeVersion: "v1",
  run: ({ of, ...course }: Course & { readonly of: readonly Task<Stamped>[] }, { context }) =>
    noted(context, course, () => joined(of.map(({ result }) => result.numbers))),
});

/** The numbers of a leaf. */
export function numbersOf(seed: number): Uint32Array {
  // A linear congruential generator: D. Knuth, The Art of Computer Programming, volume 2, section 3.3.4.
  let state = seed >>> 0;
  return Uint32Array.from(
    { length: NUMBERS },
    () => state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0,
  );
}

/** The numbers of what is joined from others. */
export function joined(all: readonly Uint32Array[]): Uint32Array {
  return Uint32Array.from(
    { length: NUMBERS },
    (_, at) => all.reduce((sum, numbers) => Math.imul(sum, 31) + numbers[at]!, 1) >>> 0,
  );
}

async function noted(
  context: Readonly<Record<string, unknown>>,
  { seed, ms, isHeld }: Course,
  compute: () => Uint32Array,
): Promise<Stamped> {
  const { notes, gate } = context as unknown as HostContext;
  const stamp = crypto.randomUUID();
  // Lines that several processes append to one file do not tear: each is a single write.
  const note = (what: string) => {
    const line = [what, seed, isHeld ? "held" : "free", stamp, Deno.pid, Date.now()].join(" ");
    Deno.writeTextFileSync(notes, `${line}\n`, { append: true });
  };
  note("begin");
  if (ms > 0) await rest(ms);
  while (isHeld && !isThere(gate)) await rest(LOOK);
  const numbers = compute();
  note("end");
  return { head: stamp, numbers, tail: stamp };
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}

function rest(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
