import { type Task, task } from "@labtech/lab";

/** Takes no time. */
export const Quick = task(import.meta, { name: "Quick", run: ({ n }: { n: number }) => n });

/** Keeps its thread until a file is there, for a minute at most. */
export const Busy = task(import.meta, {
  name: "Busy",
  run({ file }: { file: string; n: number }) {
    const nothing = new Int32Array(new SharedArrayBuffer(4));
    for (let tries = 0; tries < 6000; tries++) {
      if (isThere(file)) return "seen";
      Atomics.wait(nothing, 0, 0, 10);
    }
    return "given up";
  },
});

/** Makes a file when it runs. */
export const Making = task(import.meta, {
  name: "Making",
  run({ file, of }: { file: string; of: readonly Task<number>[] }) {
    Deno.writeTextFileSync(file, "");
    return of.length;
  },
});

function isThere(file: string): boolean {
  try {
    Deno.statSync(file);
    return true;
  } catch {
    return false;
  }
}
