/** Tasks that tell which thread they run in, and what was done there before. */
import { registerClass, type Task, task } from "@labtech/lab";
import { wait } from "./trace.ts";

const own = globalThis as { imports?: number };
own.imports = (own.imports ?? 0) + 1;

/** Which thread this is. */
export const where: string = crypto.randomUUID();

let decoded = 0;

/** A value that knows where it was written, and how many were read before it in this thread. */
export class Traced {
  constructor(readonly writtenIn: string, readonly readAs: number) {}
}
registerClass("Traced", Traced, {
  encode: () => [where] as const,
  decode: ([writtenIn]) => new Traced(writtenIn, ++decoded),
});

/** Gives a value that knows where it was written. */
export const Made = task(import.meta, { name: "Made", run: () => new Traced("nowhere", 0) });

/** Tells where it ran, and how often the module was imported there. */
export const Where = task(import.meta, {
  name: "Where",
  cache: null,
  async run({ n: _, ms = 0 }: { n: number; ms?: number }) {
    await wait(ms);
    return { where, imports: own.imports };
  },
});

/** Tells where it ran, and as which one in this thread its dependency was read. */
export const Reader = task(import.meta, {
  name: "Reader",
  cache: null,
  async run({ made, n: _ }: { made: Task<Traced>; n: number }) {
    await wait(2);
    return { where, readAs: made.result.readAs };
  },
});
